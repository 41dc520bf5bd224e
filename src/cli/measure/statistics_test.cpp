#include "cli/measure/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flexai::cli {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

TEST(BenchStatisticsTest, TheMedianOfAnEvenNumberLiesBetweenTheTwoInTheMiddle) {
  const Spread spread = SpreadOf({4, 1, 3, 10});

  EXPECT_DOUBLE_EQ(spread.median, 3.5);
  EXPECT_DOUBLE_EQ(spread.least, 1);
  EXPECT_DOUBLE_EQ(spread.most, 10);
  EXPECT_EQ(spread.count, 4u);
  EXPECT_DOUBLE_EQ(SpreadOf({5, 1, 2}).median, 2);
}

TEST(BenchStatisticsTest, NothingMeasuredIsNull) {
  EXPECT_TRUE(Describe(SpreadOf({})).IsNull());
  EXPECT_FALSE(Describe(SpreadOf({0})).IsNull());
}

TEST(BenchStatisticsTest, PercentilesAreOfTheNearestRank) {
  std::vector<double> values;
  for (int i = 1; i <= 200; ++i) values.push_back(i);

  EXPECT_DOUBLE_EQ(Percentile(values, 99), 198);
  EXPECT_DOUBLE_EQ(Percentile(values, 50), 100);
  EXPECT_DOUBLE_EQ(Percentile({7}, 99), 7);
  EXPECT_DOUBLE_EQ(Percentile({}, 99), 0);
}

TEST(BenchStatisticsTest, PartsAddUpToAHundred) {
  EXPECT_THAT(PartsInPercent(std::vector<double>{1, 2, 1}), ElementsAre(25, 50, 25));
  EXPECT_THAT(PartsInPercent(std::vector<double>{0, 0}), ElementsAre(0, 0));
}

TEST(BenchStatisticsTest, ErrorsHaveNoSign) {
  EXPECT_THAT(Errors(std::vector<double>{70, 30}, std::vector<double>{69.5, 30.5}),
              ElementsAre(DoubleNear(0.5, 1e-9), DoubleNear(0.5, 1e-9)));
}

}  // namespace
}  // namespace flexai::cli
