// Shared virtual memory: allocations without an object, so the layer remembers them by their address. Any thread.
#pragma once

#include <cstddef>

#include "intercept/opencl/cl_headers.hpp"

namespace flexai::opencl {

/// Whether `pointer` begins an SVM allocation of at least `size` bytes that this process pays for.
[[nodiscard]] bool IsChargedSvm(const void* pointer, std::size_t size) noexcept;

/// For clEnqueueSVMFree without a function of the application's: to be handed to the driver in its place. Frees as the driver would and gives the memory
/// back to the ledger in the same step; a command that never runs frees nothing, and then nothing is given back.
void CL_CALLBACK FreeSvmInCommand(cl_command_queue queue, cl_uint count, void* pointers[], void* unused) noexcept;

}  // namespace flexai::opencl
