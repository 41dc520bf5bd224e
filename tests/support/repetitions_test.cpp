#include "tests/support/repetitions.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace flexai::testing {
namespace {

class RepetitionsTest : public ::testing::Test {
 protected:
  void TearDown() override { unsetenv("FLEXAI_REPEAT_PERCENT"); }
};

TEST_F(RepetitionsTest, ANormalRunMakesThreePercent) {
  unsetenv("FLEXAI_REPEAT_PERCENT");
  EXPECT_EQ(Repetitions(1000), 30u);
  EXPECT_EQ(Repetitions(10'000'000), 300'000u);
}

TEST_F(RepetitionsTest, NeverNone) {
  EXPECT_EQ(Repetitions(1), 1u);
  EXPECT_EQ(Repetitions(0), 1u);
}

TEST_F(RepetitionsTest, ASoakRunMakesAllOfThem) {
  setenv("FLEXAI_REPEAT_PERCENT", "100", 1);
  EXPECT_EQ(Repetitions(1000), 1000u);
  EXPECT_EQ(Repetitions(UINT64_MAX), UINT64_MAX / 100 * 100);
}

TEST_F(RepetitionsTest, NonsenseMeansANormalRun) {
  setenv("FLEXAI_REPEAT_PERCENT", "many", 1);
  EXPECT_EQ(Repetitions(100), 3u);
}

TEST_F(RepetitionsTest, TheSeedCanBeGiven) {
  setenv("FLEXAI_SEED", "0x10", 1);
  EXPECT_EQ(Seed(), 16u);
  unsetenv("FLEXAI_SEED");
  EXPECT_NE(Seed(), Seed());
}

}  // namespace
}  // namespace flexai::testing
