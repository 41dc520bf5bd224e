#include "cli/doctor.hpp"

#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "base/fds.hpp"
#include "cli/descendants.hpp"
#include "cli/exit_code.hpp"
#include "cli/smi_view.hpp"
#include "cli/values.hpp"
#include "slice/admission_lock.hpp"
#include "slice/slice_file.hpp"

namespace flexai::cli {
namespace {

namespace fs = std::filesystem;
using Level = Finding::Level;

constexpr std::uint64_t kRegionBytes = sizeof(flexai_quota_file) + sizeof(flexai_state_file);

// Files through which user-space drivers reach cards.
std::vector<std::string> ForbiddenDevices() {
  std::vector<std::string> forbidden;
  const auto look = [&](const fs::path& folder, std::string_view prefix) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (name.starts_with(prefix) && !fs::is_directory(entry->path(), error) && access(entry->path().c_str(), R_OK | W_OK) != 0)
        forbidden.push_back(entry->path().string());
    }
  };
  look("/dev/dri", "renderD");
  look("/dev", "nvidia");
  look("/dev", "davinci");
  look("/dev", "kfd");
  look("/dev", "accel");
  std::sort(forbidden.begin(), forbidden.end());
  return forbidden;
}

void JudgeKernel(const Symptoms& symptoms, std::vector<Finding>& findings) {
  if (symptoms.robust_futexes.possible)
    findings.push_back({Level::kGood, "kernel", "the death of a program is noticed at once (robust futexes)"});
  else
    findings.push_back({Level::kBroken, "kernel", symptoms.robust_futexes.reason, symptoms.robust_futexes.fix});
  if (!symptoms.can_watch_files)
    findings.push_back({Level::kWarning, "kernel",
                        "`flexai run` cannot notice programs that use a driver without flexai: inotify is not available",
                        "raise fs.inotify.max_user_instances (sysctl)"});
}

void JudgeLayer(const Inventory& inventory, const Symptoms& symptoms, std::vector<Finding>& findings) {
  const std::string& loader = inventory.discovery.opencl_loader;
  if (!symptoms.layer.possible) {
    findings.push_back({Level::kBroken,
                        loader.empty() || inventory.layer.empty() ? (inventory.layer.empty() ? "layer" : "loader") : "loader",
                        symptoms.layer.reason, symptoms.layer.fix});
    return;
  }
  findings.push_back({Level::kGood, "layer", inventory.layer});
  if (!symptoms.layer_trial.empty())
    findings.push_back({Level::kBroken, "loader", loader + " does not load flexai's layer: " + symptoms.layer_trial,
                        "use ocl-icd 2.3 or newer (apt install ocl-icd-libopencl1), or reinstall flexai for this system"});
  else
    findings.push_back(
        {Level::kGood, "loader",
         loader + (symptoms.layer_tried ? " loads flexai's layer" : " knows layers; not tried, for want of a working driver")});
}

// Drivers that have a device and do not show it, and how they are made to.
std::string WhyEmpty(std::string_view platform, const EnvironmentList& environment) {
  if (platform == "rusticl" && environment.Get("RUSTICL_ENABLE").empty())
    return "Mesa's rusticl shows devices that are named in RUSTICL_ENABLE only, such as radeonsi, iris or llvmpipe";
  if (platform == "Portable Computing Language") return "PoCL needs a folder it may write: set HOME, or POCL_CACHE_DIR";
  return {};
}

