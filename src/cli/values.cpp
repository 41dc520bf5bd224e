#include "cli/values.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "slice/slice_file.hpp"

namespace flexai::cli {
namespace {

constexpr std::size_t kLongestShown = 40;

std::string Quoted(std::string_view text) {
  return "'" + std::string(text.substr(0, kLongestShown)) + (text.size() > kLongestShown ? "…'" : "'");
}

}  // namespace

Result<CoresAmount> ReadCores(std::string_view text) {
  if (const auto cores = ParseCores(text)) return *cores;
  const std::size_t colon = text.find(':');
  const auto request = ParsePercent(text.substr(0, colon));
  const auto limit = colon == std::string_view::npos ? request : ParsePercent(text.substr(colon + 1));
  if (request && limit && request->permille > limit->permille)
    return Fail(ErrorCode::kInvalid,
                "--cores " + Quoted(text) + " guarantees more than it allows: in N:M, N is the guarantee and M the cap");
  if (request && limit && limit->permille == 0)
    return Fail(ErrorCode::kInvalid, "--cores " + Quoted(text) + " would never run: write 0:M to use only idle capacity, up to M percent");
  if (request && limit)
    return Fail(ErrorCode::kInvalid, "--cores " + Quoted(text) + " is finer than slices are cut: the smallest share is 1 percent");
  return Fail(ErrorCode::kInvalid,
              "--cores " + Quoted(text) + " is no share: write N or N:M in percent of an XPU, from 1 to 100, such as 30 or 30:100");
}

Result<MemoryAmount> ReadMemory(std::string_view text) {
  if (const auto memory = ParseMemory(text)) return *memory;
  return Fail(ErrorCode::kInvalid, "--memory " + Quoted(text) +
                                       " is no amount: write bytes with Ki, Mi, Gi or Ti (or k, M, G, T) behind them, such as 4Gi " +
                                       "or 512Mi, or a part of the XPU such as 30%");
}

Result<Nanos> ReadInterval(std::string_view text) {
  std::string_view rest = text;
  const auto whole = quantity_detail::TakeInteger(rest);
  if (whole && *whole <= 60) {
    std::uint64_t millis = *whole * 1000;
    bool good = rest.empty();
    if (!good && rest.size() >= 2 && rest.size() <= 4 && rest[0] == '.') {
      rest.remove_prefix(1);
      std::uint64_t scale = 100;
      good = std::all_of(rest.begin(), rest.end(), [](char c) { return c >= '0' && c <= '9'; });
      for (const char c : rest) {
        millis += static_cast<std::uint64_t>(c - '0') * scale;
        scale /= 10;
      }
    }
    if (good && millis >= 100 && millis <= 60'000) return static_cast<Nanos>(millis) * kMillisecond;
  }
  return Fail(ErrorCode::kInvalid, "--interval " + Quoted(text) + " is no time to measure: write seconds from 0.1 to 60");
}

Result<std::string> ReadSliceName(std::string_view text) {
  if (slice::IsSliceName(text)) return std::string(text);
  return Fail(ErrorCode::kInvalid,
              Quoted(text) + " is no name for a slice: write 1 to 63 letters, digits, '.', '_' or '-', beginning with a letter or digit");
}

std::string ShowBytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 7> kUnits{"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  std::size_t unit = 0;
  while (unit + 1 < kUnits.size() && bytes >> (10 * (unit + 1)) != 0) ++unit;
  const std::uint64_t whole = bytes >> (10 * unit);
  const std::uint64_t tenths = unit == 0 ? 0 : (bytes >> (10 * (unit - 1)) & 1023) * 10 / 1024;
  std::string text = std::to_string(whole);
  if (whole < 100 && tenths != 0) text += "." + std::to_string(tenths);
  return text + std::string(kUnits[unit]);
}

std::string ShowSeconds(std::uint64_t nanos) {
  const std::uint64_t hundredths = nanos / (10 * kMillisecond);
  return std::to_string(hundredths / 100) + "." + std::to_string(hundredths / 10 % 10) + std::to_string(hundredths % 10);
}

std::string ShowTime(std::int64_t unix_s) {
  const auto seconds = static_cast<std::time_t>(unix_s);
  std::tm local{};
  std::array<char, 64> text{};
  if (localtime_r(&seconds, &local) == nullptr || std::strftime(text.data(), text.size(), "%F %T", &local) == 0)
    return std::to_string(unix_s);
  return text.data();
}

std::string ShowPercent(std::uint64_t permille) {
  std::string text = std::to_string(permille / 10);
  if (permille % 10 != 0) text += "." + std::to_string(permille % 10);
  return text;
}

std::string ShowCores(std::uint32_t request_permille, std::uint32_t limit_permille) {
  if (request_permille == limit_permille) return ShowPercent(request_permille);
  return ShowPercent(request_permille) + ":" + ShowPercent(limit_permille);
}

}  // namespace flexai::cli
