#include "slice/usage.hpp"

#include <algorithm>

#include "slice/fair_share.hpp"

namespace flexai::slice {
namespace {

// Whether all processes that ever charged this generation of the share, as far as their records tell, count what lapses. A record names its last process
// until the next one takes it, which looks before (MarkCounting).
bool AllCount(const RegionView& region, std::uint32_t slot, std::uint32_t generation) noexcept {
  for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i) {
    const flexai_process& process = region.process(i);
    const std::uint64_t life_generation = Load(process.life) >> 8;
    if (life_generation == 0 || region.slot_of(i) != slot || Load(process.slot_generation) != generation) continue;
    if (Load(process.counts_idle) < life_generation) return false;
  }
  return true;
}

// The clock, and what had lapsed when it stood there: whoever moves it counts afterwards.
void ReadTogether(const flexai_slice_account& account, Nanos& clock, std::uint64_t& lapsed) noexcept {
  for (int attempt = 0; attempt < 8; ++attempt) {
    clock = Load(account.guarantee_ns, std::memory_order_acquire);
    lapsed = Load(account.idle_ns, std::memory_order_acquire);
    if (Load(account.guarantee_ns) == clock) return;
  }
}

}  // namespace

void BeginUsage(const RegionView& region, std::uint32_t slot, std::uint32_t generation, std::uint32_t request_permille,
                Nanos now) noexcept {
  flexai_share& share = region.share(slot);
  flexai_slice_account& account = region.account(slot);
  Atomic(account.idle_ns).store(0, std::memory_order_relaxed);
  Atomic(account.idle_generation).store(generation, std::memory_order_relaxed);
  Atomic(share.asked).store(AskedLine::Begin(now, request_permille).Pack(), std::memory_order_relaxed);
  Atomic(share.asked_generation).store(generation, std::memory_order_relaxed);
}

void ChangeUsage(const RegionView& region, std::uint32_t slot, std::uint32_t request_permille, const Tuning& tuning, Nanos now) noexcept {
  flexai_share& share = region.share(slot);
  const std::uint32_t before = region.compute(slot).request_permille;
  RescaleGuarantee(region.account(slot), before, request_permille, tuning, now);
  const AskedLine line = AskedLine::Unpack(Load(share.asked));
  // A line whose slope is not the request was left by an older flexai, which changed the request beside it: it stays wrong, and is seen to be.
  if (line.permille == before)
    Atomic(share.asked).store(line.From(now, request_permille).Pack(), std::memory_order_relaxed);
  else
    Atomic(share.asked_generation).store(0, std::memory_order_relaxed);
}

void EndUsage(const RegionView& region, std::uint32_t slot, Nanos now, std::int64_t unix_s) noexcept {
  flexai_share& share = region.share(slot);
  Atomic(share.ended_ns).store(now, std::memory_order_relaxed);
  Atomic(share.ended_unix_s).store(unix_s, std::memory_order_relaxed);
  Atomic(share.ended_generation).store(Load(share.generation), std::memory_order_release);
}

void ForgetUsage(const RegionView& region, std::uint32_t slot) noexcept {
  Atomic(region.share(slot).ended_generation).store(FLEXAI_SHARE_GIVEN, std::memory_order_seq_cst);
}

void MarkCounting(const RegionView& region, std::uint32_t process, std::uint64_t life_generation) noexcept {
  flexai_process& record = region.process(process);
  const std::uint64_t last = Load(record.life) >> 8;
  if (last != 0 && Load(record.counts_idle) < last) {
    // The last process of the record did not count, and nothing else will tell of it.
    auto counted = Atomic(region.account(region.slot_of(process)).idle_generation);
    if (counted.load(std::memory_order_relaxed) == Load(record.slot_generation)) counted.store(0, std::memory_order_relaxed);
  }
  Atomic(record.counts_idle).store(life_generation, std::memory_order_relaxed);
}

std::optional<ShareEnd> EndOf(const RegionView& region, std::uint32_t slot) noexcept {
  const flexai_share& share = region.share(slot);
  if (Load(share.ended_generation, std::memory_order_acquire) != Load(share.generation)) return std::nullopt;
  return ShareEnd{Load(share.ended_ns), Load(share.ended_unix_s)};
}

ShareUsage UsageOf(const RegionView& region, std::uint32_t slot, ShareLife life, Nanos until, const Tuning& tuning) noexcept {
  ShareUsage usage;
  const flexai_share& share = region.share(slot);
  const flexai_slice_account& account = region.account(slot);
  const std::uint32_t generation = Load(share.generation), request = region.compute(slot).request_permille;
  const AskedLine line = AskedLine::Unpack(Load(share.asked));
  if (Load(share.asked_generation) != generation || line.permille != request) return usage;
  until = std::clamp<Nanos>(until, 0, Nanos{1} << 61);  // a foreign end of a share must not overflow either
  const auto asked = static_cast<std::uint64_t>(std::max<std::int64_t>(line.AtUs(until), 0)) * kMicrosecond;
  usage.asked_ns = asked;
  if (Load(account.idle_generation) != generation || !AllCount(region, slot, generation)) return usage;

  Nanos clock = 0;
  std::uint64_t lapsed = 0;
  ReadTogether(account, clock, lapsed);
  constexpr Nanos kFarthest = Nanos{1} << 56;  // two years; foreign bytes must not overflow
  const Nanos behind = until - std::clamp(clock, until - kFarthest, until);
  const Nanos may_be_used = life == ShareLife::kRunning ? std::min(behind, tuning.lag_limit_ns) : 0;
  const std::uint64_t counted = std::min(lapsed, asked) + DeviceTime(behind - may_be_used, request);
  // What was neither charged nor can be used any more is idle, also where a process died between moving the clock and counting.
  const std::uint64_t rounding = Load(account.commands) + static_cast<std::uint64_t>(100 * kMicrosecond);
  const std::uint64_t served = Load(account.device_ns) + Load(account.think_ns) + DeviceTime(may_be_used, request) + rounding;
  const std::uint64_t least = asked > served ? asked - served : 0;
  usage.idle_ns = std::min(std::max(counted, least), asked);
  return usage;
}

}  // namespace flexai::slice
