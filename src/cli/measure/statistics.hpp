// What is said of repeated measurements: the middle, the ends, how far shares are from what was asked. Floating point is fine here: nothing is accounted.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/document.hpp"

namespace flexai::cli {

struct Spread {
  std::size_t count = 0;
  double median = 0, least = 0, most = 0;
};

/// Of nothing all is 0 and count says so.
[[nodiscard]] Spread SpreadOf(std::vector<double> values);

/// The value that `percent` of the values do not pass (nearest rank); 0 of nothing.
[[nodiscard]] double Percentile(std::vector<double> values, double percent);

[[nodiscard]] double Mean(std::span<const double> values);

/// Each value's part of the sum, in percent; zeros when the sum is 0.
[[nodiscard]] std::vector<double> PartsInPercent(std::span<const double> values);

/// |measured - asked| of each, in points.
[[nodiscard]] std::vector<double> Errors(std::span<const double> asked, std::span<const double> measured);

[[nodiscard]] Document Describe(const Spread& spread);

/// `value` with so many decimals.
[[nodiscard]] std::string FixedPoint(double value, int decimals);

}  // namespace flexai::cli
