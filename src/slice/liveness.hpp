// Whether a process record belongs to a living process, read from its robust futex word (see lifeline.hpp): one load, no pid needed.
#pragma once

#include <cstdint>

#include "slice/region_view.hpp"

namespace flexai::slice {

inline constexpr std::uint32_t kOwnerDied = 0x40000000;  // FUTEX_OWNER_DIED, set by the kernel at the death of the word's owner
inline constexpr std::uint32_t kTidMask = 0x3fffffff;    // FUTEX_TID_MASK

/// The flexai_process_state in `flexai_process.life`.
[[nodiscard]] constexpr std::uint32_t StateOf(std::uint64_t life) noexcept { return static_cast<std::uint32_t>(life & 0xff); }
[[nodiscard]] constexpr std::uint64_t WithState(std::uint64_t life, std::uint32_t state) noexcept { return (life & ~0xffULL) | state; }
[[nodiscard]] inline std::uint32_t StateOf(const flexai_process& process) noexcept {
  return StateOf(Load(process.life, std::memory_order_acquire));
}

[[nodiscard]] inline bool IsAlive(const flexai_process& process) noexcept {
  if (StateOf(process) != FLEXAI_PROCESS_LIVE) return false;
  const std::uint32_t word = Load(process.alive);
  return (word & kOwnerDied) == 0 && (word & kTidMask) != 0;
}

}  // namespace flexai::slice
