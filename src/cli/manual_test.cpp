#include "cli/manual.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace flexai::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string AsRoff(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '-' ? std::string("\\-") : std::string(1, c);
  return out;
}

TEST(ManualTest, EveryCommandHasAPageWithAllOfItsOptionsAndOperands) {
  for (const CommandSpec& command : Commands()) {
    const std::string page = CommandManual(command);

    EXPECT_THAT(page, HasSubstr("\\fBflexai " + AsRoff(command.name) + "\\fR"));
    EXPECT_THAT(page, HasSubstr(AsRoff(command.summary)));
    for (const OptionSpec& option : command.options) {
      EXPECT_THAT(page, HasSubstr(".TP\n" + (option.letter == '\0' ? "" : std::string("\\fB\\-") + option.letter + "\\fR, ") +
                                  "\\fB\\-\\-" + AsRoff(option.name) + "\\fR"));
    }
    for (const OptionSpec& option : CommonOptions()) EXPECT_THAT(page, HasSubstr("\\fB\\-\\-" + AsRoff(option.name) + "\\fR"));
    for (const OperandSpec& operand : command.operands) EXPECT_THAT(page, HasSubstr(".TP\n\\fI" + AsRoff(operand.name) + "\\fR"));
  }
}

TEST(ManualTest, TheGeneralPageNamesEveryCommandsPage) {
  const std::string page = GeneralManual();
  for (const CommandSpec& command : Commands()) EXPECT_THAT(page, HasSubstr("\\fB" + AsRoff(ManualName(command)) + "\\fR(1)"));
}

TEST(ManualTest, TextOfTheTableIsNeverReadAsRoff) {
  const CommandSpec command{
      .name = "x y", .summary = "back\\slash", .details = ".TH is no request\n'nor this\n\nuse `--all`", .options = {}, .operands = {}};

  const std::string page = CommandManual(command);

  EXPECT_EQ(ManualName(command), "flexai-x-y");
  EXPECT_THAT(page, HasSubstr("back\\eslash"));
  EXPECT_THAT(page, HasSubstr("\n\\&.TH is no request\n\\&'nor this\n.PP\nuse \\fB\\-\\-all\\fR\n"));
  EXPECT_THAT(page, Not(HasSubstr("\n\n")));
}

}  // namespace
}  // namespace flexai::cli
