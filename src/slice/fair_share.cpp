#include "slice/fair_share.hpp"

#include <algorithm>

namespace flexai::slice {
namespace {

constexpr std::uint64_t kPermille = 1000;

std::uint64_t Weight(ComputeShare share) noexcept { return std::max<std::uint64_t>(share.request_permille, 1); }

Nanos Scale(Nanos device, std::uint64_t permille) noexcept {
  return static_cast<Nanos>(static_cast<std::uint64_t>(std::max<Nanos>(device, 0)) * kPermille / permille);
}

// `to` - `from` for to >= from, whatever bytes they are.
Nanos Between(Nanos from, Nanos to) noexcept {
  return static_cast<Nanos>(std::min<std::uint64_t>(static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from), INT64_MAX));
}

// Moves a clock to min(max(clock, floor) + step, ceiling) and returns how far the floor was ahead of it. The ceiling never pulls a clock back.
Nanos Advance(std::int64_t& clock, Nanos floor, Nanos step, Nanos ceiling) noexcept {
  auto word = Atomic(clock);
  std::int64_t seen = word.load(std::memory_order_relaxed);
  for (;;) {
    const std::int64_t from = std::max(seen, floor);
    const std::int64_t to = std::max(from, std::min(from + step, ceiling));
    if (word.compare_exchange_weak(seen, to, std::memory_order_relaxed)) return Between(seen, from);
  }
}

// `lapsed` of the guarantee clock passed without a charge. Once by whoever moved the clock: killed in between, this stretch is missing, never invented.
void NoteLapsed(flexai_slice_account& account, std::uint32_t request_permille, Nanos lapsed) noexcept {
  if (lapsed <= 0 || request_permille == 0) return;
  Atomic(account.idle_ns).fetch_add(DeviceTime(lapsed, request_permille), std::memory_order_relaxed);
}

void ChargeService(flexai_slice_account& account, ComputeShare share, Nanos service, const Tuning& tuning, Nanos now) noexcept {
  Atomic(account.vtime).fetch_add(static_cast<std::uint64_t>(service) * kPermille / Weight(share), std::memory_order_relaxed);
  const Nanos step = Scale(service, Weight(share));
  // One command may cost more than the lead limit (a 15 ms command of a 1 % slice is 1.5 s of its guarantee): that debt is real and stays.
  const Nanos lapsed = Advance(account.guarantee_ns, now - tuning.lag_limit_ns, step, now + std::max(step, tuning.lead_limit_ns));
  NoteLapsed(account, share.request_permille, lapsed);
}

}  // namespace

void ChargeDeviceTime(flexai_slice_account& account, ComputeShare share, Nanos device, Engine engine, const Tuning& tuning,
                      Nanos now) noexcept {
  device = std::max<Nanos>(device, 0);
  Atomic(account.device_ns).fetch_add(static_cast<std::uint64_t>(device), std::memory_order_relaxed);
  if (engine == Engine::kCopy) Atomic(account.copy_ns).fetch_add(static_cast<std::uint64_t>(device), std::memory_order_relaxed);
  ChargeService(account, share, device, tuning, now);
  const Nanos step = Scale(device, share.limit_permille);
  Advance(account.cap_ns, now - tuning.cap_period_ns, step, INT64_MAX);
}

void ChargeThinkTime(flexai_slice_account& account, ComputeShare share, Nanos pause, const Tuning& tuning, Nanos now) noexcept {
  if (pause <= 0) return;
  Atomic(account.think_ns).fetch_add(static_cast<std::uint64_t>(pause), std::memory_order_relaxed);
  ChargeService(account, share, pause, tuning, now);
}

Nanos CapCredit(const flexai_slice_account& account, ComputeShare share, Nanos in_flight, const Tuning& tuning, Nanos now) noexcept {
  if (share.limit_permille >= kPermille) return tuning.cap_period_ns;
  const Nanos clock = std::max(Load(account.cap_ns), now - tuning.cap_period_ns) + Scale(in_flight, share.limit_permille);
  return (now - clock) * static_cast<Nanos>(share.limit_permille) / static_cast<Nanos>(kPermille);
}

Nanos CapRetryAt(const flexai_slice_account& account, ComputeShare share, Nanos in_flight, Nanos savings) noexcept {
  return Load(account.cap_ns) + Scale(in_flight, share.limit_permille) + savings;
}

