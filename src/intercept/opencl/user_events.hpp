// Commands that wait for the application itself: for a user event, directly, through other commands' events, through their in-order queue or a barrier.
//
// Such a command enters the driver at once and is not in flight: the XPU does not wait for it and it waits for no lease. When the last user event it
// depends on is set, it is counted and charged like any other; the gate is in that clSetUserEventStatus, in its caller's thread. A failed user event ends
// its dependents, of which some drivers say nothing more (docs/opencl-facts.md).
//
// A process without an unset user event pays one load. Otherwise one lock for all of it, never held across a call into a driver. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "intercept/opencl/cl_headers.hpp"
#include "intercept/opencl/commands.hpp"
#include "intercept/opencl/queues.hpp"

namespace flexai::opencl {

namespace user_events_detail {
extern std::atomic<std::uint32_t> unset;
}

[[nodiscard]] inline bool AnyUserEventUnset() noexcept { return user_events_detail::unset.load(std::memory_order_relaxed) != 0; }

/// What enters a queue: its effect on what comes after it.
enum class Entering : std::uint8_t {
  kCommand,
  kMarker,   // without a wait list it waits for everything before it
  kBarrier,  // the same, and everything after it waits for it
};

/// Whether what enters `queue` now depends on an unset user event; the queue remembers it for what comes after. `command` is then held until it is
/// released, dropped or over.
[[nodiscard]] bool HoldIfWaiting(Queue& queue, Entering what, cl_uint count, const cl_event* events, Command& command) noexcept;

/// The driver took a command that was held: others may wait for its `event` from now on. `owned`: a reference to it is ours already; else one is taken.
/// False: a marker that is held no more; nobody else will free it.
[[nodiscard]] bool HeldWasTaken(Command& command, cl_event event, bool owned) noexcept;
/// The driver refused it. True when it has been released meanwhile, and its ticket is to be given back.
[[nodiscard]] bool HeldWasRefused(Command& command) noexcept;
/// A marker without an event: nobody can wait for it but through its queue, which remembers.
void HeldIsAnonymous(Command& command) noexcept;

/// Takes a claimed command out of the list of held ones, before it is ended.
void Unhold(Command& command) noexcept;

/// Ends the record of a marker that nobody else will end.
void ForgetMarker(Command& marker) noexcept;

/// How many references to `event` are ours and not known to the application; gives one of ours back, known or not.
[[nodiscard]] cl_uint OwnReferences(cl_event event) noexcept;
void ReleaseOwnReference(cl_event event) noexcept;

}  // namespace flexai::opencl
