#include "device/discovery.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/child_process.hpp"
#include "device/merge.hpp"
#include "device/opencl_drivers.hpp"
#include "device/probe.hpp"

namespace flexai::device {
namespace {

namespace fs = std::filesystem;

// A folder that lives as long as the children that read it.
class TemporaryFolder {
 public:
  TemporaryFolder() = default;
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  /// False when no folder can be made anywhere.
  [[nodiscard]] bool Make(std::string_view preferred) {
    for (const std::string_view parent : {preferred, std::string_view("/tmp"), std::string_view("/dev/shm")}) {
      std::string path = std::string(parent) + "/flexai-discover-XXXXXX";
      if (parent.empty() || mkdtemp(path.data()) == nullptr) continue;
      path_ = path;
      return true;
    }
    return false;
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

struct Probe {
  DriverReport report;
  ChildSpec child;
};

EnvironmentList ChildEnvironment(const EnvironmentList& caller) {
  EnvironmentList environment = caller;
  for (const auto& [key, separators] : {std::pair<std::string_view, std::string_view>{"OPENCL_LAYERS", ":"}, {"LD_PRELOAD", ": "}}) {
    const std::string others = WithoutOurLibraries(environment.Get(key), separators, ':');
    if (others.empty())
      environment.Unset(key);
    else
      environment.Set(key, others);
  }
  environment.Unset("FLEXAI_SLICE");
  return environment;
}

// The loader is shown a folder with one .icd file: the only form that ocl-icd and Khronos' loader both read.
bool ShowOnly(const OpenClDriver& driver, const std::string& folder, EnvironmentList& environment) {
  std::error_code error;
  if (!fs::create_directory(folder, error)) return false;
  std::ofstream file(folder + "/driver.icd");
  file << driver.library << "\n";
  file.close();
  environment.Set("OCL_ICD_VENDORS", folder);
  environment.Unset("OPENCL_VENDOR_PATH");
  environment.Unset("OCL_ICD_FILENAMES");
  return !file.fail();
}

std::vector<Probe> MakeProbes(const DiscoveryOptions& options, TemporaryFolder& folder, std::vector<DriverReport>& unreadable) {
  const EnvironmentList environment = ChildEnvironment(options.environment);
  const auto probe = [&](std::string name, std::vector<std::string> arguments, const EnvironmentList& with) {
    Probe made;
    made.report.name = std::move(name);
    made.child.argv = {options.self, std::string(kDiscoverCommand)};
    made.child.argv.insert(made.child.argv.end(), arguments.begin(), arguments.end());
    made.child.environment = with.entries();
    return made;
  };

  std::vector<Probe> probes;
  const std::vector<OpenClDriver> drivers = ListOpenClDrivers({.ocl_icd_vendors = environment.Get("OCL_ICD_VENDORS"),
                                                               .opencl_vendor_path = environment.Get("OPENCL_VENDOR_PATH"),
                                                               .ocl_icd_filenames = environment.Get("OCL_ICD_FILENAMES")},
                                                              options.vendors_folder);
  const bool one_by_one = !drivers.empty() && folder.Make(options.environment.Get("TMPDIR"));
  for (std::size_t i = 0; one_by_one && i < drivers.size(); ++i) {
    const OpenClDriver& driver = drivers[i];
    if (driver.library.empty()) {
      unreadable.push_back({.name = driver.name, .icd = driver.icd, .state = DriverReport::State::kFailed, .trouble = driver.trouble});
      continue;
    }
    EnvironmentList shown = environment;
    if (!ShowOnly(driver, folder.path() + "/" + std::to_string(i), shown)) continue;
    probes.push_back(probe(driver.name, {"opencl", driver.name, driver.library}, shown));
    probes.back().report.icd = driver.icd;
    probes.back().report.library = FindLibrary(driver.library, environment.Get("LD_LIBRARY_PATH"));
  }
  // No .icd files: the loader may be a vendor's own library. No place for the folders: all drivers in one child are better than none.
  if (!one_by_one) {
    EnvironmentList all = environment;
    if (all.Get("OPENCL_VENDOR_PATH").empty()) all.Set("OPENCL_VENDOR_PATH", options.vendors_folder);
    probes.push_back(probe("OpenCL", {"opencl", "OpenCL", ""}, all));
  }
  probes.push_back(probe("NVML", {"nvml"}, environment));
  probes.push_back(probe("DCMI", {"dcmi"}, environment));
  probes.push_back(probe("PCI bus", {"sysfs", options.sysfs_root}, environment));
  return probes;
}

struct Said {
  std::vector<Xpu> xpus;
  std::string step;  // the last one
  bool done = false, missing = false;
  std::string failed;
};

Said Listen(std::string_view output, DriverReport& report, Discovery& discovery) {
  Said said;
  while (!output.empty()) {
    const std::size_t end = std::min(output.find('\n'), output.size());
    const auto line = Document::ParseJson(output.substr(0, end));
    output.remove_prefix(std::min(end + 1, output.size()));
    if (!line) continue;  // the end of a line that a crash cut off
    if (const auto step = (*line)["step"].AsText()) said.step = *step;
    if (const auto loader = (*line)["loader"].AsText()) discovery.opencl_loader = *loader;
    if (const auto failed = (*line)["failed"].AsText()) said.failed = *failed;
    said.missing = said.missing || !(*line)["missing"].IsNull();
    said.done = said.done || (*line)["done"].AsBool().value_or(false);
    if (const Document& platform = (*line)["platform"]; platform.IsObject()) {
      report.platforms.emplace_back(platform["name"].AsText().value_or(""));
      if (const auto library = platform["library"].AsText(); library && !library->empty()) report.library = *library;
    }
    if (const auto xpu = XpuFromDocument((*line)["xpu"])) said.xpus.push_back(*xpu);
  }
  report.devices = said.xpus.size();
  return said;
}

void Judge(const ChildResult& result, const Said& said, Nanos patience, DriverReport& report) {
  using State = DriverReport::State;
  const std::string where = said.step.empty() ? "" : " (" + said.step + ")";
  if (result.end == ChildResult::End::kTimedOut) {
    report.state = State::kHung;
    report.trouble =
        "did not answer within " + std::to_string(patience / kSecond) + " s" + where + "; FLEXAI_DRIVER_TIMEOUT gives it longer";
  } else if (result.end == ChildResult::End::kSignalled) {
    const char* name = sigabbrev_np(result.code);
    report.state = State::kCrashed;
    report.trouble = "crashed with SIG" + std::string(name != nullptr ? name : std::to_string(result.code)) + where;
  } else if (result.end == ChildResult::End::kOutputTooLong) {
    report.state = State::kCrashed;
    report.trouble = "flooded the answer" + where;
  } else if (result.end == ChildResult::End::kNotStarted) {
    report.state = State::kFailed;
    report.trouble = std::string("the child that asks it could not be started: ") + strerror(result.code);
  } else if (!said.done) {
    report.state = State::kCrashed;
    report.trouble = "ended the process that asked it, with status " + std::to_string(result.code) + where;
  } else if (!said.failed.empty()) {
    report.state = State::kFailed;
    report.trouble = said.failed;
  } else if (said.missing) {
    report.state = State::kMissing;
  } else {
    report.state = said.xpus.empty() ? State::kEmpty : State::kOk;
  }
}

}  // namespace

std::string TryLayer(const DiscoveryOptions& options, const std::string& layer, const DriverReport& with) {
  TemporaryFolder folder;
  if (!folder.Make(options.environment.Get("TMPDIR"))) return "no folder for temporary files can be made";
  EnvironmentList environment = ChildEnvironment(options.environment);
  if (!ShowOnly({.library = with.library}, folder.path() + "/0", environment)) return "no temporary file can be made";
  environment.Set("OPENCL_LAYERS", layer);
  const ChildSpec child{.argv = {options.self, std::string(kDiscoverCommand), "layer", layer}, .environment = environment.entries()};
  const auto results = RunChildren({&child, 1}, MonotonicNow() + options.patience);
  DriverReport report;
  Discovery ignored;
  const Said said = Listen(results[0].output, report, ignored);
  Judge(results[0], said, options.patience, report);
  if (report.state == DriverReport::State::kMissing) return "there is no OpenCL loader";
  return report.trouble;
}

std::string WithoutOurLibraries(std::string_view list, std::string_view separators, char joiner) {
  std::string kept;
  for (const std::string& item : SplitList(list, separators)) {
    if (fs::path(item).filename().string().starts_with("libflexai_")) continue;
    if (!kept.empty()) kept += joiner;
    kept += item;
  }
  return kept;
}

std::string_view StateName(DriverReport::State state) noexcept {
  switch (state) {
    case DriverReport::State::kOk: return "ok";
    case DriverReport::State::kEmpty: return "no devices";
    case DriverReport::State::kMissing: return "not installed";
    case DriverReport::State::kFailed: return "failed";
    case DriverReport::State::kCrashed: return "crashed";
    case DriverReport::State::kHung: return "hung";
  }
  return "failed";
}

Discovery Discover(const DiscoveryOptions& options) {
  Discovery discovery;
  TemporaryFolder folder;
  std::vector<Probe> probes = MakeProbes(options, folder, discovery.drivers);

  std::vector<ChildSpec> children;
  for (const Probe& probe : probes) children.push_back(probe.child);
  const Nanos began = MonotonicNow();
  const auto results = RunChildren(children, began + options.patience, [&](std::span<const std::size_t> still) {
    std::vector<std::string> waiting;
    for (const std::size_t i : still) waiting.push_back(probes[i].report.name);
    if (options.progress) options.progress(waiting, MonotonicNow() - began);
    return !options.give_up || !options.give_up();
  });

  std::vector<Xpu> seen;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    DriverReport& report = probes[i].report;
    const Said said = Listen(results[i].output, report, discovery);
    Judge(results[i], said, options.patience, report);
    seen.insert(seen.end(), said.xpus.begin(), said.xpus.end());
    discovery.drivers.push_back(std::move(report));
  }
  discovery.xpus = MergeXpus(seen);
  return discovery;
}

}  // namespace flexai::device
