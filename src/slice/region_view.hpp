// Typed access to a mapped region: atomics on its fields, the lease word unpacked. No ownership: RegionFile maps and unmaps.
// Any thread; every access is one atomic operation on the field named.
#pragma once

#include <atomic>
#include <cstdint>

#include "api/region/region.h"
#include "core/clock.hpp"
#include "core/units.hpp"

namespace flexai::slice {

#ifdef FLEXAI_STEP_HOOK
/// Called before every access to shared state in the builds that kill processes between any two of them (kill_test.cpp).
void StepHook() noexcept;
#else
inline void StepHook() noexcept {}
#endif

/// The shared field `word` as an atomic. Shared memory is plain C; this and Load are the only ways it is touched.
template <class T>
[[nodiscard]] inline std::atomic_ref<T> Atomic(T& word) noexcept {
  static_assert(std::atomic_ref<T>::is_always_lock_free);
  StepHook();
  return std::atomic_ref<T>(word);
}
template <class T>
[[nodiscard]] inline T Load(const T& word, std::memory_order order = std::memory_order_relaxed) noexcept {
  StepHook();
  return std::atomic_ref<T>(const_cast<T&>(word)).load(order);
}

/// Which kind of work an account line is for.
enum class Engine : std::uint8_t { kCompute, kCopy };

/// The lease word of api/region/region.h.
struct Lease {
  std::uint32_t sequence = 0;
  bool yield = false;
  std::uint32_t holder = 0;  // 0 nobody, process index + 1, or FLEXAI_LEASE_GANG | slot
  std::uint32_t in_flight = 0;

  static constexpr std::uint32_t kMaxInFlight = 0xffff;

  [[nodiscard]] static constexpr Lease Unpack(std::uint64_t word) noexcept {
    return {static_cast<std::uint32_t>(word >> 32), (word >> 28 & FLEXAI_LEASE_YIELD) != 0, static_cast<std::uint32_t>(word >> 16 & 0xfff),
            static_cast<std::uint32_t>(word & 0xffff)};
  }
  [[nodiscard]] constexpr std::uint64_t Pack() const noexcept {
    return std::uint64_t{sequence} << 32 | std::uint64_t{yield ? FLEXAI_LEASE_YIELD : 0} << 28 | std::uint64_t{holder & 0xfff} << 16 |
           (in_flight & 0xffff);
  }
  /// The lease in the hands of `next` (0: nobody), with nothing in flight.
  [[nodiscard]] constexpr Lease PassedTo(std::uint32_t next) const noexcept { return {sequence + 1, false, next, 0}; }
};

/// The shares of one slot, read with one load (see flexai_share.compute).
struct ComputeShare {
  std::uint32_t request_permille = 0;
  std::uint32_t limit_permille = 1000;
  Priority priority = Priority::kNormal;

  [[nodiscard]] static constexpr ComputeShare Unpack(std::uint64_t word) noexcept {
    const auto clamp = [](std::uint64_t v, std::uint32_t lo, std::uint32_t hi) {
      return v < lo ? lo : v > hi ? hi : static_cast<std::uint32_t>(v);
    };
    return {clamp(word & 0xffff, 0, 1000), clamp(word >> 16 & 0xffff, 1, 1000), static_cast<Priority>(clamp(word >> 32 & 0xff, 0, 2))};
  }
  [[nodiscard]] constexpr std::uint64_t Pack() const noexcept {
    return request_permille | std::uint64_t{limit_permille} << 16 | std::uint64_t{static_cast<std::uint8_t>(priority)} << 32;
  }
};

/// A mapped region. `quota` may be mapped read-only.
struct RegionView {
  flexai_quota_file* quota = nullptr;
  flexai_state_file* state = nullptr;

  [[nodiscard]] flexai_process& process(std::uint32_t index) const noexcept { return state->processes[index % FLEXAI_REGION_PROCESSES]; }
  [[nodiscard]] std::uint32_t slot_of(std::uint32_t process_index) const noexcept {
    return process(process_index).slot % FLEXAI_REGION_SLICES;  // foreign bytes: never out of range
  }
  [[nodiscard]] flexai_slice_account& account(std::uint32_t slot) const noexcept { return state->slices[slot % FLEXAI_REGION_SLICES]; }
  [[nodiscard]] flexai_share& share(std::uint32_t slot) const noexcept { return quota->shares[slot % FLEXAI_REGION_SLICES]; }
  [[nodiscard]] ComputeShare compute(std::uint32_t slot) const noexcept { return ComputeShare::Unpack(Load(share(slot).compute)); }
};

}  // namespace flexai::slice
