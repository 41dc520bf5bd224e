// One region copied out of shared memory: what it says of its XPU, its shares, their processes and accounts, at one moment. Other processes write while
// we read, and a tenant may write anything: every value is read once, texts are cut at their room, nothing here is trusted further than printing it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/identity.hpp"
#include "core/units.hpp"
#include "slice/admission.hpp"
#include "slice/region_file.hpp"

namespace flexai::cli {

struct ProcessSnapshot {
  std::uint32_t pid = 0;
  std::uint64_t start_ticks = 0;  // as it wrote them
  bool pid_is_ours = false;       // the pid is of our PID namespace; elsewhere it means nothing here
  bool is_keeper = false;         // `flexai run` itself
  std::string comm;
  std::uint32_t uid = 0;
  std::uint64_t device_ns = 0;
  std::uint64_t held_bytes = 0;
  std::uint64_t commands = 0;
  bool waits = false;
};

/// The pid to send a signal to. A tenant may have written any number there, so it counts only for a process that /proc shows with the same start, in our
/// PID namespace, and never for 0, 1 or what kill(2) takes for a group.
[[nodiscard]] std::optional<int> PidToSignal(const ProcessSnapshot& process);

struct SliceSnapshot {
  std::string name, command;
  slice::SlotRef ref;
  std::uint32_t owner_uid = 0;
  std::uint32_t request_permille = 0, limit_permille = 0;
  Priority priority = Priority::kNormal;
  bool reserves_memory = false, is_gang = false;
  std::uint64_t reserved_bytes = 0;  // with reserves_memory
  std::uint64_t held_bytes = 0;
  std::int64_t created_ns = 0;  // CLOCK_MONOTONIC
  std::int64_t created_unix_s = 0;
  std::uint64_t device_ns = 0, copy_ns = 0, think_ns = 0, overlap_ns = 0, wait_ns = 0, commands = 0;
  std::uint64_t bypass_attempts = 0, memory_refusals = 0, memory_peak_bytes = 0, valve_opened = 0;
  std::vector<ProcessSnapshot> processes;  // living ones
  // Since it began, see slice/usage.hpp; nothing where a flexai had a part in it that does not count them.
  std::optional<std::uint64_t> asked_ns, idle_ns;
};

/// A slice whose programs are all gone, as long as its slot was not given to another.
struct EndedSlice {
  SliceSnapshot slice;  // without processes
  std::int64_t ended_ns = 0;
  std::optional<std::int64_t> ended_unix_s;  // nothing: an older flexai saw the end
};

struct RegionSnapshot {
  XpuId xpu;
  XpuKind kind = XpuKind::kOther;
  std::string model, driver;
  std::uint64_t device_memory_bytes = 0, reserved_memory_bytes = 0,
                unreserved_memory_bytes = 0;  // unreserved: held by slices that reserve nothing
  std::uint32_t stamps = 0;                   // flexai_stamps
  Nanos taken_ns = 0;
  std::vector<SliceSnapshot> slices;  // in the order they began
  std::vector<EndedSlice> ended;      // in the order they began; kept as in admission.cpp, the longest ended go first

  [[nodiscard]] std::uint32_t free_permille() const noexcept;
  [[nodiscard]] std::uint64_t free_memory_bytes() const noexcept;
};

/// Copies `region`. The caller has swept it.
[[nodiscard]] RegionSnapshot TakeSnapshot(const slice::RegionFile& region, Nanos now);

/// Permille of the XPU that `now` used since `before` was taken, or since it began when it began later or `before` does not have it. Nothing when no time
/// passed.
struct MeasuredShare {
  std::uint32_t permille = 0;
  std::uint32_t think_permille = 0;    // time for which the XPU was kept for the slice's thinking client
  std::uint32_t overlap_permille = 0;  // device time beside other tenants
  std::uint32_t wait_permille = 0;     // threads waiting in gates; can pass 1000
  Nanos over_ns = 0;
  bool since_begin = false;
};
[[nodiscard]] std::optional<MeasuredShare> Measure(const RegionSnapshot& before, const SliceSnapshot& slice, Nanos now);

}  // namespace flexai::cli
