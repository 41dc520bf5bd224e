#include "bench/load/completions.hpp"

#include <algorithm>
#include <cmath>

namespace flexai::load {

std::vector<Nanos> Completions::Sorted() const {
  std::vector<Nanos> sorted(stamps_.begin(), stamps_.begin() + static_cast<std::ptrdiff_t>(std::min(count(), stamps_.size())));
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

void Completions::Clear() noexcept {
  next_.store(0, std::memory_order_relaxed);
  written_.store(0, std::memory_order_relaxed);
}

std::vector<std::uint64_t> CumulativeBins(std::span<const Nanos> stamps, Nanos from, Nanos to, Nanos bin) {
  std::vector<std::uint64_t> bins;
  const auto until = [&](Nanos time) { return std::upper_bound(stamps.begin(), stamps.end(), time); };
  const auto first = until(from);
  for (Nanos edge = from + bin; edge <= to; edge += bin) bins.push_back(static_cast<std::uint64_t>(until(edge) - first));
  return bins;
}

Nanos PercentileOf(std::span<const Nanos> sorted, double percent) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(percent / 100.0 * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

}  // namespace flexai::load
