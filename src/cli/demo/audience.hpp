// What an act of the demo showed, and where acts speak. What is said is kept for the report; on stdout it appears unless that is for programs. Main thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/document.hpp"
#include "base/terminal.hpp"
#include "cli/demo/figure.hpp"
#include "core/clock.hpp"

namespace flexai::cli {

struct ActResult {
  std::string name, asked, measured;
  bool passed = false;
  std::string left_out;  // why it could not be shown here; then it does not count
  Document details;
  std::vector<Figure> figures;
  std::string heading;
  std::vector<std::string> story;  // what was said

  [[nodiscard]] bool failed() const noexcept { return !passed && left_out.empty(); }
  /// "passed", "FAILED" or "left out".
  [[nodiscard]] std::string_view word() const noexcept { return passed ? "passed" : failed() ? "FAILED" : "left out"; }
  [[nodiscard]] Style style() const noexcept { return passed ? Style::kGood : failed() ? Style::kBad : Style::kWarning; }
};

class Audience {
 public:
  struct Manner {
    bool quiet = false, color = false;
  };
  explicit Audience(Manner manner) : manner_(manner) {}

  /// Begins an act: its number is counted here.
  void Heading(std::string_view line);
  void Say(std::string_view line);
  void Verdict(const ActResult& act, std::string_view line);
  /// What is going on: rewritten on a terminal, elsewhere a line every two seconds; not kept.
  void Live(std::string_view line);
  void EndLive() { live_.reset(); }
  /// Moves what was said since the heading into `act`.
  void TellStory(ActResult& act);

 private:
  Manner manner_;
  std::optional<ProgressLine> live_;
  Nanos said_ = 0;
  int acts_ = 0;
  std::string heading_;
  std::vector<std::string> story_;
};

}  // namespace flexai::cli
