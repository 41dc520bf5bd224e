// The application's host queues on governed devices, as the layer remembers them from creation to the last release.
//
// Profiling is forced on each, because accounts need the stamps, and hidden from an application that did not ask for it. A queue can be pinned, so that
// our own thread may flush it while the application releases it: the last release is then carried out by whoever unpins it, and the reference count that
// the application reads stays its own. Records are never freed, so a stale pointer is harmless. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "intercept/common/fork_safe_mutex.hpp"
#include "intercept/common/record_pool.hpp"
#include "intercept/opencl/attach.hpp"
#include "intercept/opencl/cl_headers.hpp"
#include "intercept/opencl/devices.hpp"
#include "intercept/opencl/marks.hpp"
#include "intercept/opencl/user_event_set.hpp"
#include "intercept/opencl/xpu_state.hpp"

namespace flexai::opencl {

/// When a queue was flushed, for work that starts no earlier: the last eight times.
class FlushTimes {
 public:
  /// The number to remember with a command that enters the queue now.
  [[nodiscard]] std::uint32_t Now() const noexcept { return count_.load(std::memory_order_relaxed); }
  void Note(Nanos now) noexcept;
  /// The first flush after `entered`; 0 when there was none, or so many that it is forgotten.
  [[nodiscard]] Nanos FirstAfter(std::uint32_t entered) const noexcept;

 private:
  static constexpr std::uint32_t kKept = 8;
  std::atomic<std::uint32_t> count_{0};
  std::atomic<Nanos> times_[kKept] = {};
};

struct Queue : intercept::PoolRecord {
  // Written at creation; constant while the record is in use.
  cl_command_queue handle = nullptr;
  const Device* device = nullptr;
  bool has_stamps = true;  // the driver let us force profiling
  cl_queue_properties* asked_properties =
      nullptr;  // as given to clCreateCommandQueueWithProperties, with the 0; null: none, or the older function
  std::uint32_t asked_count = 0;
  bool made_with_properties = false;

  // Who pays. Changes in a child of fork only.
  std::atomic<std::uint32_t> epoch{0};
  std::atomic<slice::Tenant*> tenant{nullptr};
  std::atomic<XpuState*> xpu{nullptr};

  std::atomic<bool> in_order{true};          // changed by the deprecated clSetCommandQueueProperty only
  std::atomic<std::uint32_t> references{0};  // the application's
  std::atomic<std::uint32_t> users{0};  // the application, while it has references, and each command in flight; at 0 the record is free
  std::atomic<std::uint64_t> pins{0};   // kReleased | number of pins
  static constexpr std::uint64_t kReleased = 1ULL << 63;

  std::atomic<bool> dirty{false};  // admitted work may rest here unflushed
  FlushTimes flushes;
  std::atomic<Nanos> last_ended_ns{0};     // host clock: the latest completion seen
  std::atomic<std::uint64_t> last_end{0};  // driver's clock: the latest END of a mark
  Marks marks;

  // User events that whatever comes next in this queue waits for (through its order or a barrier), and those that anything in it waits for. Guarded by
  // the lock of user_events.cpp.
  UserEventSet fence, waited;
  std::uint64_t fence_changes = 0;
};

/// The governed queue of that handle that the application still holds, or null: unknown, released, null, or of a device that is not ours to govern.
[[nodiscard]] Queue* FindQueue(cl_command_queue handle) noexcept;

/// Whether a queue, alive or released, hides profiling: for events that outlive their queue.
[[nodiscard]] bool HidesProfiling(cl_command_queue handle) noexcept;

/// In a child of fork: binds an inherited queue to the child's own place in the slice. False: the child could not join, nothing may be submitted.
/// One comparison in every other case.
[[nodiscard]] bool RebindAfterFork(Queue& queue) noexcept;
[[nodiscard]] inline bool BelongsHere(Queue& queue) noexcept {
  return queue.epoch.load(std::memory_order_acquire) == ProcessEpoch() || RebindAfterFork(queue);
}

/// Keeps the driver's queue alive over calls by a thread that does not own a reference. False: already released.
[[nodiscard]] bool Pin(Queue& queue) noexcept;
void Unpin(Queue& queue) noexcept;

/// A command in flight keeps the record (not the driver's queue).
inline void AddUser(Queue& queue) noexcept { queue.users.fetch_add(1, std::memory_order_relaxed); }
void RemoveUser(Queue& queue) noexcept;

/// Whether a command that entered the queue has not ended yet, as far as the layer has seen. The caller owns a reference.
[[nodiscard]] inline bool HoldsCommands(const Queue& queue) noexcept { return queue.users.load(std::memory_order_acquire) > 1; }

/// Runs `visit(queue)` on every record, free ones too: they have no pins to give and nothing dirty.
template <class Visit>
void ForEachQueue(Visit&& visit) noexcept;

/// Whether the process has a device-side queue: then a kernel's work may go on after its END.
[[nodiscard]] bool HaveDeviceQueues() noexcept;

namespace queues_detail {
extern intercept::RecordPool<Queue> pool;
}

template <class Visit>
void ForEachQueue(Visit&& visit) noexcept {
  queues_detail::pool.ForEach(visit);
}

}  // namespace flexai::opencl
