// A CPU driver computes in a thread of our own process. Measurements keep that thread on a core of its own and everything else off it: otherwise a slice
// is charged for the time in which its host code pushed the device aside. Linux; main thread.
#pragma once

#include <map>

#include "base/result.hpp"
#include "core/clock.hpp"

namespace flexai::load {

/// CPU time of a thread of this process; 0 of one that is not there.
[[nodiscard]] Nanos ThreadTime(int tid);
/// The same of every thread.
[[nodiscard]] std::map<int, Nanos> ThreadTimes();

struct Placement {
  int device_thread = 0;   // tid; 0: no thread of ours computed (a card)
  bool in_caller = false;  // the driver computes in the calling thread: it cannot be kept apart
  double share = 0;        // its part of what all threads worked
};

/// Finds the thread that worked most since `before` and keeps it on `cpu`, all others on the other cores of this machine. Threads made later inherit from
/// the thread that makes them.
[[nodiscard]] Result<Placement> KeepDeviceThreadApart(const std::map<int, Nanos>& before, int cpu);

}  // namespace flexai::load
