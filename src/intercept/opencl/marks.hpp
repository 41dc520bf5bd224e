// Which commands of an in-order queue get a completion of their own. An event with a callback costs a driver some 0.3 to 1 us in the thread that runs the
// kernels, too much beside kernels of 8 us; so among short commands of known length only one in some 200 us is a mark, and its completion stands for the
// members before it.
//
//   queue, oldest first:   M  m m m m m  M  m m m
//                          |  \_________/   \___/
//                  pending |   carried by    the tail: closed by the next mark. When the last pending mark ends before one comes,
//                             the second M   the tail is open: nothing will tell its end until somebody closes it
//
// Beside others a member may only follow a mark that has not ended, and an open tail is closed at once by a marker command that the layer adds: a queue
// that runs dry is measured exactly, and no lease rests on commands whose end nobody will see. A slice that is alone is spared both: the tail stays open
// until the next mark, clFinish, or somebody who waits (flush.cpp). Pure bookkeeping of one queue, without the driver; any thread.
#pragma once

#include <cstdint>

#include "core/clock.hpp"
#include "intercept/common/fork_safe_mutex.hpp"
#include "slice/submitter.hpp"

namespace flexai::opencl {

/// Members whose end is seen with a later command of their queue, all admitted under one lease.
struct Batch {
  std::uint32_t count = 0;
  bool dense = true;       // each entered the queue before the mark ahead of it had ended: it did not run dry between them
  slice::Ticket ticket{};  // of the first, with the estimates of all together
};

class Marks {
 public:
  static constexpr Nanos kInterval = 200 * kMicrosecond;
  static constexpr Nanos kLongestMember = 100 * kMicrosecond;  // longer ones pay for their own completion
  static constexpr std::uint32_t kMostMembers = 64;

  constexpr Marks() = default;

  /// For a command that was admitted and may be a member (short, settled, waits for nothing else): true when it shall be one. Otherwise it is a mark,
  /// and the result of BeginMark is the tail it stands for. Call before the driver takes the command; then Joined or Refused says how that ended.
  [[nodiscard]] bool TryMember(const slice::Ticket& ticket) noexcept;
  [[nodiscard]] Batch BeginMark() noexcept;

  /// The driver took a member. True: members of another lease are before it, and `older` must be closed now, by a mark that has been begun.
  [[nodiscard]] bool Joined(const slice::Ticket& ticket, Batch& older) noexcept;
  /// The driver refused a mark, `carried` with it. True as above.
  [[nodiscard]] bool Refused(const Batch& carried, Batch& older) noexcept;
  /// A mark ended. True: the tail is open now.
  [[nodiscard]] bool Ended() noexcept;

  /// Takes the tail, if there is one, for a mark that has been begun: something comes that later members must not be measured with.
  [[nodiscard]] bool Close(Batch& tail) noexcept;
  [[nodiscard]] bool HasOpenTail() noexcept;
  /// The same as Close if the tail is open.
  [[nodiscard]] bool CloseOpen(Batch& tail) noexcept;

  /// In a child of fork: nothing of the parent's is in flight here.
  void Reset() noexcept;

 private:
  [[nodiscard]] bool Append(const Batch& more, Batch& older) noexcept;
  [[nodiscard]] bool TakeTail(Batch& tail) noexcept;

  intercept::ForkSafeMutex mutex_;  // guards the rest
  std::uint32_t pending_ = 0;       // marks begun and not ended
  Batch tail_;
};

}  // namespace flexai::opencl
