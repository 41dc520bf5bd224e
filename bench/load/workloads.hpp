// What the load generator can do to a device for an interval of time. Each is a client as they exist: one that keeps the queue full, one that waits after
// every kernel, one that comes by the clock, one that moves data. Main thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/document.hpp"
#include "bench/load/completions.hpp"
#include "bench/load/opencl_device.hpp"

namespace flexai::load {

struct Work {
  std::uint32_t steps = 1;
  Nanos kernel_ns = kMillisecond;       // expected, to size groups and depth
  Nanos depth_ns = 32 * kMillisecond;   // async: device time kept queued
  Nanos think_ns = 0;                   // sync: host work after each kernel
  Nanos period_ns = 20 * kMillisecond;  // periodic
  std::uint32_t burst = 4;              // periodic: kernels a period
  std::size_t copy_bytes = 0;           // async: copies of this size instead of kernels
};

/// What happened. Counts are of kernels (or copies).
struct Round {
  std::uint64_t commands = 0;       // in the whole round
  Nanos started = 0, finished = 0;  // first submission, last completion
  std::uint64_t group = 1;          // commands per stamp
  std::vector<Nanos> stamps;        // completions, ascending
  std::vector<Nanos> latencies;     // sync and periodic: per kernel or burst that was submitted within the interval, in order
  Nanos thought_ns = 0;             // sync: sum of the pauses
};

class Workload {
 public:
  Workload(OpenclDevice& device, const Work& work);
  [[nodiscard]] Round Async(const Interval& interval);
  [[nodiscard]] Round Sync(const Interval& interval);
  [[nodiscard]] Round Periodic(const Interval& interval);
  /// Keeps the queue full until the process is killed.
  [[noreturn]] void Flood();

 private:
  void Submit(cl_event* event);

  OpenclDevice& device_;
  Work work_;
  Completions completions_;
  cl_mem copy_from_ = nullptr, copy_to_ = nullptr;
};

/// The round as the line the bench reads. `bin`: width of the cumulative counts, 0: none.
[[nodiscard]] Document Describe(const Round& round, const Interval& interval, Nanos bin);

/// Sleeps until the host clock shows `time`.
void SleepUntil(Nanos time);

}  // namespace flexai::load