void JudgeDrivers(const Inventory& inventory, const EnvironmentList& environment, std::vector<Finding>& findings) {
  using State = device::DriverReport::State;
  for (const device::DriverReport& driver : inventory.discovery.drivers) {
    const std::string named = driver.name + (driver.library.empty() ? "" : " (" + driver.library + ")");
    std::string platforms;
    for (const std::string& platform : driver.platforms) platforms += (platforms.empty() ? "" : ", ") + platform;
    switch (driver.state) {
      case State::kOk:
        findings.push_back({Level::kGood, "driver",
                            named + ": " + std::to_string(driver.devices) + (driver.devices == 1 ? " device" : " devices") +
                                (platforms.empty() ? "" : ", " + platforms)});
        break;
      case State::kEmpty:
        if (driver.icd.empty()) break;  // NVML on a machine without NVIDIA's cards says nothing
        findings.push_back({Level::kNote, "driver", named + " shows no device", WhyEmpty(platforms, environment)});
        break;
      case State::kMissing: break;
      case State::kFailed:
        findings.push_back({Level::kWarning, "driver", named + ": " + driver.trouble,
                            driver.icd.empty() ? "reinstall the vendor's driver" : "reinstall the driver, or remove " + driver.icd});
        break;
      case State::kCrashed:
      case State::kHung:
        findings.push_back({Level::kBroken, "driver", named + " " + driver.trouble + "; every OpenCL program loads it and does the same",
                            driver.icd.empty() ? "reinstall the vendor's driver" : "reinstall the driver, or remove " + driver.icd});
        break;
    }
  }
}

void JudgeRuntime(const Inventory& inventory, const Symptoms& symptoms, std::vector<Finding>& findings) {
  if (!inventory.runtime) {
    findings.push_back({Level::kBroken, "runtime", inventory.runtime_trouble});
    return;
  }
  const std::string& path = inventory.runtime->path;
  findings.push_back({Level::kGood, "runtime",
                      path + (inventory.runtime->directory.shared ? ", shared by the users of this machine" : ", of this user alone")});
  if (!symptoms.runtime_in_memory)
    findings.push_back({Level::kWarning, "runtime",
                        path + " is on a disk: slices are slower to begin, and files of slices outlive a reboot",
                        "set FLEXAI_RUNTIME_DIR to a directory in memory (tmpfs), or unset it"});
  if (symptoms.runtime_free_bytes < kRegionBytes)
    findings.push_back(
        {Level::kBroken, "runtime", path + " is full: the region of an XPU needs " + ShowBytes(kRegionBytes), "free some of it"});
}

void JudgeRegions(const Inventory& inventory, const Symptoms& symptoms, std::vector<Finding>& findings) {
  for (const XpuEntry& entry : inventory.entries) {
    if (!entry.region_trouble.empty()) findings.push_back({Level::kBroken, "region", entry.region_trouble});
    for (const std::string& user : entry.other_users)
      findings.push_back({Level::kWarning, "region",
                          std::string(entry.id.view()) + " may also be in use by slices of " + user + ", which are not counted here",
                          "have an administrator make /run/flexai for all users (root:flexai, mode 2770)"});
  }
  for (const Symptoms::LockHolder& holder : symptoms.stuck_locks)
    findings.push_back(
        {Level::kBroken, "region",
         "the region of " + holder.region + " is locked by " +
             (holder.pid != 0 ? "pid " + std::to_string(holder.pid) : std::string("a process of another PID namespace")) +
             ", which does not go on; nobody can begin or join a slice",
         holder.pid != 0 ? "continue it (kill -CONT " + std::to_string(holder.pid) + ") or end it" : "continue or end it there"});
  for (const Symptoms::Orphan& orphan : symptoms.orphans)
    findings.push_back({Level::kBroken, "region",
                        "pid " + std::to_string(orphan.pid) + " runs in a slice whose region was deleted (" + orphan.region + ")",
                        "end that program; nobody else may be admitted beside it"});
}

