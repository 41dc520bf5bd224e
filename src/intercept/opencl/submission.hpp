// The way of one command into the driver, the same for every enqueue function: wait at the gate, let the driver take it, see to it that its end is noticed.
//
//   return Enqueue(queue, work, {num_events, list}, event, [&](cl_event* event) { return Next().clEnqueue…(…, event); });
//
// The gate is in the calling thread and nothing is ever queued again by another: order, blocking, errors and callbacks stay the driver's. The layer
// checks no argument: whatever the driver refuses comes back with the driver's error, and what was admitted for it is given back.
#pragma once

#include "intercept/common/estimates.hpp"
#include "intercept/opencl/cl_headers.hpp"
#include "intercept/opencl/commands.hpp"
#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/queues.hpp"

namespace flexai::opencl {

/// What a command asks of the device.
struct Work {
  slice::Engine engine = slice::Engine::kCompute;
  intercept::CommandKind kind;
  bool blocking = false;  // the driver's call returns when the command is complete
};

struct WaitList {
  cl_uint count = 0;
  const cl_event* events = nullptr;
};

/// One submission; lives on the stack of the hook. Begin, the driver's call, End.
class Submission {
 public:
  Submission(Queue& queue, const Work& work, const WaitList& waits, cl_event* app_event) noexcept
      : queue_(queue), work_(work), waits_(waits), app_event_(app_event) {}
  Submission(const Submission&) = delete;
  Submission& operator=(const Submission&) = delete;

  /// Waits until the command may enter the driver. Not CL_SUCCESS: it must not (no memory, or a child of fork that could not join the slice).
  [[nodiscard]] cl_int Begin() noexcept;
  /// What to give to the driver as the place for the event; null when nobody needs one.
  [[nodiscard]] cl_event* event_place() noexcept { return app_event_ != nullptr || command_ == nullptr ? app_event_ : &own_event_; }
  /// Takes the driver's answer and returns it.
  cl_int End(cl_int status) noexcept;

 private:
  [[nodiscard]] bool MakeCommand(Nanos expected_ns) noexcept;
  [[nodiscard]] bool HoldIfWaiting(Nanos expected_ns) noexcept;
  [[nodiscard]] bool MayBeMember(const intercept::Expectation& expected) const noexcept;
  void GiveUp() noexcept;

  Queue& queue_;
  const Work& work_;
  const WaitList& waits_;
  cl_event* app_event_;
  cl_event own_event_ = nullptr;
  Command* command_ = nullptr;  // null: a member of a batch
  slice::Ticket ticket_{};
  bool held_ = false;    // it waits for a user event
  bool doomed_ = false;  // it waits for something that failed
};

template <class Call>
cl_int Enqueue(cl_command_queue handle, const Work& work, const WaitList& waits, cl_event* event, Call&& call) noexcept {
  Queue* queue = FindQueue(handle);
  if (queue == nullptr) return call(event);
  Submission submission(*queue, work, waits, event);
  if (const cl_int status = submission.Begin(); status != CL_SUCCESS) return status;
  return submission.End(call(submission.event_place()));
}

/// The same for a function of the dispatch table whose parameters are the queue, `arguments`, the wait list and the event.
template <auto Function, class... Arguments>
cl_int EnqueueCall(cl_command_queue handle, const Work& work, const WaitList& waits, cl_event* event, Arguments... arguments) noexcept {
  return Enqueue(handle, work, waits, event,
                 [&](cl_event* out) { return (Next().*Function)(handle, arguments..., waits.count, waits.events, out); });
}

/// Moving `bytes` by a function that `operation` stands for. Alike are those of about the same size.
[[nodiscard]] Work CopyWork(Slot operation, std::uint64_t bytes) noexcept;

/// Closes the tail of the queue's marks: the members so far end with a marker command of ours, whatever comes next. The caller owns a reference or a pin.
void CloseTail(Queue& queue) noexcept;

/// Ends an open tail whose commands are over, as the caller knows.
void SettleTail(Queue& queue) noexcept;

/// Adds a marker that carries `tail`, a mark that was begun. The caller owns a reference or a pin.
void PutMarker(Queue& queue, const Batch& tail) noexcept;

/// Notes admitted work in a queue that was not flushed, or whose end nothing will tell. Beside others the latter is closed at once, and while somebody waits
/// for the XPU the queue is flushed. With the ticket of what was submitted it costs one load when its slice was alone.
void AfterSubmission(Queue& queue) noexcept;
void AfterSubmission(Queue& queue, const slice::Ticket& ticket) noexcept;

}  // namespace flexai::opencl
