// Kernels, and functions of the application that run as commands.
#include <cstdlib>
#include <cstring>

#include "intercept/opencl/callbacks.hpp"
#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/submission.hpp"

namespace flexai::opencl {
namespace {

// A kernel handle stands for its code; arguments may change what it costs, which the estimates follow.
Work KernelWork(cl_kernel kernel, cl_uint dimensions, const size_t* global_work_size) noexcept {
  Work work;
  work.kind.family = intercept::MixKey(1, reinterpret_cast<std::uintptr_t>(kernel));
  work.kind.exact = work.kind.family;
  work.kind.amount = 1;
  // Numbers that the driver will refuse are not read beyond what is certainly there.
  for (cl_uint i = 0; global_work_size != nullptr && i < dimensions && i < 3; ++i) {
    work.kind.exact = intercept::MixKey(work.kind.exact, global_work_size[i]);
    work.kind.amount *= global_work_size[i];
  }
  return work;
}

}  // namespace

namespace hook {

cl_int clEnqueueNDRangeKernel(cl_command_queue command_queue, cl_kernel kernel, cl_uint work_dim, const size_t* global_work_offset,
                              const size_t* global_work_size, const size_t* local_work_size, cl_uint num_events_in_wait_list,
                              const cl_event* event_wait_list, cl_event* event) {
  return Enqueue(command_queue, KernelWork(kernel, work_dim, global_work_size), {num_events_in_wait_list, event_wait_list}, event, [&](cl_event* out) {
    return Next().clEnqueueNDRangeKernel(command_queue, kernel, work_dim, global_work_offset, global_work_size, local_work_size, num_events_in_wait_list,
                                         event_wait_list, out);
  });
}

cl_int clEnqueueTask(cl_command_queue command_queue, cl_kernel kernel, cl_uint num_events_in_wait_list, const cl_event* event_wait_list,
                     cl_event* event) {
  const size_t one = 1;
  return Enqueue(command_queue, KernelWork(kernel, 1, &one), {num_events_in_wait_list, event_wait_list}, event, [&](cl_event* out) {
    return Next().clEnqueueTask(command_queue, kernel, num_events_in_wait_list, event_wait_list, out);
  });
}

}  // namespace hook
}  // namespace flexai::opencl
