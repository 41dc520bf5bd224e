// Markers and barriers: they carry no device work, so they are never gated, but what comes behind them may wait for what they wait for.
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/submission.hpp"
#include "intercept/opencl/user_events.hpp"

namespace flexai::opencl {
namespace {

template <class Call>
cl_int Mark(cl_command_queue handle, Entering what, const WaitList& waits, cl_event* event, Call call) noexcept {
  const bool any_unset = AnyUserEventUnset();
  if (!any_unset && waits.count == 0) return call(event);
  Queue* queue = FindQueue(handle);
  if (queue == nullptr || !BelongsHere(*queue)) return call(event);
  Command* command = nullptr;
  if (any_unset) {
    command = NewCommand(*queue);
    if (command == nullptr) return CL_OUT_OF_HOST_MEMORY;
    command->has_work = false;
    if (!HoldIfWaiting(*queue, what, waits.count, waits.events, *command)) {
      FreeCommand(*command);
      command = nullptr;
    }
  }
  // A marker of ours behind one that waits would tell the end of the members too late.
  if (command != nullptr || waits.count != 0) CloseTail(*queue);
  const cl_int status = call(event);
  if (command == nullptr) return status;
  if (status != CL_SUCCESS) {
    (void)HeldWasRefused(*command);
    FreeCommand(*command);
  } else if (event == nullptr) {
    HeldIsAnonymous(*command);
    FreeCommand(*command);
  } else if (!HeldWasTaken(*command, *event, false)) {
    ForgetMarker(*command);
  }
  return status;
}

}  // namespace

namespace hook {

cl_int clEnqueueMarkerWithWaitList(cl_command_queue command_queue, cl_uint num_events_in_wait_list, const cl_event* event_wait_list,
                                   cl_event* event) {
  return Mark(command_queue, Entering::kMarker, {num_events_in_wait_list, event_wait_list}, event, [&](cl_event* out) {
    return Next().clEnqueueMarkerWithWaitList(command_queue, num_events_in_wait_list, event_wait_list, out);
  });
}

cl_int clEnqueueBarrierWithWaitList(cl_command_queue command_queue, cl_uint num_events_in_wait_list, const cl_event* event_wait_list,
                                    cl_event* event) {
  return Mark(command_queue, Entering::kBarrier, {num_events_in_wait_list, event_wait_list}, event, [&](cl_event* out) {
    return Next().clEnqueueBarrierWithWaitList(command_queue, num_events_in_wait_list, event_wait_list, out);
  });
}

cl_int clEnqueueMarker(cl_command_queue command_queue, cl_event* event) {
  return Mark(command_queue, Entering::kMarker, {}, event, [&](cl_event* out) { return Next().clEnqueueMarker(command_queue, out); });
}

cl_int clEnqueueBarrier(cl_command_queue command_queue) {
  return Mark(command_queue, Entering::kBarrier, {}, nullptr, [&](cl_event*) { return Next().clEnqueueBarrier(command_queue); });
}

// Mesa leaves the slot null, where a call through the loader would crash.
cl_int clEnqueueWaitForEvents(cl_command_queue command_queue, cl_uint num_events, const cl_event* event_list) {
  if (command_queue != nullptr && !DriverHas(command_queue, Slot::clEnqueueWaitForEvents)) return CL_INVALID_OPERATION;
  return Mark(command_queue, Entering::kBarrier, {num_events, event_list}, nullptr,
              [&](cl_event*) { return Next().clEnqueueWaitForEvents(command_queue, num_events, event_list); });
}

}  // namespace hook
}  // namespace flexai::opencl
