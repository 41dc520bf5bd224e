// What the bench found: a line per goal, with what was measured, how it scattered and whether the goal is met. Table and document are made from the same
// lines. Main thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/document.hpp"
#include "base/table.hpp"
#include "cli/measure/statistics.hpp"
#include "core/xpu_id.hpp"

namespace flexai::cli {

struct BenchLine {
  std::string row, xpu, what;
  std::string goal;  // in words: "≤ 0.5 points"
  std::string unit;
  double value = 0;
  int decimals = 2;
  std::optional<bool> met;   // nothing: there is no goal, or it could not be measured
  std::string note;          // why not measured, or what a reader must know
  Spread spread;             // of the single measurements, in `unit`
  double foreign_cores = 0;  // the highest competing load while it was measured
  Document details;

  [[nodiscard]] static BenchLine Skipped(std::string row, const XpuId& xpu, std::string what, std::string why);
};

class BenchReport {
 public:
  void Add(BenchLine line) { lines_.push_back(std::move(line)); }
  [[nodiscard]] const std::vector<BenchLine>& lines() const noexcept { return lines_; }

  [[nodiscard]] Table AsTable() const;
  [[nodiscard]] Document AsDocument() const;

 private:
  std::vector<BenchLine> lines_;
};

}  // namespace flexai::cli
