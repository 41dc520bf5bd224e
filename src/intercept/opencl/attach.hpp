// This process's way into its slice. Nothing happens when the library is loaded: the first call whose answer depends on the slice attaches, and so does
// the first such call in a child of fork. Any thread, several at once; never inside a lock of ours.
//
// A process that cannot attach is never left unenforced: it sees no devices, and one line on stderr says why and what to do.
#pragma once

#include <cstdint>

#include "slice/tenant.hpp"

namespace flexai::opencl {

/// Joins the slice that FLEXAI_SLICE names, once per process; concurrent callers wait for the first. False: this process is in no slice.
/// After the first call a few loads.
[[nodiscard]] bool EnsureAttached() noexcept;

/// Which process this is, among those that fork made of one program: a number that never changes within a process and differs between a parent and its
/// children. What was charged under another number belongs to the parent's account. Two loads; needs no slice.
[[nodiscard]] std::uint32_t ProcessEpoch() noexcept;

/// Counts an attempt to use what the slice does not grant. Harmless without a slice.
void CountBypassAttempt() noexcept;

/// Flushes this process's queues on `tenant`: somebody waits for what they hold. Defined beside the queues.
void FlushQueues(slice::Tenant& tenant, void* context) noexcept;

}  // namespace flexai::opencl
