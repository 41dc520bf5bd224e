#include "digits/model.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace example {
namespace {

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ModelTest, ReadsWhatItWrites) {
  const Parameters parameters = Rounded(UntrainedParameters(9));

  const ParsedModel parsed = ParseModel(FormatModel(parameters));

  EXPECT_EQ(parsed.problem, "");
  EXPECT_EQ(parsed.parameters, parameters);
  EXPECT_EQ(Rounded(parameters), parameters) << "what is rounded stays";
}

TEST(ModelTest, RoundsToTheNearestStep) {
  const Parameters rounded = Rounded(Parameters{1.4f / 4096, -1.6f / 4096, 1e9f});

  EXPECT_EQ(rounded, (Parameters{1.0f / 4096, -2.0f / 4096, 1024.0f}));
}

TEST(ModelTest, NamesTheFirstLineThatIsWrong) {
  const std::string good = FormatModel(Parameters(kParameters));
  const std::string nines = "0 0 0 0 0 0 0 0 0\n";
  struct Case {
    std::string text, problem;
  };
  for (const Case& wrong : {Case{"", "line 1 is not 'digits-model 1'"},
                            {Replaced(good, "model 1", "model 2"), "line 1 is not 'digits-model 1'"},
                            {Replaced(good, "first 16", "first 17"), "line 2 is not 'first 16'"},
                            {Replaced(good, nines, "0 0 0 0 0 0 0 0\n"), "line 3 is not 9 whole numbers"},
                            {Replaced(good, nines, "0 0 0 0 0 0 0 0 0 0\n"), "line 3 is not 9 whole numbers"},
                            {Replaced(good, nines, "0 0 0 0  0 0 0 0 0\n"), "line 3 is not 9 whole numbers"},
                            {Replaced(good, nines, "0 0 0 0 0 0 0 0 0.5\n"), "line 3 is not 9 whole numbers"},
                            {Replaced(good, nines, "0 0 0 0 0 0 0 0 9999999999\n"), "line 3 is not 9 whole numbers"},
                            {good.substr(0, good.size() - 1), "line 852 is not 64 whole numbers"},
                            {good + "\n", "line 853 is not the end"}})
    EXPECT_EQ(ParseModel(wrong.text).problem, wrong.problem);
}

TEST(ModelTest, ReplacesAFileByAWholeNewOneAndLeavesNothingElse) {
  std::string folder = (std::filesystem::temp_directory_path() / "model_test.XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/model.txt";
  const Parameters old_one = Rounded(UntrainedParameters(1)), new_one = Rounded(UntrainedParameters(2));

  WriteModel(path, old_one);
  std::ifstream reader(path);  // of somebody who began before
  WriteModel(path, new_one);

  EXPECT_EQ(LoadModel(path), new_one);
  const std::string still{std::istreambuf_iterator<char>(reader), {}};
  EXPECT_EQ(ParseModel(still).parameters, old_one);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::filesystem::remove_all(folder);
}

TEST(ModelDeathTest, EndsWithASentenceWhereThereIsNoModel) {
  EXPECT_EXIT((void)LoadModel("/nonexistent/model.txt"), testing::ExitedWithCode(2),
              "Cannot read the model /nonexistent/model.txt: No such file");
  EXPECT_EXIT((void)LoadModel("/dev/null"), testing::ExitedWithCode(2), "/dev/null is not a model of this network: line 1 is not");
  EXPECT_EXIT(WriteModel("/nonexistent/model.txt", Parameters(kParameters)), testing::ExitedWithCode(1),
              "Cannot write the model /nonexistent/");
}

TEST(ModelTest, TheOneCompiledInKnowsTheTestDigits) {
  const Parameters parameters = LoadModel("");

  const std::vector<Digit> digits = LoadDigits().test;
  size_t right = 0;
  for (const Digit& digit : digits) right += Best(Classify(parameters, digit.image)) == digit.label ? 1 : 0;

  EXPECT_GE(static_cast<double>(right), 0.95 * static_cast<double>(digits.size()));
}

}  // namespace
}  // namespace example
