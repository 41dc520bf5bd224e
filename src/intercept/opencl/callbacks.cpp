#include "intercept/opencl/callbacks.hpp"

#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"

namespace flexai::opencl {

namespace callbacks_detail {
constinit thread_local int depth __attribute__((tls_model("initial-exec"))) = 0;
}  // namespace callbacks_detail

namespace hook {

cl_int clSetEventCallback(cl_event event, cl_int command_exec_callback_type,
                          void(CL_CALLBACK* pfn_notify)(cl_event event, cl_int event_command_status, void* user_data), void* user_data) {
  if (pfn_notify == nullptr) return Next().clSetEventCallback(event, command_exec_callback_type, nullptr, user_data);
  auto* wrapped = UserCallback<cl_event, cl_int>::New(pfn_notify, user_data);
  if (wrapped == nullptr) return CL_OUT_OF_HOST_MEMORY;
  const cl_int status = Next().clSetEventCallback(event, command_exec_callback_type, wrapped->Once, wrapped);
  if (status != CL_SUCCESS) wrapped->Discard();
  return status;
}

}  // namespace hook
}  // namespace flexai::opencl
