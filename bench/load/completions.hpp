// When commands completed, as seen by the host clock, and what follows from it. The log is written from driver callbacks of any thread, without waking
// anybody, and read after the work has ended.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/clock.hpp"

namespace flexai::load {

/// Work begins at `start`, counts between `from` and `to`, and no more of it is submitted after `to`.
struct Interval {
  Nanos start = 0, from = 0, to = 0;
};

class Completions {
 public:
  explicit Completions(std::size_t capacity) : stamps_(capacity) {}

  /// Any thread. Stamps beyond the capacity are counted, not kept.
  void Add(Nanos now) noexcept {
    const std::size_t index = next_.fetch_add(1, std::memory_order_acq_rel);
    if (index < stamps_.size()) stamps_[index] = now;
    written_.fetch_add(1, std::memory_order_release);  // pairs with count(): a stamp that is counted is written
  }
  [[nodiscard]] std::size_t count() const noexcept { return written_.load(std::memory_order_acquire); }
  [[nodiscard]] bool overflowed() const noexcept { return count() > stamps_.size(); }

  /// Ascending. Only while nobody adds.
  [[nodiscard]] std::vector<Nanos> Sorted() const;
  void Clear() noexcept;

 private:
  std::vector<Nanos> stamps_;
  std::atomic<std::size_t> next_{0}, written_{0};
};

/// How many of the ascending `stamps` lie in (from, from + k * bin] for k = 1, 2, … up to `to`.
[[nodiscard]] std::vector<std::uint64_t> CumulativeBins(std::span<const Nanos> stamps, Nanos from, Nanos to, Nanos bin);

/// The value below which `percent` of the ascending `sorted` lie (nearest rank); 0 of nothing.
[[nodiscard]] Nanos PercentileOf(std::span<const Nanos> sorted, double percent);

}  // namespace flexai::load
