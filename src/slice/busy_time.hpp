// How much of a device's time a process has used when its commands overlap (several queues, copies beside kernels): the length of the union of their
// intervals, counted as they complete, in any order. Pure; the caller serialises.
#pragma once

#include <cstdint>

#include "core/clock.hpp"

namespace flexai::slice {

class BusyTime {
 public:
  /// Adds [start, end) and returns the part of it that no earlier interval covered. Intervals older than the last kIntervals separate ones are
  /// forgotten, so a command that runs through more than that many gaps of others is counted over them again.
  Nanos Add(Nanos start, Nanos end) noexcept;
  void Reset() noexcept { count_ = 0; }

 private:
  static constexpr std::uint32_t kIntervals = 16;
  struct Interval {
    Nanos start, end;
  };
  Interval intervals_[kIntervals + 1];  // disjoint, ascending
  std::uint32_t count_ = 0;
};

}  // namespace flexai::slice
