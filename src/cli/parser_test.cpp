#include "cli/parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/help.hpp"

namespace flexai::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Surroundings kNowhere;

ParsedCommand Parse(const std::vector<std::string>& words) {
  auto parsed = ParseCommandLine(words, kNowhere);
  if (!parsed) {
    ADD_FAILURE() << parsed.error().message;
    return {};
  }
  if (!std::holds_alternative<ParsedCommand>(*parsed)) {
    ADD_FAILURE() << "help instead of a command";
    return {};
  }
  return std::get<ParsedCommand>(*parsed);
}

std::string Refused(const std::vector<std::string>& words) {
  const auto parsed = ParseCommandLine(words, kNowhere);
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid);
  return parsed.error().message;
}

std::string Help(const std::vector<std::string>& words) {
  const auto parsed = ParseCommandLine(words, kNowhere);
  return parsed && std::holds_alternative<HelpText>(*parsed) ? std::get<HelpText>(*parsed).text : "no help";
}

TEST(ParserTest, ReadsOptionsInEverySpelling) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"smi", "--output", "json"}, {"smi", "--output=json"}, {"smi", "-o", "json"}, {"smi", "-ojson"}})
    EXPECT_EQ(Parse(words).args.Value("output"), "json") << words.back();
  EXPECT_TRUE(Parse({"smi", "--watch"}).args.Has("watch"));
  EXPECT_FALSE(Parse({"smi"}).args.Has("watch"));
}

TEST(ParserTest, TheProgramBeginsAfterTwoDashes) {
  const ParsedCommand run = Parse({"run", "--cores", "30", "-x", "pocl-0", "--", "python3", "--cores", "-x", "--"});

  EXPECT_EQ(run.args.Value("cores"), "30");
  EXPECT_THAT(run.args.command(), ElementsAre("python3", "--cores", "-x", "--"));
}

TEST(ParserTest, TheProgramBeginsAtTheFirstWordThatIsNoOption) {
  EXPECT_THAT(Parse({"run", "--cores", "30", "clinfo", "-l"}).args.command(), ElementsAre("clinfo", "-l"));
  EXPECT_THAT(Parse({"run", "-c30", "--memory=4Gi", "clinfo", "--memory", "x"}).args.command(), ElementsAre("clinfo", "--memory", "x"));
  EXPECT_EQ(Parse({"run", "-c30", "--memory=4Gi", "clinfo"}).args.Value("memory"), "4Gi");
  EXPECT_THAT(Parse({"run", "--cores", "30"}).args.command(), IsEmpty());
}

TEST(ParserTest, HelpAfterTheProgramIsTheProgramsOwn) {
  EXPECT_THAT(Parse({"run", "clinfo", "--help"}).args.command(), ElementsAre("clinfo", "--help"));
  EXPECT_THAT(Parse({"run", "--", "--help"}).args.command(), ElementsAre("--help"));
  EXPECT_THAT(Help({"run", "--help", "clinfo"}), HasSubstr("usage: flexai run"));
}

TEST(ParserTest, CollectsRepeatedOptionsWhereTheyMayRepeat) {
  EXPECT_THAT(Parse({"run", "-x", "a", "--xpu", "b", "prog"}).args.Values("xpu"), ElementsAre("a", "b"));
  EXPECT_THAT(Refused({"run", "--cores", "1", "--cores", "2", "prog"}), HasSubstr("--cores is given twice"));
}

TEST(ParserTest, SaysWhichOptionWasMeant) {
  EXPECT_EQ(Refused({"run", "--coers", "30", "prog"}),
            "`flexai run` has no option --coers; did you mean --cores? `flexai run --help` lists them");
  EXPECT_THAT(Refused({"smi", "--wach"}), HasSubstr("did you mean --watch?"));
  EXPECT_EQ(Refused({"smi", "--zzzzzzzz"}), "`flexai smi` has no option --zzzzzzzz; `flexai smi --help` lists them");
}

TEST(ParserTest, SaysWhichCommandWasMeant) {
  EXPECT_THAT(Refused({"sim"}), HasSubstr("there is no command 'sim'; did you mean smi?"));
  EXPECT_THAT(Refused({"frobnicate"}), HasSubstr("there is no command 'frobnicate'; `flexai --help`"));
  EXPECT_THAT(Refused({}), HasSubstr("a command is missing"));
}

TEST(ParserTest, SaysWhatIsMissingOrTooMuch) {
  EXPECT_EQ(Refused({"run", "--cores"}), "--cores needs a value: --cores N[:M]");
  EXPECT_EQ(Refused({"smi", "-o"}), "--output needs a value: --output FORMAT");
  EXPECT_THAT(Refused({"smi", "pocl-0"}), HasSubstr("does not expect 'pocl-0'"));
  EXPECT_EQ(Refused({"smi", "-o", "xml"}), "--output cannot be 'xml': it is table, wide, json or yaml");
  EXPECT_EQ(Refused({"smi", "--watch=yes"}), "--watch takes no value");
}

TEST(ParserTest, SaysWhichWordsAnOperandCanBe) {
  EXPECT_EQ(Refused({"completion", "tcsh"}), "SHELL cannot be 'tcsh': it is bash, zsh or fish");
  EXPECT_THAT(Parse({"completion", "fish"}).args.operands(), ElementsAre("fish"));
  EXPECT_THAT(Parse({"completion"}).args.operands(), IsEmpty());
}

TEST(ParserTest, GivesHelpWhereverItIsAskedFor) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--help"}, {"-h"}, {"help"}})
    EXPECT_THAT(Help(words), HasSubstr("usage: flexai COMMAND"));
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"smi", "--help"}, {"smi", "-h"}, {"help", "smi"}, {"smi", "--watch", "--help"}})
    EXPECT_THAT(Help(words), HasSubstr("usage: flexai smi"));
}

TEST(CommandTableTest, EveryCommandIsRunnableAndExplained) {
  for (const CommandSpec& command : Commands()) {
    EXPECT_NE(command.run, nullptr) << command.name;
    EXPECT_FALSE(command.summary.empty()) << command.name;
    std::vector<char> letters{'h'};
    for (const OptionSpec& option : command.options) {
      EXPECT_FALSE(option.help.empty()) << command.name << " --" << option.name;
      EXPECT_THAT(CommandHelp(command), HasSubstr("--" + std::string(option.name)));
      if (option.letter == '\0') continue;
      EXPECT_EQ(std::count(letters.begin(), letters.end(), option.letter), 0) << command.name << " -" << option.letter;
      letters.push_back(option.letter);
    }
  }
}

}  // namespace
}  // namespace flexai::cli
