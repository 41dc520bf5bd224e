// Processes as /proc shows them: who descends from whom, which files they have mapped, how long they had to wait for a CPU. A process can end between any
// two looks; what cannot be read is absent, never guessed. Main thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"

namespace flexai::cli {

struct ProcessStat {
  int pid = 0;
  int parent = 0;
  char state = '?';
  std::string name;
  std::uint64_t start_ticks = 0;  // with the pid it names a process for good
  Nanos cpu_time = 0;             // of all its threads, in user and kernel
};

/// Reads the text of /proc/<pid>/stat. A name may hold spaces and parentheses.
[[nodiscard]] std::optional<ProcessStat> ParseStat(std::string_view text);

/// The living processes (no zombies) that descend from `ancestor`, in the order of their pids.
[[nodiscard]] std::vector<ProcessStat> DescendantsOf(int ancestor);

/// The files that a process has mapped, as /proc/<pid>/maps spells them: without repeats, " (deleted)" kept.
[[nodiscard]] std::vector<std::string> ParseMaps(std::string_view text);

/// A process of this user (of anybody, for root) that has `path` mapped, spelled as in maps.
[[nodiscard]] std::optional<int> FindProcessMapping(const std::string& path);

/// What a driver's libraries are recognised by: the names of files up to ".so".
class DriverNames {
 public:
  /// From paths of driver libraries; the vendors' own interfaces (CUDA, Level Zero, HIP, AscendCL) are always in it.
  explicit DriverNames(const std::vector<std::string>& libraries);
  [[nodiscard]] bool IsDriver(std::string_view path) const;
  /// A library of ours: a process that has one is enforced, or sees no devices.
  [[nodiscard]] static bool IsOurs(std::string_view path);

 private:
  std::vector<std::string> names_;
};

struct Look {
  enum class Verdict : std::uint8_t {
    kNoDriver,
    kEnforced,    // a driver and a library of ours
    kUnenforced,  // a driver, nothing of ours
    kHidden,      // its maps may not be read
    kGone,
  };
  Verdict verdict = Verdict::kGone;
  std::string driver;       // the first driver found
  bool has_loader = false;  // an OpenCL loader is mapped: it dropped the layer; without one the driver was opened directly
};
[[nodiscard]] Look LookAt(int pid, const DriverNames& drivers);

/// How long the threads of `pid` were ready to run and had no CPU: the longest of them, 0 where the kernel does not say.
[[nodiscard]] Nanos RunQueueDelay(int pid);

/// flexai's own child that asks the drivers: it maps them all and uses none.
[[nodiscard]] bool IsDiscoveryChild(int pid, const std::string& self);

}  // namespace flexai::cli
