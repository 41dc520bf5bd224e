#include "intercept/opencl/user_events.hpp"

#include "intercept/common/handle_table.hpp"
#include "intercept/opencl/callbacks.hpp"
#include "intercept/opencl/completion.hpp"
#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/submission.hpp"
#include "intercept/opencl/unwatched.hpp"

namespace flexai::opencl {

namespace user_events_detail {
constinit std::atomic<std::uint32_t> unset{0};
}

namespace {

using user_events_detail::unset;

struct UserEvent {
  std::uint32_t bit;
  std::uint32_t references;  // the application's
  bool being_set;
};

// Everything below is guarded by the lock, and is the parent's in a child of fork until the child's first look.
constinit intercept::ForkSafeMutex mutex;
std::uint32_t lists_epoch = 0;
constinit intercept::HandleTable<UserEvent> user_events;   // unset ones
constinit intercept::HandleTable<Command*> held_by_event;  // held commands whose event somebody may wait for
constinit intercept::HandleTable<char> own_references;     // events of which the application does not know a reference
std::uint32_t events_of_bit[UserEventSet::kBits] = {};
Command* first_held = nullptr;

class Lock {
 public:
  Lock() noexcept : lock_(mutex) {
    if (lists_epoch == ProcessEpoch()) return;
    lists_epoch = ProcessEpoch();
    first_held = nullptr;
  }

 private:
  intercept::ForkSafeLock lock_;
};

void Link(Command& command) noexcept {
  command.held = true;
  command.held_previous = nullptr;
  command.held_next = first_held;
  if (first_held != nullptr) first_held->held_previous = &command;
  first_held = &command;
}

void Unlink(Command& command) noexcept {
  if (!command.held) return;
  command.held = false;
  (command.held_previous != nullptr ? command.held_previous->held_next : first_held) = command.held_next;
  if (command.held_next != nullptr) command.held_next->held_previous = command.held_previous;
  if (command.event != nullptr) {
    Command* known = nullptr;
    held_by_event.TakeIf(command.event, known, [&](Command*& other) { return other == &command; });
  }
}

// Commands that are held no more, chained through held_next.
struct Chain {
  Command* first = nullptr;
  void Push(Command& command) noexcept {
    command.held_next = first;
    first = &command;
  }
  template <class Visit>
  void Empty(Visit&& visit) noexcept {
    while (first != nullptr) {
      Command& command = *first;
      first = command.held_next;
      visit(command);
    }
  }
};

// Markers carry no work and have no callback: nothing is left to do for them but to give their event back.
void FreeMarkers(Chain& markers) noexcept {
  markers.Empty([](Command& marker) { ForgetMarker(marker); });
}

// A user event is no longer unset: with the lock held.
void ForgetUserEvent(cl_event event, const UserEvent& user) noexcept {
  UserEvent gone;
  user_events.Take(event, gone);
  unset.fetch_sub(1, std::memory_order_relaxed);
  if (--events_of_bit[user.bit] != 0) return;
  ForEachQueue([&](Queue& queue) {
    queue.fence.Remove(user.bit);
    queue.waited.Remove(user.bit);
  });
}

slice::Tenant& TenantOfCommand(const Command& command) noexcept { return *command.queue->tenant.load(std::memory_order_relaxed); }

Nanos Expected(const Command& command) noexcept {
  return command.expected_ns >= 0 ? command.expected_ns : slice::Tuning{}.unknown_estimate_ns;
}

// The commands that setting one user event sets free, by XPU.
class Releases {
 public:
  /// Counts those that wait for nothing but `bit`. With the lock held.
  void Collect(std::uint32_t bit) noexcept {
    if (events_of_bit[bit] != 1) return;
    for (const Command* command = first_held; command != nullptr; command = command->held_next) {
      if (!command->has_work || !command->waits.IsOnly(bit)) continue;
      Due& due = dues_[IndexOf(*command)];
      ++due.count;
      due.estimate_ns += Expected(*command);
    }
  }

  /// Waits at the gates, in the order of the XPUs' ids. Without any lock.
  void Admit() noexcept {
    for (std::uint32_t i = 0; i < slice::SliceFile::kMaxShares; ++i) {
      Due& due = dues_[i];
      if (due.count == 0) continue;
      slice::Tenant& tenant = slice::Membership::Process().tenant(i);
      due.ticket = InDriverCallback() ? tenant.AdmitNow(due.estimate_ns, due.count) : tenant.Admit(due.estimate_ns, due.count);
    }
  }

