// cl_mem objects and what they cost: the one body of all functions that make one, and the end of each.
//
// The order is reserve, allocate, then keep or undo, so two threads or processes can never both find the same room. What an object costs is given back
// when the driver destroys it (its destructor callback), not when the application lets go: commands still running hold it. Any thread.
#pragma once

#include <cstdint>

#include "core/clock.hpp"
#include "intercept/opencl/cl_headers.hpp"
#include "intercept/opencl/contexts.hpp"
#include "intercept/opencl/memory_charge.hpp"

namespace flexai::opencl {

/// Keeps `charge` until the driver destroys `object`. False, and nothing kept, when there is no memory for the record.
[[nodiscard]] bool KeepUntilDestroyed(cl_mem object, const Charge& charge) noexcept;

/// Reserve, after a refusal once more for each object of this process that ends within milliseconds, when any is about to.
[[nodiscard]] bool ReserveOrWait(std::uint16_t tenants, std::uint64_t bytes, Charge& charge) noexcept;

/// The driver's answer to a smaller request of the same kind: whether its arguments, apart from the size, are good. Errors in arguments win over the quota.
template <class Create>
[[nodiscard]] cl_int Probe(Create create) noexcept;

struct Creation {
  std::uint64_t bytes = 0;  // what the object takes at least
  bool exact = true;        // no: the driver is asked afterwards (images with their padding, pipes, what comes from elsewhere)
  bool too_large = false;   // more than the sliced device says it can allocate at once: refused whatever is free
  cl_int refusal = CL_MEM_OBJECT_ALLOCATION_FAILURE;  // the error of a refusal
};

namespace memory_detail {
/// For how long after its release an object is expected to end: longer than any driver's own delay, short enough for programs that find out by failing how
/// much they may allocate. What lives on for another reason (a part of a buffer, an argument of a kernel) is not waited for after that. Changed by tests.
extern Nanos dying_patience;
void Destroy(cl_mem object) noexcept;
/// What the driver says of the object's size, at least `least`; 0 for one made of another object's memory.
[[nodiscard]] std::uint64_t RealSize(cl_mem object, std::uint64_t least) noexcept;
}  // namespace memory_detail

/// Makes an object in a governed context. `create(errcode_ret)` is the driver's call, `probe()` the driver's verdict on the arguments apart from their size.
template <class Create, class ProbeArguments>
cl_mem CreateCharged(const ContextShares& shares, const Creation& creation, cl_int* errcode_ret, Create create,
                     ProbeArguments probe) noexcept {
  const auto fail = [&](cl_int error) -> cl_mem {
    if (errcode_ret != nullptr) *errcode_ret = error;
    return nullptr;
  };
  Charge charge;
  if (shares.state() == ContextShares::State::kRefused) return fail(creation.refusal);
  if (creation.too_large || !ReserveOrWait(shares.tenants(), creation.bytes, charge)) {
    const cl_int verdict = probe();
    return fail(verdict != CL_SUCCESS ? verdict : creation.refusal);
  }
  cl_int error = CL_SUCCESS;
  cl_mem object = create(&error);
  if (object == nullptr || error != CL_SUCCESS) {  // the error decides: a driver may return a handle all the same
    Release(charge);
    (void)fail(error);
    return object;
  }
  if (!creation.exact && !Adjust(charge, memory_detail::RealSize(object, creation.bytes))) error = creation.refusal;
  if (error == CL_SUCCESS && !KeepUntilDestroyed(object, charge)) error = CL_OUT_OF_HOST_MEMORY;
  if (error != CL_SUCCESS) {
    memory_detail::Destroy(object);
    Release(charge);
    return fail(error);
  }
  if (errcode_ret != nullptr) *errcode_ret = CL_SUCCESS;
  return object;
}

template <class Create>
cl_int Probe(Create create) noexcept {
  cl_int error = CL_SUCCESS;
  cl_mem object = create(&error);
  if (object != nullptr && error == CL_SUCCESS) memory_detail::Destroy(object);
  return error;
}

}  // namespace flexai::opencl
