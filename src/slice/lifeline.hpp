// How everybody learns that this process died: a robust futex word in the region, owned by a thread of ours that lives exactly as long as the process.
// The kernel marks the word within about 0.1 ms of a SIGKILL, before memory is torn down, and without any need to see our pid (set_robust_list(2)).
//
// Only the thread itself writes its id there, and no lock of the region contains a thread id: ids of different PID namespaces collide, and the kernel
// would give a living owner's lock away. execve ends the thread, so a new program joins anew. A child of fork does not have the thread.
#pragma once

#include <cstdint>

#include "core/outcome.hpp"

namespace flexai::slice {

/// Starts the thread and returns when `*alive` holds its id. All signals blocked in it; it never ends. kUnenforceable where the kernel (or an emulator)
/// has no robust lists; kIo when no thread can be made.
[[nodiscard]] Outcome StartLifeline(std::uint32_t* alive) noexcept;

/// Makes a detached thread with a small stack and all signals blocked. `body` must not return.
[[nodiscard]] bool StartThread(void* (*body)(void*), void* argument) noexcept;

/// futex(2) on a word shared between processes. Wait returns at a wake, a signal, a changed word, or at the absolute CLOCK_MONOTONIC time `until`.
void FutexWait(std::uint32_t* word, std::uint32_t expected, std::int64_t until_ns) noexcept;
void FutexWake(std::uint32_t* word, int count) noexcept;

}  // namespace flexai::slice
