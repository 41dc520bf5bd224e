// Quantities that every part shares: bytes, shares of an XPU's compute, priorities. Integers only: accounting never uses floating point.
#pragma once

#include <compare>
#include <cstdint>

namespace flexai {

/// An amount of device memory.
struct Bytes {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(Bytes, Bytes) = default;
  friend constexpr Bytes operator+(Bytes a, Bytes b) noexcept { return {a.value + b.value}; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) noexcept { return {a.value - b.value}; }
};

/// Compute of one XPU in permille: 1000 is the whole device. A slice of 30 % is CoreShare{300}.
struct CoreShare {
  std::uint32_t permille = 0;
  friend constexpr auto operator<=>(CoreShare, CoreShare) = default;
};
inline constexpr CoreShare kWholeXpu{1000};

/// Decides order among slices that both have work, never the amount a slice is guaranteed (architecture §3).
enum class Priority : std::uint8_t { kLow = 0, kNormal = 1, kHigh = 2 };

/// What a tenant asks of one XPU: a guarantee, a cap, and memory. `request <= limit <= 1000`; `request` 0 uses idle capacity only.
struct ShareSpec {
  CoreShare request{10};
  CoreShare limit = kWholeXpu;
  Priority priority = Priority::kNormal;
  bool reserves_memory = false;  // false: holds what others have not reserved, up to the device
  Bytes memory{};                // reserved and capped; meaningful only with reserves_memory
};

}  // namespace flexai
