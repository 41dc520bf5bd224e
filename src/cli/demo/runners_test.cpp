#include "cli/demo/runners.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace flexai::cli {
namespace {

namespace fs = std::filesystem;

const std::vector<RunnerProgram> kKnown{{"leela-zero", "/a/leela-zero"}, {"tinygrad", "/a/tinygrad"}};

TEST(RunnersTest, ExecutablesBesideUsAreRunnersAndTheirDataIsNot) {
  const fs::path root = fs::path(testing::TempDir()) / "runners", with = root / "share/flexai/with";
  fs::create_directories(with);
  for (const char* name : {"tinygrad", "leela-zero", "digits.txt", "helper.py", "note"}) std::ofstream(with / name) << "x";
  for (const char* name : {"tinygrad", "leela-zero", "helper.py"}) fs::permissions(with / name, fs::perms::owner_all);

  const auto runners = FindRunners((root / "bin/flexai").string());

  fs::remove_all(root);
  EXPECT_THAT(runners,
              testing::ElementsAre(testing::Field(&RunnerProgram::name, "leela-zero"), testing::Field(&RunnerProgram::name, "tinygrad")));
  EXPECT_TRUE(FindRunners((root / "bin/flexai").string()).empty());
}

TEST(RunnersTest, NamesAreTakenInTheirOrderAndOnce) {
  const auto chosen = ChooseRunners(kKnown, "tinygrad,leela-zero,tinygrad");

  ASSERT_TRUE(chosen.has_value());
  EXPECT_THAT(*chosen, testing::ElementsAre(testing::Field(&RunnerProgram::path, "/a/tinygrad"),
                                            testing::Field(&RunnerProgram::path, "/a/leela-zero")));
  EXPECT_TRUE(ChooseRunners(kKnown, "")->empty());
}

TEST(RunnersTest, AnUnknownNameIsRefusedWithTheKnownOnes) {
  const auto chosen = ChooseRunners(kKnown, "tinygrat");

  ASSERT_FALSE(chosen.has_value());
  EXPECT_EQ(chosen.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(chosen.error().message, testing::HasSubstr("leela-zero, tinygrad"));
}

}  // namespace
}  // namespace flexai::cli
