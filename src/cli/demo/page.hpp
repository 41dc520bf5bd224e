// The report of a demo as one HTML file: what was asked and measured, the figures, every number. No scripts, nothing from elsewhere, readable in print and
// without colour; well-formed XML besides, so that tools can read it. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/demo/audience.hpp"

namespace flexai::cli {

struct DemoReport {
  std::vector<std::pair<std::string, std::string>> facts;  // of the machine, the driver, the version
  std::vector<ActResult> acts;
  bool passed = false;
  long seconds = 0;
};

[[nodiscard]] std::string DemoPage(const DemoReport& report);

/// The same as a document: schema flexai.demo/2.
[[nodiscard]] Document DemoDocument(const DemoReport& report);

}  // namespace flexai::cli
