// What a device says of itself in a slice: the card it would be if it had the quota as its memory. Everything else is the driver's own answer. Any thread;
// quotas are read at each question, so a change of a running slice is seen at once.
#pragma once

#include <cstdint>

#include "intercept/opencl/devices.hpp"

namespace flexai::opencl {

/// CL_DEVICE_MAX_MEM_ALLOC_SIZE of the sliced device.
[[nodiscard]] std::uint64_t MostOneBuffer(const Device& device, const slice::Tenant& tenant) noexcept;

}  // namespace flexai::opencl
