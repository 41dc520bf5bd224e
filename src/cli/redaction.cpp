#include "cli/redaction.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace flexai::cli {
namespace {

// Folders that every machine has, with what everybody has in them.
constexpr std::array<std::string_view, 17> kSystem{"/usr/",     "/etc/",      "/lib/",        "/lib64/",          "/bin/",
                                                   "/sbin/",    "/proc/",     "/sys/",        "/dev/dri",         "/dev/nvidia",
                                                   "/dev/kfd",  "/dev/accel", "/dev/davinci", "/dev/shm/flexai-", "/run/flexai",
                                                   "/opt/rocm", "/opt/intel"};

// Files that drivers come with: their names say which driver it is, wherever they lie.
constexpr std::array<std::string_view, 8> kDrivers{"pocl.icd",    "intel.icd",    "nvidia.icd",     "mesa.icd",
                                                   "rusticl.icd", "amdocl64.icd", "libOpenCL.so.1", "libflexai_opencl.so"};

// Variables whose values are settings. Whatever else they may hold are paths.
constexpr std::array<std::string_view, 21> kSettings{"FLEXAI_RUNTIME_DIR",
                                                     "FLEXAI_DRIVER_TIMEOUT",
                                                     "FLEXAI_SLICE",
                                                     "OCL_ICD_VENDORS",
                                                     "OCL_ICD_FILENAMES",
                                                     "OCL_ICD_DEBUG",
                                                     "OPENCL_VENDOR_PATH",
                                                     "OPENCL_LAYERS",
                                                     "POCL_AFFINITY",
                                                     "POCL_DEBUG",
                                                     "POCL_DEVICES",
                                                     "POCL_MAX_PTHREAD_COUNT",
                                                     "CL_CONFIG_CPU_TBB_NUM_WORKERS",
                                                     "RUSTICL_ENABLE",
                                                     "LP_NUM_THREADS",
                                                     "LD_PRELOAD",
                                                     "LD_LIBRARY_PATH",
                                                     "CUDA_VISIBLE_DEVICES",
                                                     "NVIDIA_VISIBLE_DEVICES",
                                                     "NO_COLOR",
                                                     "TERM"};
constexpr std::array<std::string_view, 8> kFamilies{"FLEXAI_", "OCL_", "OPENCL_", "POCL_", "LD_", "CL_", "RUSTICL_", "LP_"};
constexpr std::array<std::string_view, 9> kSecretive{"TOKEN", "KEY", "SECRET", "PASS", "CREDENTIAL", "AUTH", "COOKIE", "SESSION", "PWD"};

bool IsSystem(std::string_view path) {
  if (path.find("/../") != path.npos) return false;
  return std::any_of(kSystem.begin(), kSystem.end(), [&](std::string_view folder) { return path.starts_with(folder); });
}

std::string_view NameOf(std::string_view entry) { return entry.substr(0, entry.find('=')); }
std::string_view ValueOf(std::string_view entry) {
  const std::size_t equals = entry.find('=');
  return equals == entry.npos ? std::string_view() : entry.substr(equals + 1);
}

bool IsSecretive(std::string_view variable) {
  return std::any_of(kSecretive.begin(), kSecretive.end(), [&](std::string_view word) { return variable.find(word) != variable.npos; });
}

// The program's name of what a slice was started with. Words are separated by blanks, and a folder may have blanks in its name too: a path counts only
// when it is a file here, or a part of a folder would be taken for the program.
Document ProgramOf(std::string_view command) {
  const std::string word(command.substr(0, command.find(' ')));
  struct stat status{};
  const bool is_path = word.find('/') != word.npos;
  if (word.empty() || (is_path && (stat(word.c_str(), &status) != 0 || !S_ISREG(status.st_mode)))) return {};
  return word.substr(is_path ? word.rfind('/') + 1 : 0);
}

bool IsWordCharacter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }

// Every `what` in `text` that is no part of a longer word.
void ReplaceWords(std::string& text, std::string_view what, std::string_view with) {
  const bool begins_word = IsWordCharacter(what.front()), ends_word = IsWordCharacter(what.back());
  for (std::size_t at = text.find(what); at != text.npos;) {
    const std::size_t after = at + what.size();
    const bool inside =
        (begins_word && at > 0 && IsWordCharacter(text[at - 1])) || (ends_word && after < text.size() && IsWordCharacter(text[after]));
    if (!inside) text.replace(at, what.size(), with);
    at = text.find(what, inside ? at + 1 : at + with.size());
  }
}

void ReplaceAll(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + with.size())) text.replace(at, what.size(), with);
}

}  // namespace

