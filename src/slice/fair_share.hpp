// The clocks of a slice on one XPU and the order they give: start-time fair queueing over charged device time (Goyal, Vin, Cheng 1996), a guarantee
// that a priority cannot starve, and a cap as a token bucket with debt.
//
//   vtime         charged time / request: among equals the smallest runs next
//   guarantee_ns  the host time up to which the request is used up: behind now by owed_ns = owed: goes before a higher priority that is not.
//                 Where it is moved forward without a charge, that much of the guarantee lapsed unused: whoever moved it adds it to idle_ns
//   cap_ns        the same for the limit: ahead of now = in debt, may not run. A charge of d moves it by d / limit from max(cap_ns, now - period),
//                 so over any interval a slice gets at most limit * (interval + period) plus what was in flight
//
// Pure functions on the shared account: any process, any thread, no lock; each clock moves by one atomic operation.
#pragma once

#include <cstdint>

#include "core/clock.hpp"
#include "slice/region_view.hpp"
#include "slice/tuning.hpp"

namespace flexai::slice {

/// The device time that a share of `permille` is guaranteed in `host` ns, 0 or more.
[[nodiscard]] constexpr std::uint64_t DeviceTime(Nanos host, std::uint32_t permille) noexcept {
  const auto wide = static_cast<std::uint64_t>(host);
  return wide / 1000 * permille + wide % 1000 * permille / 1000;
}

/// Charges `device` ns of `engine` time to the slice's clocks and counters.
void ChargeDeviceTime(flexai_slice_account& account, ComputeShare share, Nanos device, Engine engine, const Tuning& tuning,
                      Nanos now) noexcept;

/// Charges a pause for which the lease was kept: it counts as service received, but not against the cap, which is about the device.
void ChargeThinkTime(flexai_slice_account& account, ComputeShare share, Nanos pause, const Tuning& tuning, Nanos now) noexcept;

/// Device time that the cap still allows, counting `in_flight` expected ns; positive: may submit. Unlimited shares get the whole period.
[[nodiscard]] Nanos CapCredit(const flexai_slice_account& account, ComputeShare share, Nanos in_flight, const Tuning& tuning,
                              Nanos now) noexcept;

/// When a slice out of credit will have saved `savings` ns of time again.
[[nodiscard]] Nanos CapRetryAt(const flexai_slice_account& account, ComputeShare share, Nanos in_flight, Nanos savings) noexcept;

/// A slice that was absent, or only waited for its cap, starts level with the others of its class that are active: no credit is hoarded.
void JoinQueue(const RegionView& region, std::uint32_t slot, bool was_absent, const Tuning& tuning, Nanos now) noexcept;

/// Before a running share's request becomes another: what it is owed, or ahead, stays the same device time. Under the region's lock.
void RescaleGuarantee(flexai_slice_account& account, std::uint32_t from_permille, std::uint32_t to_permille, const Tuning& tuning,
                      Nanos now) noexcept;

/// What decides who runs next. Smaller is better in `Before`.
struct Standing {
  bool uses_idle_only = false;  // request 0: behind everybody who has a guarantee
  bool owed = false;
  Priority priority = Priority::kNormal;
  std::uint64_t vtime = 0;
  std::int64_t waiting_since = 0;
};
/// `holds`: it has the lease, and then is owed until its guarantee is fully made up for, not only to within owed_ns: a slice that is owed little at a time
/// would otherwise cost a hand-over for every command.
[[nodiscard]] Standing StandingOf(const flexai_slice_account& account, ComputeShare share, bool holds, Nanos in_flight,
                                  const Tuning& tuning, Nanos now) noexcept;

enum class Order : std::int8_t { kBefore, kLevel, kAfter };
/// Compares by class only: kLevel means that vtime decides. Who has no guarantee comes last. Where the contenders have different priorities (`mixed`),
/// those who are owed come first and then the higher priority; where all are equal, vtime alone keeps every guarantee. One value of `mixed` for all
/// comparisons of a decision, so that the order is transitive.
[[nodiscard]] Order CompareClass(const Standing& a, const Standing& b, bool mixed) noexcept;
/// Strict order among those who wait: class, then vtime, then who waited longer.
[[nodiscard]] bool Before(const Standing& a, const Standing& b, bool mixed) noexcept;
/// a - b of two virtual times, which may wrap.
[[nodiscard]] inline std::int64_t VtimeDifference(std::uint64_t a, std::uint64_t b) noexcept { return static_cast<std::int64_t>(a - b); }

}  // namespace flexai::slice