void JoinQueue(const RegionView& region, std::uint32_t slot, bool was_absent, const Tuning& tuning, Nanos now) noexcept {
  flexai_slice_account& account = region.account(slot);
  const ComputeShare share = region.compute(slot);
  bool others = false;
  std::uint64_t least = 0;
  for (std::uint32_t i = 0; i < FLEXAI_REGION_SLICES; ++i) {
    if (i == slot % FLEXAI_REGION_SLICES || Load(region.share(i).state) != FLEXAI_SLOT_ACTIVE) continue;
    // Virtual times of different classes are never compared, and have run apart: a higher priority took what the lower one was not owed.
    const ComputeShare theirs = region.compute(i);
    if (theirs.priority != share.priority || (theirs.request_permille == 0) != (share.request_permille == 0)) continue;
    const flexai_slice_account& other = region.account(i);
    if (now - Load(other.active_ns) > 3 * tuning.poll_ns) continue;  // who waits shows it at every poll
    const std::uint64_t vtime = Load(other.vtime);
    if (!others || VtimeDifference(vtime, least) < 0) least = vtime;
    others = true;
  }
  if (others) {
    if (!was_absent) {
      // It had work and only waited for its cap: what the cap allows it in two periods may have been due to it meanwhile, no more.
      least -= static_cast<std::uint64_t>(2 * tuning.cap_period_ns) * share.limit_permille / Weight(share);
    }
    auto word = Atomic(account.vtime);
    std::uint64_t seen = word.load(std::memory_order_relaxed);
    while (VtimeDifference(seen, least) < 0 && !word.compare_exchange_weak(seen, least, std::memory_order_relaxed)) {
    }
  }
  if (was_absent) NoteLapsed(account, share.request_permille, Advance(account.guarantee_ns, now, 0, INT64_MAX));
}

void RescaleGuarantee(flexai_slice_account& account, std::uint32_t from_permille, std::uint32_t to_permille, const Tuning& tuning,
                      Nanos now) noexcept {
  if (from_permille == to_permille) return;
  const bool loses_all = to_permille == 0;  // what it was owed until now is void, and so unused
  NoteLapsed(account, from_permille, Advance(account.guarantee_ns, loses_all ? now : now - tuning.lag_limit_ns, 0, INT64_MAX));
  auto word = Atomic(account.guarantee_ns);
  std::int64_t seen = word.load(std::memory_order_relaxed);
  for (;;) {
    constexpr Nanos kFarthest = Nanos{1} << 52;  // seven weeks; foreign bytes must not overflow
    const Nanos ahead = std::clamp(seen, now - kFarthest, now + kFarthest) - now;
    const Nanos rescaled = loses_all ? 0 : ahead * static_cast<Nanos>(from_permille) / static_cast<Nanos>(to_permille);
    if (word.compare_exchange_weak(seen, now + rescaled, std::memory_order_relaxed)) return;
  }
}

Standing StandingOf(const flexai_slice_account& account, ComputeShare share, bool holds, Nanos in_flight, const Tuning& tuning,
                    Nanos now) noexcept {
  Standing standing;
  standing.uses_idle_only = share.request_permille == 0;
  standing.priority = share.priority;
  standing.vtime = Load(account.vtime) + static_cast<std::uint64_t>(std::max<Nanos>(in_flight, 0)) * kPermille / Weight(share);
  standing.owed =
      !standing.uses_idle_only && Load(account.guarantee_ns) + Scale(in_flight, Weight(share)) + (holds ? 0 : tuning.owed_ns) < now;
  return standing;
}

Order CompareClass(const Standing& a, const Standing& b, bool mixed) noexcept {
  if (a.uses_idle_only != b.uses_idle_only) return a.uses_idle_only ? Order::kAfter : Order::kBefore;
  if (!mixed) return Order::kLevel;
  if (a.owed != b.owed) return a.owed ? Order::kBefore : Order::kAfter;
  if (a.priority != b.priority) return a.priority > b.priority ? Order::kBefore : Order::kAfter;
  return Order::kLevel;
}

bool Before(const Standing& a, const Standing& b, bool mixed) noexcept {
  const Order order = CompareClass(a, b, mixed);
  if (order != Order::kLevel) return order == Order::kBefore;
  const std::int64_t difference = VtimeDifference(a.vtime, b.vtime);
  if (difference != 0) return difference < 0;
  return a.waiting_since < b.waiting_since;
}

}  // namespace flexai::slice
