#include "cli/demo/audience.hpp"

#include <unistd.h>

#include "cli/report.hpp"

namespace flexai::cli {
namespace {

constexpr Nanos kSayEvery = 2 * kSecond;

}  // namespace

void Audience::Heading(std::string_view line) {
  EndLive();
  heading_ = std::to_string(++acts_) + "  " + std::string(line);
  story_.clear();
  if (!manner_.quiet) (void)Print("\n" + Styled(heading_, Style::kBold, manner_.color) + "\n");
}

void Audience::Say(std::string_view line) {
  EndLive();
  story_.emplace_back(line);
  if (!manner_.quiet) (void)Print(std::string(line) + "\n");
}

void Audience::Verdict(const ActResult& act, std::string_view line) {
  EndLive();
  story_.push_back("  " + std::string(act.word()) + ": " + std::string(line));
  if (!manner_.quiet) (void)Print("  " + Styled(act.word(), act.style(), manner_.color) + "  " + std::string(line) + "\n");
}

void Audience::Live(std::string_view line) {
  if (manner_.quiet) return;
  if (IsTerminal(STDOUT_FILENO)) {
    if (!live_) live_.emplace(STDOUT_FILENO);
    live_->Show(line);
  } else if (const Nanos now = MonotonicNow(); now - said_ >= kSayEvery) {
    said_ = now;
    (void)Print(std::string(line) + "\n");
  }
}

void Audience::TellStory(ActResult& act) {
  EndLive();
  act.heading = heading_;
  act.story = std::exchange(story_, {});
}

}  // namespace flexai::cli
