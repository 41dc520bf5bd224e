// The measurements of `flexai bench slicing`, one function a row. Each adds its lines to the report; what cannot be measured here is added as such. An error
// ends the row only. Main thread.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/bench/bed.hpp"
#include "cli/bench/report.hpp"
#include "core/clock.hpp"

namespace flexai::cli {

struct BenchOptions {
  Nanos length = 10 * kSecond;  // of one measurement of shares and caps
  int repeats = 5;              // of paired measurements
  std::uint64_t percent = 3;    // of the counts that only a soak run does fully
};

struct RowContext {
  TestBed& bed;
  const BenchOptions& options;
  BenchReport& report;
  std::function<void(std::string_view)> progress;  // what is being measured now

  /// The counts of the long rows: `percent` of `full`, never less than one.
  [[nodiscard]] std::uint64_t Count(std::uint64_t full) const { return std::max<std::uint64_t>(full * options.percent / 100, 1); }
};

struct BenchRow {
  std::string_view name, title;
  Status (*run)(RowContext& context);
};

[[nodiscard]] std::span<const BenchRow> BenchRows();

// bench_rows_share.cpp
[[nodiscard]] Status MeasureShares(RowContext& context);
[[nodiscard]] Status MeasureSynchronous(RowContext& context);
[[nodiscard]] Status MeasureCaps(RowContext& context);
[[nodiscard]] Status MeasureTen(RowContext& context);
// bench_rows_speed.cpp
[[nodiscard]] Status MeasureOverhead(RowContext& context);
[[nodiscard]] Status MeasureContended(RowContext& context);
[[nodiscard]] Status MeasureCallCosts(RowContext& context);
[[nodiscard]] Status MeasurePriority(RowContext& context);
[[nodiscard]] Status MeasureElastic(RowContext& context);
// bench_rows_crash.cpp
[[nodiscard]] Status MeasureMemoryRace(RowContext& context);
[[nodiscard]] Status MeasureKills(RowContext& context);
[[nodiscard]] Status MeasureAttach(RowContext& context);

}  // namespace flexai::cli
