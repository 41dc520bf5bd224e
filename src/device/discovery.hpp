// Finds the XPUs of this machine. Every driver is asked in a child process of its own, all at once, under one deadline: one that hangs is killed and named,
// one that crashes is named, and the others show all the same. Call from the main thread; takes as long as the slowest driver, at most `patience`.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/environment_list.hpp"
#include "core/clock.hpp"
#include "device/xpu.hpp"

namespace flexai::device {

struct DiscoveryOptions {
  std::string self;             // the program whose __discover command is RunProbe
  EnvironmentList environment;  // the caller's: decides which drivers and devices show
  Nanos patience = 10 * kSecond;
  std::string vendors_folder = "/etc/OpenCL/vendors";
  std::string sysfs_root = "/sys";
  /// Called about four times a second with the names of the drivers that have not answered yet, and the time so far.
  std::function<void(std::span<const std::string> waiting, Nanos passed)> progress;
  /// Asked after each progress: true ends the wait as if patience had run out.
  std::function<bool()> give_up;
};

/// What became of one source of XPUs.
struct DriverReport {
  enum class State : std::uint8_t {
    kOk,
    kEmpty,    // works, shows no device
    kMissing,  // the vendor's library is not installed: nothing to report
    kFailed,   // installed, refuses
    kCrashed,
    kHung,
  };
  std::string name;     // "pocl.icd", "NVML", "DCMI", "PCI bus"
  std::string icd;      // the .icd file, for OpenCL drivers
  std::string library;  // absolute path of the driver's library; empty when it was not found
  State state = State::kOk;
  std::string trouble;  // for kFailed, kCrashed, kHung: what happened
  std::vector<std::string> platforms;
  std::size_t devices = 0;

  [[nodiscard]] bool IsBroken() const noexcept { return state == State::kFailed || state == State::kCrashed || state == State::kHung; }
};

struct Discovery {
  std::vector<Xpu> xpus;              // ordered by kind, then id
  std::vector<DriverReport> drivers;  // OpenCL drivers first, in the loader's order
  std::string opencl_loader;          // absolute path of the libOpenCL.so.1 that was used; empty when there is none
};

[[nodiscard]] Discovery Discover(const DiscoveryOptions& options);

/// Whether programs' loader really loads `layer`, tried in a child with the driver of `with` alone. Empty: it does; else why not.
[[nodiscard]] std::string TryLayer(const DiscoveryOptions& options, const std::string& layer, const DriverReport& with);

/// The word for `state` in JSON.
[[nodiscard]] std::string_view StateName(DriverReport::State state) noexcept;

/// Removes libraries of ours from a list of paths (OPENCL_LAYERS, LD_PRELOAD): discovery must see the drivers, not the slice it may run in.
[[nodiscard]] std::string WithoutOurLibraries(std::string_view list, std::string_view separators, char joiner);

}  // namespace flexai::device
