// How often a repeated test repeats: few times in a normal run, fully in `make soak` (FLEXAI_REPEAT_PERCENT=100).
// Header-only; for tests and simulators' tests, any thread.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

namespace flexai::testing {

/// `full` is the count a soak run makes; a normal run makes 3 % of it, and never less than one.
[[nodiscard]] inline std::uint64_t Repetitions(std::uint64_t full) {
  const char* text = std::getenv("FLEXAI_REPEAT_PERCENT");
  std::uint64_t percent = text != nullptr ? std::strtoull(text, nullptr, 10) : 0;
  if (percent == 0) percent = 3;
  // full * percent may overflow for counts that mean "for ever"; a hundredth less exact does not matter there.
  const std::uint64_t count = full < UINT64_MAX / percent ? full * percent / 100 : full / 100 * percent;
  return count > 0 ? count : 1;
}

/// A fresh seed, or the one in FLEXAI_SEED, with which a failure is run again. The caller prints it (SCOPED_TRACE).
[[nodiscard]] inline std::uint64_t Seed() {
  if (const char* text = std::getenv("FLEXAI_SEED"); text != nullptr) return std::strtoull(text, nullptr, 0);
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace flexai::testing
