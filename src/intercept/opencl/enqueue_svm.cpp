// Commands on shared virtual memory.
#include "intercept/opencl/callbacks.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/submission.hpp"
#include "intercept/opencl/svm.hpp"

namespace flexai::opencl {
namespace {

Work SvmWork(Slot operation, std::uint64_t bytes, cl_bool blocking = CL_FALSE) noexcept {
  Work work = CopyWork(operation, bytes);
  work.blocking = blocking != CL_FALSE;
  return work;
}

}  // namespace

namespace hook {

cl_int clEnqueueSVMMemcpy(cl_command_queue command_queue, cl_bool blocking_copy, void* dst_ptr, const void* src_ptr, size_t size,
                          cl_uint num_events_in_wait_list, const cl_event* event_wait_list, cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueSVMMemcpy>(command_queue, SvmWork(Slot::clEnqueueSVMMemcpy, size, blocking_copy),
                                                           {num_events_in_wait_list, event_wait_list}, event, blocking_copy, dst_ptr,
                                                           src_ptr, size);
}

cl_int clEnqueueSVMMemFill(cl_command_queue command_queue, void* svm_ptr, const void* pattern, size_t pattern_size, size_t size,
                           cl_uint num_events_in_wait_list, const cl_event* event_wait_list, cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueSVMMemFill>(command_queue, SvmWork(Slot::clEnqueueSVMMemFill, size),
                                                            {num_events_in_wait_list, event_wait_list}, event, svm_ptr, pattern,
                                                            pattern_size, size);
}

cl_int clEnqueueSVMMap(cl_command_queue command_queue, cl_bool blocking_map, cl_map_flags flags, void* svm_ptr, size_t size,
                       cl_uint num_events_in_wait_list, const cl_event* event_wait_list, cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueSVMMap>(command_queue, SvmWork(Slot::clEnqueueSVMMap, size, blocking_map),
                                                        {num_events_in_wait_list, event_wait_list}, event, blocking_map, flags, svm_ptr,
                                                        size);
}

cl_int clEnqueueSVMUnmap(cl_command_queue command_queue, void* svm_ptr, cl_uint num_events_in_wait_list, const cl_event* event_wait_list,
                         cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueSVMUnmap>(command_queue, SvmWork(Slot::clEnqueueSVMUnmap, 1),
                                                          {num_events_in_wait_list, event_wait_list}, event, svm_ptr);
}

cl_int clEnqueueSVMMigrateMem(cl_command_queue command_queue, cl_uint num_svm_pointers, const void** svm_pointers, const size_t* sizes,
                              cl_mem_migration_flags flags, cl_uint num_events_in_wait_list, const cl_event* event_wait_list,
                              cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueSVMMigrateMem>(command_queue, SvmWork(Slot::clEnqueueSVMMigrateMem, num_svm_pointers),
                                                               {num_events_in_wait_list, event_wait_list}, event, num_svm_pointers,
                                                               svm_pointers, sizes, flags);
}

cl_int clEnqueueSVMFree(cl_command_queue command_queue, cl_uint num_svm_pointers, void* svm_pointers[],
                        void(CL_CALLBACK* pfn_free_func)(cl_command_queue queue, cl_uint num_svm_pointers, void* svm_pointers[],
                                                         void* user_data),
                        void* user_data, cl_uint num_events_in_wait_list, const cl_event* event_wait_list, cl_event* event) {
  if (FindQueue(command_queue) == nullptr) {
    return Next().clEnqueueSVMFree(command_queue, num_svm_pointers, svm_pointers, pfn_free_func, user_data, num_events_in_wait_list,
                                   event_wait_list, event);
  }
  using FreeCallback = UserCallback<cl_command_queue, cl_uint, void**>;
  FreeCallback* wrapped = nullptr;
  if (pfn_free_func != nullptr) {
    wrapped = FreeCallback::New(pfn_free_func, user_data);
    if (wrapped == nullptr) return CL_OUT_OF_HOST_MEMORY;
  }
  const cl_int status = EnqueueCall<&cl_icd_dispatch::clEnqueueSVMFree>(
      command_queue, SvmWork(Slot::clEnqueueSVMFree, 1), {num_events_in_wait_list, event_wait_list}, event, num_svm_pointers, svm_pointers,
      wrapped != nullptr ? FreeCallback::Once : FreeSvmInCommand, static_cast<void*>(wrapped));
  if (status != CL_SUCCESS && wrapped != nullptr) wrapped->Discard();
  return status;
}

}  // namespace hook
}  // namespace flexai::opencl
