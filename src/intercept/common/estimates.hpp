// How long a command is expected to run on its device, learnt from those that ran before. Used by the gates to bound the device time in flight, and to
// decide which commands are worth a completion of their own; accounts are always of measured time.
//
// A fixed table without locks: a lost update costs one sample, an overwritten entry starts anew. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/clock.hpp"

namespace flexai::intercept {

/// What makes two commands alike. `exact` names the command with its size, `family` without; `amount` is that size in any unit (work items, bytes) and
/// scales the family's rate when the exact command was not seen yet.
struct CommandKind {
  std::uint64_t exact = 0;
  std::uint64_t family = 0;
  std::uint64_t amount = 0;
};

/// Mixes the parts of a key; order matters. Never 0.
[[nodiscard]] constexpr std::uint64_t MixKey(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t h = (a ^ (b + 0x9e3779b97f4a7c15 + (a << 6) + (a >> 2))) * 0xff51afd7ed558ccd;
  h ^= h >> 33;
  return h == 0 ? 1 : h;
}

struct Expectation {
  Nanos device_ns = -1;  // -1: nothing is known
  bool settled = false;  // seen often enough, lately, and always about the same: the next one need not be measured
  std::atomic<std::uint32_t>* unmeasured = nullptr;  // where Estimates counts those that were not
};

class Estimates {
 public:
  constexpr Estimates() = default;
  Estimates(const Estimates&) = delete;
  Estimates& operator=(const Estimates&) = delete;

  [[nodiscard]] Expectation Expect(const CommandKind& kind) noexcept;

  /// Counts a command of a settled kind that is not going to be measured: after some of them the kind is no longer settled, until one is.
  static void NoteUnmeasured(const Expectation& expectation) noexcept;
  static void NoteMeasured(const Expectation& expectation) noexcept;

  void Learn(const CommandKind& kind, Nanos device_ns) noexcept;

 private:
  // Means as fixed point with 16 bits after the point, so that a family's nanoseconds per byte are not lost.
  struct Entry {
    std::atomic<std::uint64_t> key{0};
    std::atomic<std::int64_t> mean{0};
    std::atomic<std::int64_t> deviation{0};  // mean absolute deviation
    std::atomic<std::uint32_t> samples{0};
    std::atomic<std::uint32_t> unmeasured{0};
  };
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kSets = 512;

  [[nodiscard]] Entry* Find(std::uint64_t key) noexcept;
  [[nodiscard]] Entry& FindOrReplace(std::uint64_t key) noexcept;
  static void LearnInto(Entry& entry, std::int64_t value) noexcept;

  Entry entries_[kSets][kWays];
};

}  // namespace flexai::intercept
