#include "intercept/opencl/submission.hpp"

#include <algorithm>
#include <bit>

#include "intercept/opencl/callbacks.hpp"
#include "intercept/opencl/completion.hpp"
#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/flush.hpp"
#include "intercept/opencl/unwatched.hpp"
#include "intercept/opencl/user_events.hpp"

namespace flexai::opencl {
namespace {

slice::Tenant& TenantOfQueue(const Queue& queue) noexcept { return *queue.tenant.load(std::memory_order_relaxed); }

// Whether something that a command waits for failed already. It will not run then: some drivers fail it without a callback, PoCL never ends it.
bool DependsOnFailed(const WaitList& waits) noexcept {
  for (cl_uint i = 0; waits.events != nullptr && i < waits.count; ++i) {
    cl_int status = CL_QUEUED;
    if (waits.events[i] == nullptr) return false;
    if (Next().clGetEventInfo(waits.events[i], CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr) != CL_SUCCESS)
      return false;
    if (status < CL_COMPLETE) return true;
  }
  return false;
}

// Ends members that nobody saw end, and the mark that was begun for them.
void CompleteUnseen(Queue& queue, const Batch& tail) noexcept {
  const Nanos now = MonotonicNow();
  const Nanos since = now - queue.last_ended_ns.load(std::memory_order_relaxed);
  TenantOfQueue(queue).Complete(tail.ticket, {now - std::min(tail.ticket.estimate_ns, since), now, true, slice::Engine::kCompute},
                                tail.count);
  if (queue.marks.Ended()) AfterSubmission(queue);
}

// Mesa's blocking commands return at once when another thread, ours too, flushes the queue between their entering it and their waiting.
void WaitIfNotOver(cl_event event) noexcept {
  cl_int status = CL_COMPLETE;
  if (Next().clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr) == CL_SUCCESS &&
      status > CL_COMPLETE)
    Next().clWaitForEvents(1, &event);
}

}  // namespace

bool Submission::MayBeMember(const intercept::Expectation& expected) const noexcept {
  return expected.settled && expected.device_ns <= Marks::kLongestMember && waits_.count == 0 && !work_.blocking &&
         queue_.in_order.load(std::memory_order_relaxed) && queue_.has_stamps &&
         queue_.xpu.load(std::memory_order_relaxed)->verdict() == StampsVerdict::kAgree;
}

bool Submission::MakeCommand(Nanos expected_ns) noexcept {
  if (command_ != nullptr) return true;
  command_ = NewCommand(queue_);
  if (command_ == nullptr) return false;
  command_->kind = work_.kind;
  command_->engine = work_.engine;
  command_->expected_ns = expected_ns;
  return true;
}

bool Submission::HoldIfWaiting(Nanos expected_ns) noexcept {
  return AnyUserEventUnset() && MakeCommand(expected_ns) &&
         opencl::HoldIfWaiting(queue_, Entering::kCommand, waits_.count, waits_.events, *command_);
}

cl_int Submission::Begin() noexcept {
  if (!BelongsHere(queue_)) return CL_OUT_OF_RESOURCES;
  slice::Tenant& tenant = TenantOfQueue(queue_);
  const intercept::Expectation expected = CommandEstimates().Expect(work_.kind);
  held_ = HoldIfWaiting(expected.device_ns);
  doomed_ = !held_ && waits_.count != 0 && FailuresSeen() && DependsOnFailed(waits_);
  if (!held_ && !doomed_) {
    ticket_ = InDriverCallback() ? tenant.AdmitNow(expected.device_ns) : tenant.Admit(expected.device_ns);
    // While it waited here, another thread may have put a held command before it.
    held_ = HoldIfWaiting(expected.device_ns);
    if (held_) tenant.Abandon(ticket_);
  }
  const bool in_order = queue_.in_order.load(std::memory_order_relaxed);
  const bool counted = !held_ && !doomed_;
  if (counted && command_ == nullptr && MayBeMember(expected) && queue_.marks.TryMember(ticket_)) {
    intercept::Estimates::NoteUnmeasured(expected);
    return CL_SUCCESS;
  }
  if (!MakeCommand(expected.device_ns)) {
    if (counted) tenant.Abandon(ticket_);
    return CL_OUT_OF_HOST_MEMORY;
  }
  // A mark that has to wait for something else would tell the end of the members before it too late.
  if (in_order && (held_ || waits_.count != 0)) CloseTail(queue_);
  command_->flushes_before = queue_.flushes.Now();
  if (counted) {
    intercept::Estimates::NoteMeasured(expected);
    command_->counted = true;
    command_->ticket = ticket_;
    command_->could_start_ns = ticket_.admitted_ns;
    if (in_order) {
      command_->is_mark = true;
      command_->batch = queue_.marks.BeginMark();
    }
  }
  if (work_.blocking) WillBeFlushed(queue_);
  return CL_SUCCESS;
}

