#include "intercept/opencl/svm.hpp"

#include "intercept/common/handle_table.hpp"
#include "intercept/opencl/contexts.hpp"
#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/memory.hpp"

namespace flexai::opencl {
namespace {

constinit intercept::HandleTable<Charge> allocations;

// `context` is valid.
void Free(cl_context context, void* pointer) noexcept {
  // Forgotten first: once freed, the address may be another thread's next allocation. Given back last, when the driver has freed.
  Charge charge;
  const bool known = allocations.Take(pointer, charge);
  Next().clSVMFree(context, pointer);
  if (known) Release(charge);
}

}  // namespace

bool IsChargedSvm(const void* pointer, std::size_t size) noexcept {
  Charge charge;
  return allocations.Find(pointer, charge) && charge.bytes >= size;
}

void CL_CALLBACK FreeSvmInCommand(cl_command_queue queue, cl_uint count, void* pointers[], void*) noexcept {
  cl_context context = nullptr;
  if (Next().clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context, &context, nullptr) != CL_SUCCESS) return;
  for (cl_uint i = 0; i < count; ++i) {
    if (pointers[i] != nullptr) Free(context, pointers[i]);
  }
}

namespace hook {

void* clSVMAlloc(cl_context context, cl_svm_mem_flags flags, size_t size, cl_uint alignment) {
  const ContextShares shares(context);
  if (shares.state() == ContextShares::State::kRefused) return nullptr;
  if (shares.state() != ContextShares::State::kGoverned || size == 0) return Next().clSVMAlloc(context, flags, size, alignment);
  Charge charge;
  if (size > shares.smallest_limit() || !ReserveOrWait(shares.tenants(), size, charge)) return nullptr;
  void* pointer = Next().clSVMAlloc(context, flags, size, alignment);
  if (pointer != nullptr && !allocations.Insert(pointer, charge)) {
    Next().clSVMFree(context, pointer);
    pointer = nullptr;
  }
  if (pointer == nullptr) Release(charge);
  return pointer;
}

void clSVMFree(cl_context context, void* svm_pointer) {
  cl_uint references = 0;
  if (context == nullptr || svm_pointer == nullptr ||
      Next().clGetContextInfo(context, CL_CONTEXT_REFERENCE_COUNT, sizeof references, &references, nullptr) != CL_SUCCESS) {
    return Next().clSVMFree(context, svm_pointer);  // frees nothing
  }
  Free(context, svm_pointer);
}

}  // namespace hook
}  // namespace flexai::opencl
