// What became of a share: the device time it asked for, used, and left unused although it was guaranteed. For listings; the arbiter never reads it.
//
//   asked    the request, summed up over the share's life: 30 % for an hour is 1080 s. A line over time in one word, so that one store changes its slope
//   used     device_ns
//   idle     the guarantee that lapsed because nothing was charged to it, whatever the reason: the slice had no work, or its work was held up
//
// The guarantee clock (fair_share.hpp) makes the three agree. It starts with the share and follows the host clock in two ways only: by a charge, or by
// skipping, and what it skips is idle. So at any time
//
//   asked = charged to the guarantee + idle + request * (now - guarantee_ns)        to 1 us for each change of the request, 1 ns for each charge
//
//   - charged to the guarantee is at most device_ns + think_ns (the XPU kept for a pause is service). It is less where a slice with a limit above its
//     request took idle capacity: a clock that would run more than lead_limit_ns ahead stays there, and the rest was nobody's guarantee
//   - the last term is what is still owed, at most request * lag_limit_ns before it lapses; negative when the clock is ahead: what was used above the
//     guarantee excuses as much idleness afterwards, at most request * lead_limit_ns, or one longer command
//   - a request of 0 asks for nothing and leaves nothing idle
//   - with the share's end everything still owed has lapsed
//
// Kept since minor 1 of the region. A share admitted or changed by an older flexai, or with programs under an older library, has no such numbers: nothing,
// never 0. Any process may read; admission writes the share's part, under its lock.
#pragma once

#include <cstdint>
#include <optional>

#include "slice/region_view.hpp"
#include "slice/tuning.hpp"

namespace flexai::slice {

/// flexai_share.asked: base_us + permille * (host clock in us) / 1000.
///   63          10 9        0
///   +-------------+----------+
///   | base_us     | permille |
///   +-------------+----------+
struct AskedLine {
  std::int64_t base_us = 0;
  std::uint32_t permille = 0;

  [[nodiscard]] static constexpr AskedLine Unpack(std::uint64_t word) noexcept {
    return {static_cast<std::int64_t>(word) >> 10, static_cast<std::uint32_t>(word & 0x3ff)};
  }
  [[nodiscard]] constexpr std::uint64_t Pack() const noexcept { return static_cast<std::uint64_t>(base_us) << 10 | (permille & 0x3ff); }
  [[nodiscard]] constexpr std::int64_t AtUs(Nanos now) const noexcept { return base_us + Slope(permille, now); }
  /// The line that goes on from here with another slope.
  [[nodiscard]] constexpr AskedLine From(Nanos now, std::uint32_t new_permille) const noexcept {
    return {AtUs(now) - Slope(new_permille, now), new_permille};
  }
  [[nodiscard]] static constexpr AskedLine Begin(Nanos now, std::uint32_t permille) noexcept { return {-Slope(permille, now), permille}; }

 private:
  [[nodiscard]] static constexpr std::int64_t Slope(std::uint32_t permille, Nanos now) noexcept {
    return now / kMicrosecond * static_cast<std::int64_t>(permille) / 1000;
  }
};

/// Admission, under the lock. BeginUsage: the slot is about to get `generation` and its account was reset; the share is not active yet.
void BeginUsage(const RegionView& region, std::uint32_t slot, std::uint32_t generation, std::uint32_t request_permille, Nanos now) noexcept;
/// Before the request of a running share becomes another.
void ChangeUsage(const RegionView& region, std::uint32_t slot, std::uint32_t request_permille, const Tuning& tuning, Nanos now) noexcept;
/// Before the share of the slot ends.
void EndUsage(const RegionView& region, std::uint32_t slot, Nanos now, std::int64_t unix_s) noexcept;
/// Before the slot is given to another share: what was there is no longer.
void ForgetUsage(const RegionView& region, std::uint32_t slot) noexcept;
/// Before a process takes a record as generation `life_generation` of it, and leaves the mark that it counts what lapses.
void MarkCounting(const RegionView& region, std::uint32_t process, std::uint64_t life_generation) noexcept;

/// When the last share of a slot without one was seen to end; nothing where an older flexai ended it.
struct ShareEnd {
  Nanos at_ns = 0;
  std::int64_t unix_s = 0;
};
[[nodiscard]] std::optional<ShareEnd> EndOf(const RegionView& region, std::uint32_t slot) noexcept;

/// Device time in ns. `until`: now, or the end of a share that ended.
struct ShareUsage {
  std::optional<std::uint64_t> asked_ns;
  std::optional<std::uint64_t> idle_ns;
};
enum class ShareLife : std::uint8_t { kRunning, kEnded };
[[nodiscard]] ShareUsage UsageOf(const RegionView& region, std::uint32_t slot, ShareLife life, Nanos until, const Tuning& tuning) noexcept;

}  // namespace flexai::slice