void JudgeXpus(const Inventory& inventory, std::vector<Finding>& findings) {
  if (inventory.discovery.xpus.empty()) findings.push_back({Level::kBroken, "xpu", NothingHere(inventory)});
  for (const XpuEntry& entry : inventory.entries) {
    if (!entry.xpu) continue;
    const std::string id(entry.id.view());
    if (!entry.enforceable.possible) {
      findings.push_back({Level::kWarning, "xpu", id + ": a slice cannot be enforced: " + entry.enforceable.reason, entry.enforceable.fix});
      continue;
    }
    const std::uint32_t stamps = entry.region ? entry.region->stamps : 0;
    findings.push_back({Level::kGood, "xpu",
                        id + ": compute and memory are enforced for OpenCL programs" +
                            (stamps == FLEXAI_STAMPS_UNKNOWN ? "" : "; device time is taken from " + std::string(StampsName(stamps)))});
    std::map<std::string, std::string> names_by_reason;
    for (const Withheld& extension : WithheldExtensions(entry.xpu->extensions)) {
      std::string& names = names_by_reason[extension.why];
      names += (names.empty() ? "" : ", ") + extension.name;
    }
    for (const auto& [why, names] : names_by_reason)
      findings.push_back(
          {Level::kNote, "xpu", std::string(id).append(": not shown in slices: ").append(names).append(" (").append(why).append(")")});
  }
}

void JudgeSurroundings(const Symptoms& symptoms, const EnvironmentList& environment, std::vector<Finding>& findings) {
  if (!symptoms.inside_slice.empty())
    findings.push_back({Level::kNote, "environment", "this is inside the slice " + symptoms.inside_slice + "; `flexai run` does not nest"});
  else if (device::WithoutOurLibraries(environment.Get("OPENCL_LAYERS"), ":", ':') != environment.Get("OPENCL_LAYERS") &&
           environment.Get("OPENCL_LAYERS").find("libflexai_") != std::string_view::npos)
    findings.push_back({Level::kWarning, "environment",
                        "OPENCL_LAYERS names flexai's layer outside of a slice: OpenCL programs see no devices",
                        "unset OPENCL_LAYERS; `flexai run` sets it for its programs"});
  for (const std::string& device : symptoms.forbidden_devices)
    findings.push_back({Level::kWarning, "device", "this user may not open " + device,
                        "join the group that owns it (often render or video) and log in again"});
}

Style StyleOf(Level level) {
  switch (level) {
    case Level::kGood: return Style::kGood;
    case Level::kNote: return Style::kDim;
    case Level::kWarning: return Style::kWarning;
    case Level::kBroken: return Style::kBad;
  }
  return Style::kPlain;
}

}  // namespace

Symptoms LookForSymptoms(const Inventory& inventory, const Surroundings& surroundings) {
  Symptoms symptoms;
  symptoms.robust_futexes = HasRobustFutexes();
  symptoms.layer = CanLoadLayer(inventory.layer, inventory.discovery.opencl_loader);
  symptoms.can_watch_files = static_cast<bool>(UniqueFd(inotify_init1(IN_CLOEXEC)));
  symptoms.forbidden_devices = ForbiddenDevices();
  const std::string slice_path(surroundings.environment.Get("FLEXAI_SLICE"));
  if (slice::SliceFile file; !slice_path.empty())
    symptoms.inside_slice = slice::ReadSliceFile(slice_path.c_str(), file) == Outcome::kOk ? file.name : slice_path;

  const auto working =
      std::find_if(inventory.discovery.drivers.begin(), inventory.discovery.drivers.end(), [](const device::DriverReport& driver) {
        return driver.state == device::DriverReport::State::kOk && !driver.icd.empty() && !driver.library.empty();
      });
  if (symptoms.layer.possible && working != inventory.discovery.drivers.end()) {
    symptoms.layer_trial = device::TryLayer(DiscoveryOptionsFor(surroundings), inventory.layer, *working);
    symptoms.layer_tried = true;
  }

  if (!inventory.runtime) return symptoms;
  const std::string& directory = inventory.runtime->path;
  struct statfs status{};
  if (statfs(directory.c_str(), &status) == 0) {
    symptoms.runtime_in_memory = status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
    symptoms.runtime_free_bytes = static_cast<std::uint64_t>(status.f_bavail) * static_cast<std::uint64_t>(status.f_bsize);
  }
  for (const XpuEntry& entry : inventory.entries) {
    const std::string base = directory + "/xpu-" + std::string(entry.id.view());
    std::error_code error;
    if (const auto pid = FindProcessMapping(base + ".state (deleted)")) symptoms.orphans.push_back({base + ".state", *pid});
    if (!fs::exists(base + ".lock", error)) continue;
    slice::AdmissionLock lock;
    std::int32_t holder = 0;
    if (lock.Acquire((base + ".lock").c_str(), holder) == Outcome::kBusy)
      symptoms.stuck_locks.push_back({std::string(entry.id.view()), holder});
  }
  return symptoms;
}

