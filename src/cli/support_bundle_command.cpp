#include <fcntl.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "api/region/region.h"
#include "base/child_process.hpp"
#include "base/fds.hpp"
#include "cli/commands.hpp"
#include "cli/doctor.hpp"
#include "cli/exit_code.hpp"
#include "cli/history_view.hpp"
#include "cli/redaction.hpp"
#include "cli/report.hpp"
#include "cli/sampling.hpp"
#include "cli/smi_view.hpp"

namespace flexai::cli {
namespace {

namespace fs = std::filesystem;

struct Part {
  std::string name, what, text;
};

std::string FirstLine(const std::string& path) {
  const auto text = ReadFile(path, std::size_t{64} << 10);
  return text ? text->substr(0, text->find('\n')) : std::string();
}

// Kernel, distribution, and the kernel's drivers of accelerators. No name of the machine.
std::string SystemText() {
  std::string text;
  utsname names{};
  if (uname(&names) == 0)
    text += std::string("kernel: ") + names.sysname + " " + names.release + " " + names.version + " " + names.machine + "\n";
  const auto release = ReadFile("/etc/os-release");
  for (const std::string& line : SplitList(release ? *release : std::string(), "\n"))
    if (line.starts_with("PRETTY_NAME=") || line.starts_with("VERSION_ID=")) text += line + "\n";
  if (const std::string line = FirstLine("/proc/driver/nvidia/version"); !line.empty()) text += line + "\n";
  for (const char* module : {"nvidia", "amdgpu", "i915", "xe", "habanalabs", "intel_vpu", "amdxdna", "drv_davinci_intf"}) {
    std::error_code error;
    const std::string folder = std::string("/sys/module/") + module;
    if (!fs::exists(folder, error)) continue;
    const std::string version = FirstLine(folder + "/version");
    text += std::string("module ") + module + (version.empty() ? " of the kernel" : " " + version) + "\n";
  }
  return text;
}

// Files of the runtime directory by name, size and mode: not their bytes, where other people's processes write.
Document RegionFiles(const Inventory& inventory) {
  Document files = Document::EmptyArray();
  if (!inventory.runtime) return files;
  std::error_code error;
  std::vector<std::string> paths;
  for (fs::directory_iterator entry(inventory.runtime->path, error), end; !error && entry != end; entry.increment(error))
    paths.push_back(entry->path().string());
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    struct stat status{};
    const std::string name = path.substr(path.rfind('/') + 1);
    if ((!name.starts_with("xpu-") && !name.starts_with("slice-")) || lstat(path.c_str(), &status) != 0) continue;
    char mode[8];
    (void)std::snprintf(mode, sizeof mode, "%04o", status.st_mode & 07777U);
    files.Add(Document::Of({{"name", name}, {"bytes", status.st_size}, {"mode", std::string(mode)}, {"uid", status.st_uid}}));
  }
  return files;
}

// The kernel's last lines about drivers of accelerators; empty where it does not show them to us.
std::string KernelLines() {
  constexpr int kReadAll = 3;  // SYSLOG_ACTION_READ_ALL
  constexpr std::size_t kMost = 200;
  std::string log(std::size_t{1} << 20, '\0');
  const int length = klogctl(kReadAll, log.data(), static_cast<int>(log.size()));
  if (length < 0) return {};
  log.resize(static_cast<std::size_t>(length));
  std::vector<std::string> lines;
  for (const std::string& line : SplitList(log, "\n")) {
    if (line.find("ommand line:") != std::string::npos) continue;  // parameters of the boot hold addresses and names
    for (const char* word : {"NVRM", "nvidia", "amdgpu", "i915", " xe ", "[drm", "habanalabs", "intel_vpu", "amdxdna", "davinci"}) {
      if (line.find(word) == std::string::npos) continue;
      lines.push_back(line);
      break;
    }
  }
  std::string text;
  for (std::size_t i = lines.size() > kMost ? lines.size() - kMost : 0; i < lines.size(); ++i) text += lines[i] + "\n";
  return text;
}

std::string Manifest(const std::vector<Part>& parts, const std::string& kernel_lines, const Redactor& redactor) {
  std::string text = "Made by `flexai support-bundle`, version " FLEXAI_VERSION ". Nothing of it was sent anywhere.\n\nIn it:\n";
  for (const Part& part : parts) text += "  " + part.name + ": " + part.what + "\n";
  text += "\nReplaced, the same by the same word (" + std::to_string(redactor.Count()) +
          " things): login names (uids stay), paths outside of system folders and the names of drivers' files there,\n"
          "values of variables whose names say that they are secret.\n\n"
          "Left out:\n"
          "  arguments and folders of what slices were started with: only the program's name is shown\n"
          "  variables that are not about drivers, loaders or flexai; of those that are, values that are not known to be settings\n"
          "  the machine's name and addresses, processes outside of slices, the bytes of regions\n";
  if (kernel_lines.empty())
    text += "  lines of the kernel's log: it has none about accelerators, or shows them only to root (dmesg_restrict)\n";
  return text + "\nAs they are: names of slices and programs, of accelerators and drivers, numbers.\n";
}

Result<std::vector<Part>> Collect(const Surroundings& surroundings) {
  Inventory inventory = TakeInventory(surroundings);
  const Baseline before = BaselineOf(inventory);
  if (inventory.HasSlices() && !WaitAndRefresh(kSecond, inventory)) return Fail(ErrorCode::kIo, "interrupted; no bundle was written");
  Redactor redactor(surroundings.environment);
  utsname names{};
  if (uname(&names) == 0) redactor.HideName(names.nodename);
  redactor.HidePath(surroundings.self.substr(0, surroundings.self.rfind('/')));
  redactor.HidePath(inventory.layer);
  redactor.HidePath(inventory.discovery.opencl_loader);
  if (inventory.runtime) redactor.HidePath(inventory.runtime->path);
  for (const device::DriverReport& driver : inventory.discovery.drivers) {
    redactor.HidePath(driver.icd);
    redactor.HidePath(driver.library);
  }

  const std::vector<Finding> findings = Judge(inventory, LookForSymptoms(inventory, surroundings), surroundings.environment);
  // Names of people are learnt from smi's document, and hidden in all others.
  const Document smi = redactor.Tree(SmiDocument(inventory, before));
  const auto remembered = TakeRegions(surroundings, Leftovers::kWithHistory);
  const Document history = remembered ? redactor.Tree(HistoryDocument(*remembered, {})) : Document();
  Document icds = Document::EmptyArray();
  for (const device::DriverReport& driver : inventory.discovery.drivers)
    if (!driver.icd.empty())
      icds.Add(Document::Of({{"icd", driver.icd}, {"library", driver.library}, {"state", device::StateName(driver.state)}}));
  const Document version =
      Document::Of({{"version", FLEXAI_VERSION},
                    {"region_abi", std::to_string(FLEXAI_REGION_ABI_MAJOR) + "." + std::to_string(FLEXAI_REGION_ABI_MINOR)},
                    {"opencl_layer", inventory.layer},
                    {"opencl_loader", inventory.discovery.opencl_loader}});
  std::vector<Part> parts{
      {"version.json", "flexai, the version of its regions, its layer and the loader", redactor.Tree(version).ToPrettyJson() + "\n"},
      {"doctor.json", "`flexai doctor -o json`", redactor.Tree(DoctorDocument(inventory, findings)).ToPrettyJson() + "\n"},
      {"smi.json", "`flexai smi -o json`: accelerators, and what their regions say of slices and processes", smi.ToPrettyJson() + "\n"},
      {"history.json", "`flexai slice ls --history -o json`: slices that run and those that ended", history.ToPrettyJson() + "\n"},
      {"regions.json", "files of the runtime directory by name, size and mode", RegionFiles(inventory).ToPrettyJson() + "\n"},
      {"drivers.json", "OpenCL drivers: .icd files and their libraries", redactor.Tree(icds).ToPrettyJson() + "\n"},
      {"environment.txt", "variables about drivers, loaders and flexai", redactor.Environment(surroundings.environment)},
      {"system.txt", "kernel, distribution, the kernel's drivers of accelerators", redactor.Text(SystemText())},
  };
  const std::string kernel = KernelLines();
  if (!kernel.empty())
    parts.push_back({"kernel.txt", "the last 200 lines of the kernel's log about drivers of accelerators", redactor.Text(kernel)});
  parts.insert(parts.begin(), {"MANIFEST", "this", ""});
  parts.front().text = Manifest({parts.begin() + 1, parts.end()}, kernel, redactor);
  return parts;
}

// A folder of our own for what tar reads, gone at the end.
class Staging {
 public:
  Staging() = default;
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }
  [[nodiscard]] Status Make(const std::string& below) {
    std::string name = below + "/flexai-support-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) return FailErrno("making a folder in " + below, errno);
    folder_ = name;
    if (mkdir((folder_ + "/flexai-support").c_str(), 0700) != 0) return FailErrno("making a folder in " + folder_, errno);
    return {};
  }
  [[nodiscard]] Status Write(const Part& part) const {
    const std::string path = folder_ + "/flexai-support/" + part.name;
    const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file || !WriteAll(file.get(), part.text)) return FailErrno("writing " + path, errno);
    return {};
  }
  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }

 private:
  std::string folder_;
};

