// Which devices exist for this process: the XPUs of its slice, found by the name that discovery gives them too. Any thread, without a lock.
//
// Of each platform one list is made at the first need and kept for ever; a driver that nobody asks is not started. Sub-devices are never kept: their
// handles come and go, so each question walks up to the device the driver listed.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/xpu_id.hpp"
#include "intercept/opencl/cl_headers.hpp"
#include "slice/tenant.hpp"

namespace flexai::opencl {

struct KeptInfo;  // device_info.cpp

/// A device as its driver lists it (CL_DEVICE_TYPE_ALL). Lives for ever at its address.
struct Device {
  cl_device_id handle = nullptr;
  XpuId xpu;
  bool left_alone = false;                                   // of flexai's own platform of remote XPUs, which enforces where they are
  std::uint64_t most_one_buffer = 0;                         // the driver's CL_DEVICE_MAX_MEM_ALLOC_SIZE
  mutable std::atomic<slice::Tenant*> tenant{nullptr};       // a guess, checked at each use: a child of fork may have another slice
  mutable std::atomic<const KeptInfo*> extensions{nullptr};  // filtered answers that never change, made at the first question
  mutable std::atomic<const KeptInfo*> extensions_with_version{nullptr};
};

/// The listed device that `device` is or is part of. Null for null, for handles the driver does not know, and for devices it does not list.
[[nodiscard]] const Device* RootDevice(cl_device_id device) noexcept;

/// Who pays for work and memory on `device`, sub-devices included. Null: not governed, because it is hidden from this slice, left alone, or no device.
[[nodiscard]] slice::Tenant* TenantOfDevice(cl_device_id device) noexcept;
[[nodiscard]] slice::Tenant* TenantOf(const Device& device) noexcept;

/// Whether the application may see and use the device.
[[nodiscard]] bool IsVisible(cl_device_id device) noexcept;

/// True, and an attempt to leave the slice is counted, when it may not. The caller answers CL_INVALID_DEVICE.
[[nodiscard]] bool RefuseHidden(cl_device_id device) noexcept;

}  // namespace flexai::opencl