void Submission::GiveUp() noexcept {
  slice::Tenant& tenant = TenantOfQueue(queue_);
  if (command_ == nullptr) return tenant.Abandon(ticket_);
  const bool counted = held_ ? HeldWasRefused(*command_) : command_->counted;
  if (counted) tenant.Abandon(command_->ticket);
  Batch older;
  if (command_->is_mark && queue_.marks.Refused(command_->batch, older)) PutMarker(queue_, older);
  if (queue_.marks.HasOpenTail()) AfterSubmission(queue_);  // what it carried, or what came behind it
  FreeCommand(*command_);
}

cl_int Submission::End(cl_int status) noexcept {
  if (status != CL_SUCCESS) {
    GiveUp();
    return status;
  }
  if (command_ == nullptr) {
    Batch older;
    if (queue_.marks.Joined(ticket_, older)) PutMarker(queue_, older);
    AfterSubmission(queue_, ticket_);
    return status;
  }
  // The command may be over and its record another's as soon as somebody can know of its end.
  cl_event event = app_event_ != nullptr ? *app_event_ : own_event_;
  const bool owned = app_event_ == nullptr;
  void* const name = NameOf(*command_);
  if (held_) {
    (void)HeldWasTaken(*command_, event, owned);
  } else {
    command_->event = event;
    command_->owns_event = owned;
  }
  if (work_.blocking) {
    WaitIfNotOver(event);
    if (Command* command = Claim(name)) EndCommand(*command, CL_COMPLETE);
    return status;
  }
  // The extra reference comes first: the callback may give the command's own back.
  const bool kept = doomed_ && Next().clRetainEvent(event) == CL_SUCCESS;
  const bool watched = WatchEnd(event, name);
  if (kept || (!watched && IsAlive(name) && Next().clRetainEvent(event) == CL_SUCCESS)) KeepUnwatched(name, event, watched);
  AfterSubmission(queue_, ticket_);
  return status;
}

Work CopyWork(Slot operation, std::uint64_t bytes) noexcept {
  Work work;
  work.engine = slice::Engine::kCopy;
  work.kind.family = intercept::MixKey(2, static_cast<std::uint64_t>(operation));
  // Four classes to each doubling.
  const int width = static_cast<int>(std::bit_width(bytes));
  work.kind.exact =
      intercept::MixKey(work.kind.family, static_cast<std::uint64_t>(width) << 2 | (width > 2 ? bytes >> (width - 3) & 3 : 0));
  work.kind.amount = bytes;
  return work;
}

void CloseTail(Queue& queue) noexcept {
  Batch tail;
  if (queue.marks.Close(tail)) PutMarker(queue, tail);
}

void SettleTail(Queue& queue) noexcept {
  Batch tail;
  if (queue.marks.CloseOpen(tail)) CompleteUnseen(queue, tail);
}

void PutMarker(Queue& queue, const Batch& tail) noexcept {
  Command* command = NewCommand(queue);
  cl_event event = nullptr;
  if (command != nullptr) {
    command->has_work = false;
    command->is_mark = true;
    command->batch = tail;
    command->could_start_ns = MonotonicNow();
    if (Next().clEnqueueMarkerWithWaitList(queue.handle, 0, nullptr, &event) == CL_SUCCESS) {
      command->event = event;
      command->owns_event = true;
      void* const name = NameOf(*command);
      if (WatchEnd(event, name)) return AfterSubmission(queue);
      command->owns_event = false;
      KeepUnwatched(name, event, false);
      return;
    }
    FreeCommand(*command);
  }
  CompleteUnseen(queue, tail);  // they end when they should have ended
}

void AfterSubmission(Queue& queue) noexcept { AfterSubmission(queue, slice::Ticket{.alone = TenantOfQueue(queue).Alone()}); }

void AfterSubmission(Queue& queue, const slice::Ticket& ticket) noexcept {
  const slice::Tenant& tenant = TenantOfQueue(queue);
  // Noted before: whoever began to wait since then has asked our thread to see to it.
  if (!NoteUnflushed(queue) && ticket.alone) return;
  if (tenant.Contended()) return FlushQueue(queue);
  Batch tail;
  if (!ticket.alone && queue.marks.CloseOpen(tail)) PutMarker(queue, tail);
}

}  // namespace flexai::opencl
