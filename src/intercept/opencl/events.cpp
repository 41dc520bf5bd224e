// What applications ask of events: the references that are ours and the profiling that was forced stay hidden.
#include <cstring>

#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/flush.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/queues.hpp"
#include "intercept/opencl/unwatched.hpp"
#include "intercept/opencl/user_events.hpp"

namespace flexai::opencl {
namespace {

cl_command_queue QueueOf(cl_event event) noexcept {
  cl_command_queue queue = nullptr;
  return Next().clGetEventInfo(event, CL_EVENT_COMMAND_QUEUE, sizeof queue, &queue, nullptr) == CL_SUCCESS ? queue : nullptr;
}

}  // namespace

namespace hook {

cl_int clGetEventInfo(cl_event event, cl_event_info param_name, size_t param_value_size, void* param_value, size_t* param_value_size_ret) {
  const cl_int status = Next().clGetEventInfo(event, param_name, param_value_size, param_value, param_value_size_ret);
  if (param_name != CL_EVENT_REFERENCE_COUNT || status != CL_SUCCESS || param_value == nullptr) return status;
  cl_uint count;
  std::memcpy(&count, param_value, sizeof count);
  count -= OwnReferences(event);
  std::memcpy(param_value, &count, sizeof count);
  return status;
}

cl_int clGetEventProfilingInfo(cl_event event, cl_profiling_info param_name, size_t param_value_size, void* param_value,
                               size_t* param_value_size_ret) {
  // A command-queue asked of an invalid event would be a second chance to crash: only what the driver answers is hidden.
  if (event == nullptr || !HidesProfiling(QueueOf(event))) {
    return Next().clGetEventProfilingInfo(event, param_name, param_value_size, param_value, param_value_size_ret);
  }
  return CL_PROFILING_INFO_NOT_AVAILABLE;
}

// Drivers flush the queues of the events they wait for, some of them only those; our notes stay, and cost at most one flush more. The moment is kept for
// commands whose time is the host's.
cl_int clWaitForEvents(cl_uint num_events, const cl_event* event_list) {
  for (cl_uint i = 0; event_list != nullptr && i < num_events; ++i) {
    if (event_list[i] == nullptr) break;
    Queue* queue = FindQueue(QueueOf(event_list[i]));
    if (queue == nullptr || !queue->dirty.load(std::memory_order_relaxed) || !BelongsHere(*queue)) continue;
    if (queue->xpu.load(std::memory_order_relaxed)->verdict() == StampsVerdict::kAgree) continue;
    queue->flushes.Note(MonotonicNow());
  }
  const cl_int status = Next().clWaitForEvents(num_events, event_list);
  SweepUnwatched();
  return status;
}

}  // namespace hook
}  // namespace flexai::opencl
