// What machine a number was measured on, and what else ran on it meanwhile. Linux. Main thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.hpp"
#include "base/result.hpp"
#include "core/clock.hpp"

namespace flexai::cli {

/// CPU model, cores, memory, kernel, date: what stands in a result file beside the numbers. Nothing that names the machine or its user.
[[nodiscard]] Document DescribeMachine();

/// CPU time of the whole machine since boot. `stolen`: given to other guests of the host.
struct CpuTimes {
  Nanos busy_ns = 0, stolen_ns = 0;
};
/// The line `cpu …` of /proc/stat (proc(5)).
[[nodiscard]] std::optional<CpuTimes> ParseCpuTimes(std::string_view proc_stat, long ticks_per_second);

/// User and system time in /proc/<pid>/stat, of the process and of its children that have ended.
[[nodiscard]] std::optional<Nanos> ParseProcessTime(std::string_view proc_pid_stat, long ticks_per_second);

/// The load of others between two moments: all CPU time less that of the processes named and of their ended children, in cores. Ticks are 10 ms: over a
/// second or more.
class LoadMeter {
 public:
  explicit LoadMeter(std::vector<pid_t> ours);
  struct Load {
    double foreign_cores = 0, stolen_cores = 0;
  };
  /// Since the construction.
  [[nodiscard]] Load Measure() const;

 private:
  [[nodiscard]] Nanos OurTime() const;
  std::vector<pid_t> ours_;
  Nanos started_, our_time_;
  CpuTimes machine_;
};

/// The CPU that a driver's device thread is kept on: the last this process may use; nothing when there is only one.
[[nodiscard]] std::optional<int> DeviceCpu();

}  // namespace flexai::cli
