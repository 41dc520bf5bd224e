// Whether a driver's event stamps can be believed: decided on the first commands, never by a probe of ours. A driver's clock passes when, from completion
// to completion, it advances as far as the host saw time advance; rusticl's 0, 1, 2, 3 do not. Its zero and its unit are nobody's business but the
// unit's: a clock that ran ten times too slow would be found too.
//
// Pure; the caller serialises.
#pragma once

#include <cstdint>

#include "core/clock.hpp"

namespace flexai::opencl {

enum class StampsVerdict : std::uint8_t { kUnknown, kAgree, kDisagree };

/// One completed command as both sides saw it.
struct StampedCommand {
  std::uint64_t start = 0, end = 0;  // the driver's stamps
  Nanos could_start_ns = 0;          // host clock: it was not in the driver before
  Nanos seen_ended_ns = 0;           // host clock: its callback ran
};

class StampsJudge {
 public:
  /// Looks at one more command, in any order. The verdict does not change once it is known.
  StampsVerdict Observe(const StampedCommand& command) noexcept;
  [[nodiscard]] StampsVerdict verdict() const noexcept { return verdict_; }

 private:
  static constexpr Nanos kFirstLook = 2 * kMillisecond;  // the advance must be long against a late callback
  static constexpr int kEnoughAgreements = 2;
  static constexpr int kEnoughDisagreements = 4;

  StampsVerdict verdict_ = StampsVerdict::kUnknown;
  bool begun_ = false;
  std::uint64_t first_end_ = 0;
  Nanos first_seen_ns_ = 0;
  Nanos next_look_ns_ = kFirstLook;
  int agreements_ = 0;
  int disagreements_ = 0;
};

/// Whether one command's stamps are possible at all: it cannot have run for longer than it was in the driver. Asked of every command, also after the
/// verdict: a wrapped or reset device clock must not become somebody's account.
[[nodiscard]] bool ArePossible(const StampedCommand& command) noexcept;

}  // namespace flexai::opencl
