// How people write amounts: `4Gi`, `512Mi`, `30%`, `30:100`. Parsers take bytes from a command line or an environment and either return a value
// that is in range or nothing. No allocation, no locale; any thread.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "core/units.hpp"

namespace flexai {

namespace quantity_detail {

/// Reads leading decimal digits of `text` and removes them; nothing when there are none or the value passes 2^64-1.
constexpr std::optional<std::uint64_t> TakeInteger(std::string_view& text) noexcept {
  std::uint64_t value = 0;
  std::size_t n = 0;
  for (; n < text.size() && text[n] >= '0' && text[n] <= '9'; ++n) {
    const auto digit = static_cast<std::uint64_t>(text[n] - '0');
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  if (n == 0) return std::nullopt;
  text.remove_prefix(n);
  return value;
}

}  // namespace quantity_detail

/// An amount of memory, absolute or as a part of the device.
struct MemoryAmount {
  bool is_percent = false;
  std::uint64_t value = 0;  // bytes, or 1..100

  /// The bytes meant on a device of `total`. A percentage is rounded down to whole MiB, the unit of memory slices, but never to zero.
  [[nodiscard]] constexpr Bytes On(Bytes total) const noexcept {
    if (!is_percent) return {value};
    const std::uint64_t exact = total.value / 100 * value + total.value % 100 * value / 100;
    constexpr std::uint64_t kMiB = 1ULL << 20;
    return {exact >= kMiB ? exact / kMiB * kMiB : exact};
  }
};

/// `512`, `64Ki`, `512Mi`, `4Gi`, `1Ti` (powers of 1024), `500k`, `500M`, `4G`, `1T` (powers of 1000) or `30%` (1 to 100). Zero is refused.
[[nodiscard]] constexpr std::optional<MemoryAmount> ParseMemory(std::string_view text) noexcept {
  const auto number = quantity_detail::TakeInteger(text);
  if (!number || *number == 0) return std::nullopt;
  if (text == "%") {
    if (*number > 100) return std::nullopt;
    return MemoryAmount{true, *number};
  }
  struct Suffix {
    std::string_view text;
    std::uint64_t factor;
  };
  constexpr Suffix suffixes[] = {{"", 1},
                                 {"B", 1},
                                 {"Ki", 1ULL << 10},
                                 {"Mi", 1ULL << 20},
                                 {"Gi", 1ULL << 30},
                                 {"Ti", 1ULL << 40},
                                 {"KiB", 1ULL << 10},
                                 {"MiB", 1ULL << 20},
                                 {"GiB", 1ULL << 30},
                                 {"TiB", 1ULL << 40},
                                 {"k", 1000},
                                 {"M", 1'000'000},
                                 {"G", 1'000'000'000},
                                 {"T", 1'000'000'000'000}};
  for (const Suffix& suffix : suffixes) {
    if (text != suffix.text) continue;
    if (*number > std::numeric_limits<std::int64_t>::max() / suffix.factor) return std::nullopt;
    return MemoryAmount{false, *number * suffix.factor};
  }
  return std::nullopt;
}

/// A whole or one-decimal percentage, 0 to 100, as permille: `30` is 300, `0.5` is 5. An optional `%` may follow.
[[nodiscard]] constexpr std::optional<CoreShare> ParsePercent(std::string_view text) noexcept {
  auto whole = quantity_detail::TakeInteger(text);
  if (!whole || *whole > 100) return std::nullopt;
  std::uint32_t permille = static_cast<std::uint32_t>(*whole) * 10;
  if (text.size() >= 2 && text[0] == '.' && text[1] >= '0' && text[1] <= '9') {
    permille += static_cast<std::uint32_t>(text[1] - '0');
    text.remove_prefix(2);
  }
  if (text == "%") text.remove_prefix(1);
  if (!text.empty() || permille > kWholeXpu.permille) return std::nullopt;
  return CoreShare{permille};
}

struct CoresAmount {
  CoreShare request, limit;
};

/// `N` guarantees and caps N percent; `N:M` guarantees N and caps at M; `0:M` uses idle capacity only. M is at least 1 % and at least N.
[[nodiscard]] constexpr std::optional<CoresAmount> ParseCores(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  const auto request = ParsePercent(text.substr(0, colon));
  const auto limit = colon == std::string_view::npos ? request : ParsePercent(text.substr(colon + 1));
  if (!request || !limit || limit->permille < 10 || request->permille > limit->permille) return std::nullopt;
  if (request->permille != 0 && request->permille < 10) return std::nullopt;  // slices are cut in steps no finer than 1 %
  return CoresAmount{*request, *limit};
}

[[nodiscard]] constexpr std::optional<Priority> ParsePriority(std::string_view text) noexcept {
  if (text == "low") return Priority::kLow;
  if (text == "normal") return Priority::kNormal;
  if (text == "high") return Priority::kHigh;
  return std::nullopt;
}

[[nodiscard]] constexpr const char* PriorityName(Priority priority) noexcept {
  switch (priority) {
    case Priority::kLow: return "low";
    case Priority::kNormal: return "normal";
    case Priority::kHigh: return "high";
  }
  return "normal";
}

}  // namespace flexai
