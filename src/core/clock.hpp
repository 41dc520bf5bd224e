// The host clock of all accounting: CLOCK_MONOTONIC in nanoseconds, the same value in every process of the machine.
// Device clocks are never mixed with it (a PoCL stamp is CLOCK_MONOTONIC_RAW): only differences of device stamps are used.
#pragma once

#include <cstdint>
#include <ctime>

namespace flexai {

using Nanos = std::int64_t;

inline constexpr Nanos kMicrosecond = 1'000;
inline constexpr Nanos kMillisecond = 1'000'000;
inline constexpr Nanos kSecond = 1'000'000'000;

/// Nanoseconds since boot. About 20 ns; async-signal-safe.
[[nodiscard]] inline Nanos MonotonicNow() noexcept {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return Nanos{t.tv_sec} * kSecond + t.tv_nsec;
}

}  // namespace flexai