  /// Counts what waits for nothing any more as in flight; `markers` gets those without work. With the lock held.
  void Release(std::uint32_t bit, Chain& markers) noexcept {
    const Nanos now = MonotonicNow();
    for (Command *command = first_held, *next = nullptr; command != nullptr; command = next) {
      next = command->held_next;
      if (!command->waits.Has(bit)) continue;
      command->waits.Remove(bit);
      if (!command->waits.empty()) continue;
      Unlink(*command);
      if (!command->has_work) {
        if (command->event != nullptr) markers.Push(*command);  // else its thread, still in the driver's call, finds it so
        continue;
      }
      Due& due = dues_[IndexOf(*command)];
      if (due.count != 0) {
        --due.count;
        command->ticket = due.ticket;
      } else {  // it came while we waited at the gate
        command->ticket = TenantOfCommand(*command).AdmitNow(Expected(*command));
      }
      command->counted = true;
      command->could_start_ns = now;
      due.released = true;
    }
  }

  /// Gives back what was admitted for commands that ended meanwhile, and flushes what was released: the driver may have waited for that. Without any lock.
  void Settle() noexcept {
    for (std::uint32_t i = 0; i < slice::SliceFile::kMaxShares; ++i) {
      slice::Tenant& tenant = slice::Membership::Process().tenant(i);
      for (; dues_[i].count != 0; --dues_[i].count) tenant.Abandon(dues_[i].ticket);
      if (dues_[i].released && tenant.Contended()) FlushQueues(tenant, nullptr);
    }
  }