// By the system's tar and gzip, which every Debian has (both are essential packages): a library for a few files of text would be one more dependency of
// a program that is installed where the trouble is.
Result<std::string> Packed(const std::vector<Part>& parts, const EnvironmentList& environment) {
  const std::string_view chosen = environment.Get("TMPDIR");
  Staging staging;
  FLEXAI_TRY_STATUS(staging.Make(chosen.empty() ? "/tmp" : std::string(chosen)));
  for (const Part& part : parts) FLEXAI_TRY_STATUS(staging.Write(part));
  const std::string tar = access("/usr/bin/tar", X_OK) == 0 ? "/usr/bin/tar" : "/bin/tar";
  const ChildSpec spec{
      .argv = {tar, "--create", "--gzip", "--owner=0", "--group=0", "--numeric-owner", "--directory=" + staging.folder(), "flexai-support"},
      .environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"},
      .output_limit = std::size_t{64} << 20};
  constexpr Nanos kPatience = 60 * kSecond;
  const std::vector<ChildResult> results = RunChildren({&spec, 1}, MonotonicNow() + kPatience);
  if (results.front().end != ChildResult::End::kExited || results.front().code != 0)
    return Fail(ErrorCode::kIo,
                "tar could not pack the bundle: " +
                    (results.front().errors.empty() ? std::string("tar and gzip must be installed") : results.front().errors));
  return results.front().output;
}

std::string DefaultName() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  (void)std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return std::string("flexai-support-") + text + ".tar.gz";
}

}  // namespace

int RunSupportBundle(const Args& args) {
  const std::string path = args.Has("file") ? args.Value("file") : DefaultName();
  // Its place first: whoever may not write there need not wait for drivers.
  UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file && errno == EEXIST)
    return FailWith({ErrorCode::kExists, path + " is there already, and is not overwritten; give another --file"});
  if (!file) return FailWith(FailErrno("the bundle cannot be written to " + path, errno).value());

  const auto parts = Collect(args.surroundings());
  if (!parts) {
    (void)unlink(path.c_str());
    return FailWith(parts.error());
  }
  const auto packed = Packed(*parts, args.surroundings().environment);
  if (packed && WriteAll(file.get(), *packed) && fchmod(file.get(), 0600) == 0)
    return Print("wrote " + path + "; look through it before you send it: tar -xzf " + path + "\n") ? kOk : kFailed;
  const int error_number = errno;
  (void)unlink(path.c_str());
  return packed ? FailWith(FailErrno("the bundle cannot be written to " + path, error_number).value()) : FailWith(packed.error());
}

}  // namespace flexai::cli
