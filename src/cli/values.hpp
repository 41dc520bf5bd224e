// What people write after an option, read and checked; the error says what was expected. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/clock.hpp"
#include "core/quantity.hpp"

namespace flexai::cli {

[[nodiscard]] Result<CoresAmount> ReadCores(std::string_view text);
[[nodiscard]] Result<MemoryAmount> ReadMemory(std::string_view text);
/// Seconds with up to three decimals, 0.1 to 60.
[[nodiscard]] Result<Nanos> ReadInterval(std::string_view text);
/// A slice's name: 1 to 63 of letters, digits, '.', '_' and '-', beginning with neither '.' nor '-'.
[[nodiscard]] Result<std::string> ReadSliceName(std::string_view text);

/// `6.3Gi`, `512Mi`, `0`: three digits at most, rounded down, in units of 1024.
[[nodiscard]] std::string ShowBytes(std::uint64_t bytes);
/// Seconds of device time with two decimals, rounded down: `1080.25`.
[[nodiscard]] std::string ShowSeconds(std::uint64_t nanos);
/// A time of day of this machine: `2026-11-24 09:30:00`.
[[nodiscard]] std::string ShowTime(std::int64_t unix_s);
/// `30`, `99.5`: permille as percent.
[[nodiscard]] std::string ShowPercent(std::uint64_t permille);
/// `30`, or `30:100` where guarantee and cap differ.
[[nodiscard]] std::string ShowCores(std::uint32_t request_permille, std::uint32_t limit_permille);

}  // namespace flexai::cli
