// Objects shared with OpenGL and EGL: handing them over is a command like any other. Drivers without the extension leave the slots null, where a call
// through the loader would crash.
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/submission.hpp"

namespace flexai::opencl {
namespace {

template <auto Function>
cl_int HandOver(Slot slot, cl_command_queue queue, cl_uint count, const cl_mem* objects, const WaitList& waits, cl_event* event) noexcept {
  if (queue != nullptr && !DriverHas(queue, slot)) return CL_INVALID_OPERATION;
  return EnqueueCall<Function>(queue, CopyWork(slot, count), waits, event, count, objects);
}

}  // namespace

namespace hook {

cl_int clEnqueueAcquireGLObjects(cl_command_queue command_queue, cl_uint num_objects, const cl_mem* mem_objects,
                                 cl_uint num_events_in_wait_list, const cl_event* event_wait_list, cl_event* event) {
  return HandOver<&cl_icd_dispatch::clEnqueueAcquireGLObjects>(Slot::clEnqueueAcquireGLObjects, command_queue, num_objects, mem_objects,
                                                               {num_events_in_wait_list, event_wait_list}, event);
}

cl_int clEnqueueReleaseGLObjects(cl_command_queue command_queue, cl_uint num_objects, const cl_mem* mem_objects,
                                 cl_uint num_events_in_wait_list, const cl_event* event_wait_list, cl_event* event) {
  return HandOver<&cl_icd_dispatch::clEnqueueReleaseGLObjects>(Slot::clEnqueueReleaseGLObjects, command_queue, num_objects, mem_objects,
                                                               {num_events_in_wait_list, event_wait_list}, event);
}

cl_int clEnqueueAcquireEGLObjectsKHR(cl_command_queue command_queue, cl_uint num_objects, const cl_mem* mem_objects,
                                     cl_uint num_events_in_wait_list, const cl_event* event_wait_list, cl_event* event) {
  return HandOver<&cl_icd_dispatch::clEnqueueAcquireEGLObjectsKHR>(Slot::clEnqueueAcquireEGLObjectsKHR, command_queue, num_objects,
                                                                   mem_objects, {num_events_in_wait_list, event_wait_list}, event);
}

cl_int clEnqueueReleaseEGLObjectsKHR(cl_command_queue command_queue, cl_uint num_objects, const cl_mem* mem_objects,
                                     cl_uint num_events_in_wait_list, const cl_event* event_wait_list, cl_event* event) {
  return HandOver<&cl_icd_dispatch::clEnqueueReleaseEGLObjectsKHR>(Slot::clEnqueueReleaseEGLObjectsKHR, command_queue, num_objects,
                                                                   mem_objects, {num_events_in_wait_list, event_wait_list}, event);
}

// An event of another API is like one of another device: what waits for it is in flight, and the stall valve bounds what that costs others.
cl_event clCreateEventFromGLsyncKHR(cl_context context, cl_GLsync sync, cl_int* errcode_ret) {
  if (context != nullptr && !DriverHas(context, Slot::clCreateEventFromGLsyncKHR)) {
    if (errcode_ret != nullptr) *errcode_ret = CL_INVALID_OPERATION;
    return nullptr;
  }
  return Next().clCreateEventFromGLsyncKHR(context, sync, errcode_ret);
}

cl_event clCreateEventFromEGLSyncKHR(cl_context context, CLeglSyncKHR sync, CLeglDisplayKHR display, cl_int* errcode_ret) {
  if (context != nullptr && !DriverHas(context, Slot::clCreateEventFromEGLSyncKHR)) {
    if (errcode_ret != nullptr) *errcode_ret = CL_INVALID_OPERATION;
    return nullptr;
  }
  return Next().clCreateEventFromEGLSyncKHR(context, sync, display, errcode_ret);
}

}  // namespace hook
}  // namespace flexai::opencl
