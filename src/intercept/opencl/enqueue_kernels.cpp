// Kernels, and functions of the application that run as commands.
#include <cstdlib>
#include <cstring>
#include <new>

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

// What a native kernel's arguments are preceded by in the block that the driver copies.
struct alignas(16) NativeKernel {
  void(CL_CALLBACK* function)(void*);
};

void CL_CALLBACK RunNativeKernel(void* block) {
  auto* kernel = static_cast<NativeKernel*>(block);
  const DriverCallbackScope scope;
  kernel->function(kernel + 1);
}

// The arguments of a clEnqueueNativeKernel with the function's address before them; the driver's pointers into the block move along.
class NativeArguments {
 public:
  NativeArguments(void(CL_CALLBACK* function)(void*), const void* args, size_t bytes, cl_uint count, const void** locations) noexcept {
    block_ = static_cast<char*>(std::malloc(sizeof(NativeKernel) + bytes));
    locations_ = static_cast<const void**>(std::malloc((count + 1) * sizeof *locations_));
    if (block_ == nullptr || locations_ == nullptr) return;
    new (block_) NativeKernel{function};
    if (bytes != 0) std::memcpy(block_ + sizeof(NativeKernel), args, bytes);
    for (cl_uint i = 0; i < count; ++i) {
      const auto offset = reinterpret_cast<std::uintptr_t>(locations[i]) - reinterpret_cast<std::uintptr_t>(args);
      locations_[i] = reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(block_) + sizeof(NativeKernel) + offset);
    }
  }
  ~NativeArguments() {
    std::free(block_);
    std::free(locations_);
  }
  NativeArguments(const NativeArguments&) = delete;
  NativeArguments& operator=(const NativeArguments&) = delete;

  [[nodiscard]] bool ok() const noexcept { return block_ != nullptr && locations_ != nullptr; }
  [[nodiscard]] void* block() const noexcept { return block_; }
  [[nodiscard]] const void** locations() const noexcept { return locations_; }

 private:
  char* block_ = nullptr;
  const void** locations_ = nullptr;
};

}  // namespace

namespace hook {

cl_int clEnqueueNDRangeKernel(cl_command_queue command_queue, cl_kernel kernel, cl_uint work_dim, const size_t* global_work_offset,
                              const size_t* global_work_size, const size_t* local_work_size, cl_uint num_events_in_wait_list,
                              const cl_event* event_wait_list, cl_event* event) {
  return Enqueue(command_queue, KernelWork(kernel, work_dim, global_work_size), {num_events_in_wait_list, event_wait_list}, event,
                 [&](cl_event* out) {
                   return Next().clEnqueueNDRangeKernel(command_queue, kernel, work_dim, global_work_offset, global_work_size,
                                                        local_work_size, num_events_in_wait_list, event_wait_list, out);
                 });
}

cl_int clEnqueueTask(cl_command_queue command_queue, cl_kernel kernel, cl_uint num_events_in_wait_list, const cl_event* event_wait_list,
                     cl_event* event) {
  const size_t one = 1;
  return Enqueue(command_queue, KernelWork(kernel, 1, &one), {num_events_in_wait_list, event_wait_list}, event,
                 [&](cl_event* out) { return Next().clEnqueueTask(command_queue, kernel, num_events_in_wait_list, event_wait_list, out); });
}

// Mesa leaves the slot null, where a call through the loader would crash.
cl_int clEnqueueNativeKernel(cl_command_queue command_queue, void(CL_CALLBACK* user_func)(void*), void* args, size_t cb_args,
                             cl_uint num_mem_objects, const cl_mem* mem_list, const void** args_mem_loc, cl_uint num_events_in_wait_list,
                             const cl_event* event_wait_list, cl_event* event) {
  if (command_queue != nullptr && !DriverHas(command_queue, Slot::clEnqueueNativeKernel)) return CL_INVALID_OPERATION;
  const bool refused = user_func == nullptr || (args == nullptr && (cb_args != 0 || num_mem_objects != 0)) ||
                       (args != nullptr && cb_args == 0) || (num_mem_objects != 0 && (mem_list == nullptr || args_mem_loc == nullptr)) ||
                       (num_mem_objects == 0 && (mem_list != nullptr || args_mem_loc != nullptr));
  if (refused || FindQueue(command_queue) == nullptr) {
    return Next().clEnqueueNativeKernel(command_queue, user_func, args, cb_args, num_mem_objects, mem_list, args_mem_loc,
                                        num_events_in_wait_list, event_wait_list, event);
  }
  const NativeArguments wrapped(user_func, args, cb_args, num_mem_objects, args_mem_loc);
  if (!wrapped.ok()) return CL_OUT_OF_HOST_MEMORY;
  Work work;
  work.kind.exact = intercept::MixKey(3, reinterpret_cast<std::uintptr_t>(user_func));
  return EnqueueCall<&cl_icd_dispatch::clEnqueueNativeKernel>(
      command_queue, work, {num_events_in_wait_list, event_wait_list}, event, &RunNativeKernel, wrapped.block(),
      sizeof(NativeKernel) + cb_args, num_mem_objects, mem_list, num_mem_objects != 0 ? wrapped.locations() : nullptr);
}

}  // namespace hook
}  // namespace flexai::opencl