 private:
  struct Due {
    std::uint32_t count = 0;
    Nanos estimate_ns = 0;
    slice::Ticket ticket{};
    bool released = false;
  };
  [[nodiscard]] static std::size_t IndexOf(const Command& command) noexcept {
    return static_cast<std::size_t>(&TenantOfCommand(command) - &slice::Membership::Process().tenant(0)) % slice::SliceFile::kMaxShares;
  }
  Due dues_[slice::SliceFile::kMaxShares];
};

cl_int Complete(cl_event event) noexcept {
  Releases releases;
  UserEvent user{};
  bool first = false;
  {
    const Lock lock;
    user_events.With(event, [&](UserEvent& known) {
      first = !known.being_set;
      known.being_set = true;
      user = known;
    });
    if (first) releases.Collect(user.bit);
  }
  if (!first) return Next().clSetUserEventStatus(event, CL_COMPLETE);  // set already, or just now by another thread: the driver judges
  releases.Admit();
  Chain markers;
  {
    const Lock lock;
    const bool last_of_bit = events_of_bit[user.bit] == 1;
    ForgetUserEvent(event, user);
    if (last_of_bit) releases.Release(user.bit, markers);
  }
  const cl_int status = Next().clSetUserEventStatus(event, CL_COMPLETE);
  releases.Settle();
  FreeMarkers(markers);
  return status;
}

// What depends on a user event that failed, or that nobody can set any more, will not run, or, on some drivers, some of it will: nothing of it is in
// flight, and what ends by completing all the same is charged then.
void DropDependents(cl_event event, Chain& markers) noexcept {
  NoteFailure();
  const Lock lock;
  UserEvent user{};
  if (!user_events.Find(event, user) || user.being_set) return;
  ForgetUserEvent(event, user);
  for (Command *command = first_held, *next = nullptr; command != nullptr; command = next) {
    next = command->held_next;
    if (!command->waits.Has(user.bit)) continue;
    Unlink(*command);
    command->dropped = true;
    if (command->event == nullptr) continue;  // its thread, still in the driver's call, finds it so
    if (!command->has_work) {
      markers.Push(*command);
    } else if (command->owns_event) {
      command->owns_event = false;
      KeepUnwatched(NameOf(*command), command->event, true);
    }
  }
}

}  // namespace

bool HoldIfWaiting(Queue& queue, Entering what, cl_uint count, const cl_event* events, Command& command) noexcept {
  const Lock lock;
  UserEventSet waits = queue.fence;
  if (what != Entering::kCommand && count == 0) waits.Add(queue.waited);
  for (cl_uint i = 0; events != nullptr && i < count; ++i) {
    UserEvent user;
    Command* dependency = nullptr;
    if (user_events.Find(events[i], user)) waits.Add(user.bit);
    if (held_by_event.Find(events[i], dependency)) waits.Add(dependency->waits);
  }
  if (waits.empty()) return false;
  command.waits = waits;
  command.fence_before = queue.fence;
  command.waited_before = queue.waited;
  command.fence_change = ++queue.fence_changes;
  queue.waited.Add(waits);
  if (what == Entering::kBarrier || queue.in_order.load(std::memory_order_relaxed)) queue.fence.Add(waits);
  command.ever_held = true;
  Link(command);
  return true;
}

bool HeldWasTaken(Command& command, cl_event event, bool owned) noexcept {
  if (!owned) {
    owned = Next().clRetainEvent(event) == CL_SUCCESS;
    if (owned) (void)own_references.Insert(event, 1);
  }
  const Lock lock;
  command.event = event;
  command.owns_event = owned;
  // Without memory for the entry, commands that wait for this one are in flight at once, and hold the lease until the stall valve opens.
  if (command.held) (void)held_by_event.Insert(event, &command);
  if (command.dropped && command.has_work && owned) {
    command.owns_event = false;
    KeepUnwatched(NameOf(command), event, true);
  }
  return command.held || command.has_work;
}

bool HeldWasRefused(Command& command) noexcept {
  const Lock lock;
  Queue& queue = *command.queue;
  if (command.held && queue.fence_changes == command.fence_change) {  // nothing came behind it
    queue.fence = command.fence_before;
    queue.waited = command.waited_before;
  }
  Unlink(command);
  return command.counted;
}

void HeldIsAnonymous(Command& command) noexcept {
  const Lock lock;
  Unlink(command);
}

void Unhold(Command& command) noexcept {
  if (!command.ever_held) return;
  const Lock lock;
  Unlink(command);
}

void ForgetMarker(Command& marker) noexcept {
  if (marker.owns_event) ReleaseOwnReference(marker.event);
  FreeCommand(marker);
}

void ReleaseOwnReference(cl_event event) noexcept {
  char one;
  own_references.Take(event, one);
  Next().clReleaseEvent(event);
}

cl_uint OwnReferences(cl_event event) noexcept {
  char one;
  return own_references.Find(event, one) ? 1 : 0;
}

namespace hook {

cl_event clCreateUserEvent(cl_context context, cl_int* errcode_ret) {
  cl_int error = CL_SUCCESS;
  cl_event event = Next().clCreateUserEvent(context, &error);
  if (event != nullptr) {
    const Lock lock;
    std::uint32_t bit = 0;
    for (std::uint32_t i = 0; i < UserEventSet::kBits && events_of_bit[bit] != 0; ++i) {
      if (events_of_bit[i] < events_of_bit[bit]) bit = i;
    }
    if (user_events.Insert(event, {bit, 1, false})) {
      ++events_of_bit[bit];
      unset.fetch_add(1, std::memory_order_relaxed);
    } else {
      error = CL_OUT_OF_HOST_MEMORY;
    }
  }
  if (event != nullptr && error != CL_SUCCESS) {
    Next().clReleaseEvent(event);
    event = nullptr;
  }
  if (errcode_ret != nullptr) *errcode_ret = error;
  return event;
}

cl_int clSetUserEventStatus(cl_event event, cl_int execution_status) {
  if (!AnyUserEventUnset() || execution_status > CL_COMPLETE) return Next().clSetUserEventStatus(event, execution_status);
  if (execution_status == CL_COMPLETE) return Complete(event);
  Chain markers;
  DropDependents(event, markers);
  const cl_int status = Next().clSetUserEventStatus(event, execution_status);
  SweepUnwatched();
  FreeMarkers(markers);
  return status;
}

cl_int clRetainEvent(cl_event event) {
  const cl_int status = Next().clRetainEvent(event);
  if (status == CL_SUCCESS && AnyUserEventUnset()) {
    user_events.With(event, [](UserEvent& user) { ++user.references; });
  }
  return status;
}

cl_int clReleaseEvent(cl_event event) {
  if (AnyUserEventUnset()) {
    bool last = false;
    user_events.With(event, [&](UserEvent& user) { last = --user.references == 0; });
    if (last) {
      Chain markers;
      DropDependents(event, markers);
      FreeMarkers(markers);
    }
  }
  return Next().clReleaseEvent(event);
}

}  // namespace hook
}  // namespace flexai::opencl
