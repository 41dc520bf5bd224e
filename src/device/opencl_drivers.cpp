#include "device/opencl_drivers.hpp"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/environment_list.hpp"
#include "base/fds.hpp"

namespace flexai::device {
namespace {

namespace fs = std::filesystem;

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

OpenClDriver FromIcdFile(const std::string& path) {
  OpenClDriver driver{.name = fs::path(path).filename().string(), .icd = path};
  const auto text = ReadFile(path, 64 << 10);
  if (!text) {
    driver.trouble = text.error().message;
    return driver;
  }
  const std::string_view first_line = Trimmed(std::string_view(*text).substr(0, text->find('\n')));
  if (first_line.empty() || first_line.find('\0') != std::string_view::npos)
    driver.trouble = path + " names no library in its first line";
  else
    driver.library = first_line;
  return driver;
}

OpenClDriver FromLibrary(std::string_view library) {
  return {.name = fs::path(library).filename().string(), .icd = "", .library = std::string(library)};
}

void AddFolder(const std::string& folder, std::vector<OpenClDriver>& drivers) {
  std::error_code error;
  std::vector<std::string> files;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (entry->path().extension() == ".icd") files.push_back(entry->path().string());
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) drivers.push_back(FromIcdFile(file));
}

bool EndsWithIcd(std::string_view text) { return text.ends_with(".icd"); }

// The folders this process's own dlopen searches: LD_LIBRARY_PATH as it was at start, then the system's.
std::vector<std::string> SystemFolders() {
  std::vector<std::string> folders;
  void* self = dlopen(nullptr, RTLD_LAZY);
  Dl_serinfo size{};
  if (self == nullptr || dlinfo(self, RTLD_DI_SERINFOSIZE, &size) != 0) return folders;
  std::vector<char> buffer(size.dls_size);
  auto* info = reinterpret_cast<Dl_serinfo*>(buffer.data());
  if (dlinfo(self, RTLD_DI_SERINFOSIZE, info) != 0 || dlinfo(self, RTLD_DI_SERINFO, info) != 0) return folders;
  for (unsigned i = 0; i < info->dls_cnt; ++i) folders.emplace_back(info->dls_serpath[i].dls_name);
  for (const char* more : {"/usr/local/lib", "/usr/lib64"}) folders.emplace_back(more);
  return folders;
}

}  // namespace

std::vector<OpenClDriver> ListOpenClDrivers(const OpenClEnvironment& environment, std::string_view default_folder) {
  std::vector<OpenClDriver> drivers;
  const std::string folder(environment.opencl_vendor_path.empty() ? default_folder : environment.opencl_vendor_path);
  const std::string vendors(environment.ocl_icd_vendors);
  std::error_code error;
  if (vendors.empty()) {
    AddFolder(folder, drivers);
  } else if (fs::is_directory(vendors, error)) {
    AddFolder(vendors, drivers);
  } else if (EndsWithIcd(vendors)) {
    const std::string beside = folder + "/" + vendors;
    drivers.push_back(FromIcdFile(vendors.find('/') == std::string::npos && fs::exists(beside, error) ? beside : vendors));
  } else {
    drivers.push_back(FromLibrary(vendors));
  }
  for (const std::string& file : SplitList(environment.ocl_icd_filenames, ":"))
    drivers.push_back(EndsWithIcd(file) ? FromIcdFile(file) : FromLibrary(file));
  return drivers;
}

std::string FindLibrary(std::string_view library, std::string_view ld_library_path) {
  if (library.empty()) return {};
  std::vector<std::string> candidates;
  if (library.find('/') != std::string_view::npos) {
    candidates.emplace_back(library);
  } else {
    std::vector<std::string> folders = SplitList(ld_library_path, ":;");
    const std::vector<std::string> system = SystemFolders();
    folders.insert(folders.end(), system.begin(), system.end());
    for (const std::string& folder : folders) candidates.push_back(folder + "/" + std::string(library));
  }
  for (const std::string& candidate : candidates) {
    std::error_code error;
    if (!fs::is_regular_file(candidate, error)) continue;
    const fs::path real = fs::canonical(candidate, error);
    if (!error) return real.string();
  }
  return {};
}

}  // namespace flexai::device
