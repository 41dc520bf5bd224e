// One slice with many processes: forks before OpenCL is used, so that each child is a client of its own. Results come back in shared memory.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.hpp"
#include "core/clock.hpp"

namespace flexai::load {

/// Written by one child, read by the parent after the child ended.
struct Slot {
  std::uint64_t values[8] = {};
};

/// What the children share with each other, zeros at first; outside of anything flexai keeps.
struct SharedPage {
  std::uint64_t held_bytes = 0;
  std::uint32_t ready = 0;
};

class ProcessGroup {
 public:
  using Body = std::function<void(std::uint32_t index, SharedPage& shared, Slot& slot)>;

  /// Runs `prepare` in `count` forked children, waits until all have, runs `body` in them, and returns what they wrote. An error when a child failed.
  [[nodiscard]] static Result<std::vector<Slot>> Run(std::uint32_t count, const Body& prepare, const Body& body);
};

}  // namespace flexai::load