std::vector<Finding> Judge(const Inventory& inventory, const Symptoms& symptoms, const EnvironmentList& environment) {
  std::vector<Finding> findings;
  JudgeKernel(symptoms, findings);
  JudgeLayer(inventory, symptoms, findings);
  JudgeDrivers(inventory, environment, findings);
  JudgeRuntime(inventory, symptoms, findings);
  JudgeRegions(inventory, symptoms, findings);
  JudgeXpus(inventory, findings);
  JudgeSurroundings(symptoms, environment, findings);
  return findings;
}

int DoctorStatus(const Inventory& inventory, const std::vector<Finding>& findings) {
  const bool enforceable =
      std::any_of(inventory.entries.begin(), inventory.entries.end(), [](const XpuEntry& entry) { return entry.enforceable.possible; });
  const bool loads = std::none_of(findings.begin(), findings.end(), [](const Finding& f) {
    return f.level == Level::kBroken && (f.check == "loader" || f.check == "layer" || f.check == "kernel");
  });
  if (!enforceable || !loads) return kNotEnforceable;
  const bool broken = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.level == Level::kBroken; });
  return broken ? kFailed : kOk;
}

std::vector<Withheld> WithheldExtensions(std::string_view extensions) {
  static const std::vector<Withheld> kAll{
#define FLEXAI_API(name, since, local, remote)
#define FLEXAI_EXT_API(name, extension, local, remote)
#define FLEXAI_EXT_ALIAS(name, extension, core)
#define FLEXAI_WITHHELD(extension, why) {#extension, why},
#include "api/hooks/opencl.def"
  };
  const std::vector<std::string> there = SplitList(extensions, " ");
  std::vector<Withheld> withheld;
  for (const Withheld& extension : kAll)
    if (std::find(there.begin(), there.end(), extension.name) != there.end()) withheld.push_back(extension);
  return withheld;
}

std::string_view LevelName(Level level) noexcept {
  switch (level) {
    case Level::kGood: return "ok";
    case Level::kNote: return "note";
    case Level::kWarning: return "warning";
    case Level::kBroken: return "broken";
  }
  return "broken";
}

std::string DoctorText(const std::vector<Finding>& findings, bool wide, bool color) {
  std::string text;
  for (const Finding& finding : findings) {
    if (finding.level == Level::kNote && finding.fix.empty() && !wide) continue;  // nothing to do about it
    std::string level(LevelName(finding.level));
    level.append(9 - level.size(), ' ');
    std::string check = finding.check;
    check.append(13 - std::min<std::size_t>(check.size(), 12), ' ');
    text += Styled(level, StyleOf(finding.level), color) + check + Fitted(finding.text, DisplayWidth(finding.text)) + "\n";
    if (!finding.fix.empty()) text += std::string(22, ' ') + "fix: " + Fitted(finding.fix, DisplayWidth(finding.fix)) + "\n";
  }
  return text;
}

Document DoctorDocument(const Inventory& inventory, const std::vector<Finding>& findings) {
  Document list = Document::EmptyArray();
  for (const Finding& finding : findings)
    list.Add(Document::Of({{"check", finding.check},
                           {"level", LevelName(finding.level)},
                           {"text", finding.text},
                           {"fix", finding.fix.empty() ? Document() : Document(finding.fix)}}));
  return Document::Of({{"schema", "flexai.doctor/1"},
                       {"enforceable", DoctorStatus(inventory, findings) != kNotEnforceable},
                       {"findings", std::move(list)}});
}

}  // namespace flexai::cli
