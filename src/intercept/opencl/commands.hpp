// One command of the application between its submission and its end: what the completion needs to charge it.
//
// A driver may call back twice, late or never (docs/opencl-facts.md), so the callback gets no pointer but a number with a generation: whoever claims the
// command first, the callback or the thread that drops it, ends it, and everybody else finds a number that is over. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "intercept/common/estimates.hpp"
#include "intercept/common/record_pool.hpp"
#include "intercept/opencl/cl_headers.hpp"
#include "intercept/opencl/marks.hpp"
#include "intercept/opencl/user_event_set.hpp"
#include "slice/tenant.hpp"

namespace flexai::opencl {

struct Queue;

struct Command : intercept::PoolRecord {
  std::atomic<std::uint64_t> generation{1};  // +1 when it is claimed

  // Written by the submitting thread before the driver can know of the command.
  std::uint32_t epoch = 0;  // the process that submitted it
  Queue* queue = nullptr;
  bool has_work = true;  // false: a marker, which carries a batch or is remembered for who waits for it
  bool is_mark = false;  // counted in its queue's Marks
  Batch batch;           // members that end with it
  intercept::CommandKind kind;
  Nanos expected_ns = -1;
  slice::Engine engine = slice::Engine::kCompute;
  std::uint32_t flushes_before = 0;  // FlushTimes::Now at its submission

  // In flight: the ticket it is counted with. Not: it waits for a user event, or nobody knows whether it will run.
  bool counted = false;
  slice::Ticket ticket{};
  Nanos could_start_ns = 0;  // host clock: in the driver and waiting for nothing of ours since

  cl_event event = nullptr;  // once the driver took the command
  bool owns_event = false;   // a reference of ours is to be released at the end

  // Of a command that ever waited for a user event; guarded by the lock of user_events.cpp, as are `counted`, `ticket`, `could_start_ns`, `event` and
  // `owns_event` of such a command.
  bool ever_held = false;
  bool held = false;
  bool dropped = false;  // a user event it waited for failed
  UserEventSet waits;
  UserEventSet fence_before, waited_before;  // of its queue, should the driver refuse it
  std::uint64_t fence_change = 0;
  Command* held_previous = nullptr;
  Command* held_next = nullptr;
};

/// A fresh command of `queue`, or null without memory. FreeCommand takes it back, claimed or never shown to a driver.
[[nodiscard]] Command* NewCommand(Queue& queue) noexcept;
void FreeCommand(Command& command) noexcept;

/// What to give to a driver as user data. Claim tells what it meant: the command, if it is still to be ended and the caller is now the one to do it.
[[nodiscard]] void* NameOf(const Command& command) noexcept;
[[nodiscard]] Command* Claim(void* name) noexcept;
[[nodiscard]] bool IsAlive(void* name) noexcept;  // nobody has claimed it yet

/// What commands are expected to cost, over all queues of the process.
[[nodiscard]] intercept::Estimates& CommandEstimates() noexcept;

}  // namespace flexai::opencl