Redactor::Redactor(const EnvironmentList& environment) {
  constexpr std::size_t kShortest = 6;  // shorter ("true"), it is in every text by chance
  for (const std::string& entry : environment.entries())
    if (IsSecretive(NameOf(entry)) && NameOf(entry) != "PWD" && NameOf(entry) != "OLDPWD" && ValueOf(entry).size() >= kShortest)
      Hide(ValueOf(entry), "secret");
  // Not their last parts: the words for a home or a checkout are in every text, and a login name is hidden by itself.
  for (const char* variable : {"HOME", "PWD", "OLDPWD", "TMPDIR", "XDG_RUNTIME_DIR"}) HideFolder(environment.Get(variable));
  for (const std::string_view variable : kSettings)
    for (const std::string& item : SplitList(environment.Get(variable), ":")) HidePath(item);
  for (const char* variable : {"USER", "LOGNAME", "SUDO_USER"}) HideName(environment.Get(variable));
}

void Redactor::Hide(std::string_view text, std::string_view kind) {
  if (text.empty() || words_.contains(text)) return;
  const int number = ++kinds_[std::string(kind)];
  words_.emplace(text, "<" + std::string(kind) + "-" + std::to_string(number) + ">");
}

void Redactor::HideName(std::string_view login) {
  const bool is_number = std::all_of(login.begin(), login.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (login != "root" && !is_number && !login.starts_with("everybody in ")) Hide(login, "user");
}

void Redactor::HideFolder(std::string_view path) {
  constexpr std::size_t kShortest = 2;
  if (path.size() < kShortest || path.front() != '/' || IsSystem(path)) return;
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!path.empty()) Hide(path, "path");
}

void Redactor::HidePath(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  HideFolder(path);
  if (!words_.contains(path)) return;
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name.size() >= 4 && std::find(kDrivers.begin(), kDrivers.end(), name) == kDrivers.end()) Hide(name, "file");
}

std::string Redactor::Text(std::string_view text) const {
  std::string out(text);
  // The longest first: a path before the folder that it begins with.
  std::vector<std::pair<std::string_view, std::string_view>> words(words_.begin(), words_.end());
  std::sort(words.begin(), words.end(), [](const auto& a, const auto& b) {
    return a.first.size() != b.first.size() ? a.first.size() > b.first.size() : a.first < b.first;
  });
  for (const auto& [what, with] : words) {
    if (with.starts_with("<secret"))
      ReplaceAll(out, what, with);
    else
      ReplaceWords(out, what, with);
  }

  // Paths that nobody told of, and what follows a replaced one.
  constexpr std::string_view kEnds = " \t\n\r\"'`<>|,;:()[]{}=";
  std::string result;
  for (std::size_t i = 0; i < out.size();) {
    const bool begins = out[i] == '/' && (i == 0 || !IsWordCharacter(out[i - 1]));
    if (!begins) {
      result += out[i++];
      continue;
    }
    const std::size_t end = std::min(out.find_first_of(kEnds, i), out.size());
    const std::string_view path = std::string_view(out).substr(i, end - i);
    const bool below = !result.empty() && result.back() == '>';  // of a path that was replaced
    const bool is_url = end - i >= 2 && path.starts_with("//");
    if (path.size() < 2 || (!below && !is_url && IsSystem(path)))
      result += path;
    else
      result += below ? "/<...>" : "<path>";
    i = end;
  }
  return result;
}

void Redactor::LearnNames(const Document& document) {
  for (const Document& item : document.Items()) LearnNames(item);
  for (const auto& [key, value] : document.Members()) {
    if (key == "owner" || key == "user") HideName(value.AsText().value_or(""));
    if (key == "other_users")
      for (const Document& user : value.Items()) HideName(user.AsText().value_or(""));
    if (key == "runtime_directory" || key == "library" || key == "opencl_layer") HidePath(value.AsText().value_or(""));
    LearnNames(value);
  }
}

Document Redactor::Tree(const Document& document) {
  LearnNames(document);
  const auto walk = [this](const auto& self, const Document& node) -> Document {
    if (const auto text = node.AsText()) return Text(*text);
    if (node.IsArray()) {
      Document array = Document::EmptyArray();
      for (const Document& item : node.Items()) array.Add(self(self, item));
      return array;
    }
    if (!node.IsObject()) return node;
    Document object = Document::EmptyObject();
    const bool is_slice = !node["owner_uid"].IsNull();
    for (const auto& [key, value] : node.Members())
      object.Add(key, is_slice && key == "command" ? self(self, ProgramOf(value.AsText().value_or(""))) : self(self, value));
    return object;
  };
  return walk(walk, document);
}

std::string Redactor::Environment(const EnvironmentList& environment) const {
  std::vector<std::string> lines;
  for (const std::string& entry : environment.entries()) {
    const std::string_view name = NameOf(entry);
    if (std::find(kSettings.begin(), kSettings.end(), name) != kSettings.end())
      lines.push_back(std::string(name) + "=" + Text(ValueOf(entry)) + "\n");
    else if (std::any_of(kFamilies.begin(), kFamilies.end(), [&](std::string_view family) { return name.starts_with(family); }))
      lines.push_back(std::string(name) + " is set; its value is left out\n");
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

}  // namespace flexai::cli
