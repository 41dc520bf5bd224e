// The three tables of the layer: what lies below us (Next), what we give to the loader (LayerTable), what a driver itself
// has (DriverHas). Set once at the first clInitLayer and constant from then on, so reading needs no synchronisation.
#pragma once

#include <cstddef>

#include "intercept/opencl/table.hpp"

namespace flexai::opencl {

namespace dispatch_detail {
extern cl_icd_dispatch next;
}

/// The functions of the next layer, or of the loader. They check null handles and then jump into the driver that made the
/// handle, also where that driver has no function: ask DriverHas before a call of the layer's own.
/// Null are the slots the loader does not know (Direct3D on Linux) and all of them before clInitLayer.
[[nodiscard]] inline const cl_icd_dispatch& Next() noexcept { return dispatch_detail::next; }

/// Our table: hooks, and null for every `pass` function, which a loader replaces with what it gave us. A pass-through call
/// therefore costs what it costs without a layer.
[[nodiscard]] const cl_icd_dispatch& LayerTable() noexcept;

/// The hook in a slot of our table, or null.
[[nodiscard]] void* HookIn(Slot slot) noexcept;

/// Whether the driver that made `handle` (a platform, device, context, queue, …; not null) has the function. Real drivers
/// leave slots null: clSetCommandQueueProperty in PoCL and Mesa, clCreateSubDevices in Mesa, clEnqueueNativeKernel in
/// rusticl (docs/opencl-facts.md).
[[nodiscard]] bool DriverHas(const void* handle, Slot slot) noexcept;

/// Takes `target` as the table below us, at most `entries` functions of it. Only the first call has an effect: with two
/// loaders in one process (an application's own copy beside the system's) every handle works through either, because each
/// jumps through the handle's own dispatch table. That table's libraries are pinned, so it cannot be unloaded under us.
void AdoptNext(const cl_icd_dispatch* target, std::size_t entries, const void* caller) noexcept;

}  // namespace flexai::opencl
