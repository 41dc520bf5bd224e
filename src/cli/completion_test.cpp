#include "cli/completion.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "cli/command_table.hpp"

namespace flexai::cli {
namespace {

using ::testing::HasSubstr;

TEST(CompletionTest, EveryScriptHasEveryCommandAndOption) {
  const std::string bash = BashCompletion(), zsh = ZshCompletion(), fish = FishCompletion();
  for (const CommandSpec& command : Commands()) {
    const std::string name(command.name);
    const std::string last = name.substr(name.rfind(' ') + 1);
    EXPECT_THAT(bash, HasSubstr("    '" + name + "') _flexai_reply"));
    EXPECT_THAT(zsh, HasSubstr("    '" + name + "')\n      _arguments"));
    EXPECT_THAT(zsh, HasSubstr("'" + last + ":"));
    EXPECT_THAT(fish, HasSubstr(" -a '" + last + "' -d "));

    const std::string of_bash = bash.substr(bash.find("    '" + name + "') _flexai_reply --"), bash.npos);
    const std::string bash_options = of_bash.substr(0, of_bash.find(" ;;\n"));
    const std::string of_zsh = zsh.substr(zsh.find("    '" + name + "')\n      _arguments"));
    const std::string zsh_options = of_zsh.substr(0, of_zsh.find(";;\n"));
    for (const OptionSpec& option : command.options) {
      const std::string dashed = "--" + std::string(option.name);
      EXPECT_THAT(bash_options, HasSubstr(" " + dashed)) << name;
      EXPECT_THAT(zsh_options, HasSubstr(dashed + (option.value.empty() ? "[" : "=["))) << name;
      std::string in_fish = "complete -c flexai -n '__flexai_in " + name + "'";
      if (option.letter != '\0') in_fish += std::string(" -s ") + option.letter;
      EXPECT_THAT(fish, HasSubstr(in_fish + " -l " + std::string(option.name) + " "));
      if (option.letter != '\0') {
        EXPECT_THAT(bash_options, HasSubstr(std::string(" -") + option.letter)) << name;
        EXPECT_THAT(zsh_options, HasSubstr(std::string("-") + option.letter + (option.value.empty() ? "[" : "+["))) << name;
      }
    }
  }
}

TEST(CompletionTest, WhereverAnXpuIsNamedItIsCompleted) {
  for (const CommandSpec& command : Commands())
    for (const OptionSpec& option : command.options) EXPECT_EQ(option.value == "XPU", option.names == Names::kXpus) << command.name;
}

TEST(CompletionTest, NothingIsLeftToFillIn) {
  for (const std::string& script : {BashCompletion(), FishCompletion()})
    for (const char* hole : {"@TAKES@", "@GROUPS@", "@PROGRAMS@", "@VALUES@", "@OPTIONS@", "@WORDS@", "@OPERANDS@"})
      EXPECT_EQ(script.find(hole), std::string::npos) << hole;
}

}  // namespace
}  // namespace flexai::cli
