#include "cli/measure/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace flexai::cli {

Spread SpreadOf(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {.count = values.size(), .median = median, .least = values.front(), .most = values.back()};
}

double Percentile(std::vector<double> values, double percent) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
  return values[std::clamp<std::size_t>(rank, 1, values.size()) - 1];
}

double Mean(std::span<const double> values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::vector<double> PartsInPercent(std::span<const double> values) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  std::vector<double> parts;
  for (const double value : values) parts.push_back(sum > 0 ? 100 * value / sum : 0);
  return parts;
}

std::vector<double> Errors(std::span<const double> asked, std::span<const double> measured) {
  std::vector<double> errors;
  for (std::size_t i = 0; i < asked.size() && i < measured.size(); ++i) errors.push_back(std::fabs(measured[i] - asked[i]));
  return errors;
}

Document Describe(const Spread& spread) {
  if (spread.count == 0) return nullptr;
  return Document::Of({{"count", spread.count}, {"median", spread.median}, {"least", spread.least}, {"most", spread.most}});
}

std::string FixedPoint(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

}  // namespace flexai::cli
