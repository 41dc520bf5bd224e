// Admission for a slice of several XPUs: it submits only while it holds all of their leases.
//
// Leases are taken in the order of the XPUs' ids, and whoever misses one lets go of those after it, so two gangs cannot hold each other up
// (resource ordering; Havender 1968). How long an XPU idles for a gang that is still collecting is bounded by the arbiter's keep time.
// Pure like the arbiter; any thread.
#pragma once

#include <cstdint>

#include "slice/arbiter.hpp"

namespace flexai::slice {

struct GangAttempt {
  Attempt attempt;
  std::uint32_t waits_on = 0;  // when waiting: the arbiter whose wake word to sleep on
};

/// One attempt to admit on arbiters[target]. `arbiters` are one process's, in ascending order of XPU id; `gates` has one entry for each.
[[nodiscard]] inline GangAttempt TryAdmitGang(Arbiter* const* arbiters, std::uint32_t size, std::uint32_t target, Nanos estimate,
                                              std::uint32_t count, GateState* gates, Nanos now) noexcept {
  for (std::uint32_t i = 0; i < size; ++i) {
    const Attempt taken = arbiters[i]->TryAdmit(0, 0, gates[i], now);
    if (taken.kind == Attempt::Kind::kAdmitted) continue;
    for (std::uint32_t later = i + 1; later < size; ++later) arbiters[later]->GiveBack(now);
    return {taken, i};
  }
  return {arbiters[target]->TryAdmit(estimate, count, gates[target], now), target};
}

}  // namespace flexai::slice
