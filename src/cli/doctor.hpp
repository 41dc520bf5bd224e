// What is right and wrong on this machine, as findings with the fix for each. Looks are taken by the command; judging them is pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/document.hpp"
#include "cli/inventory.hpp"

namespace flexai::cli {

struct Finding {
  enum class Level : std::uint8_t { kGood, kNote, kWarning, kBroken };
  Level level = Level::kGood;
  std::string check;  // one word: kernel, layer, loader, driver, runtime, region, xpu, device, environment
  std::string text;
  std::string fix;  // what to do; empty when there is nothing
};

/// What doctor looks at beyond the inventory.
struct Symptoms {
  Ability robust_futexes;
  Ability layer;            // CanLoadLayer
  std::string layer_trial;  // TryLayer: empty when the loader really loads the layer, or when it could not be tried
  bool layer_tried = false;
  bool runtime_in_memory = true;  // on tmpfs or ramfs
  std::uint64_t runtime_free_bytes = 0;
  bool can_watch_files = true;                 // inotify
  std::vector<std::string> forbidden_devices;  // device files of accelerators that this user may not open
  struct Orphan {
    std::string region;
    int pid = 0;
  };
  std::vector<Orphan> orphans;  // processes that still map a region whose files were deleted
  struct LockHolder {
    std::string region;
    int pid = 0;  // 0: in another PID namespace
  };
  std::vector<LockHolder> stuck_locks;
  std::string inside_slice;  // the name, when doctor runs in one
};

/// Takes the looks. About a second longer when a region is locked.
[[nodiscard]] Symptoms LookForSymptoms(const Inventory& inventory, const Surroundings& surroundings);

[[nodiscard]] std::vector<Finding> Judge(const Inventory& inventory, const Symptoms& symptoms, const EnvironmentList& environment);

/// kOk, kFailed when something is broken, kNotEnforceable when no slice can be enforced on any XPU here.
[[nodiscard]] int DoctorStatus(const Inventory& inventory, const std::vector<Finding>& findings);

/// The names among `extensions` (separated by spaces) that a slice does not show, each with why.
struct Withheld {
  std::string name, why;
};
[[nodiscard]] std::vector<Withheld> WithheldExtensions(std::string_view extensions);

[[nodiscard]] std::string_view LevelName(Finding::Level level) noexcept;
[[nodiscard]] std::string DoctorText(const std::vector<Finding>& findings, bool wide, bool color);
[[nodiscard]] Document DoctorDocument(const Inventory& inventory, const std::vector<Finding>& findings);

}  // namespace flexai::cli
