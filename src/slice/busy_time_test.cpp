#include "slice/busy_time.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace flexai::slice {
namespace {

TEST(BusyTimeTest, CountsDisjointIntervalsInFull) {
  BusyTime busy;

  EXPECT_EQ(busy.Add(0, 10), 10);
  EXPECT_EQ(busy.Add(20, 25), 5);
}

TEST(BusyTimeTest, CountsAnOverlapOnce) {
  BusyTime busy;

  EXPECT_EQ(busy.Add(0, 10), 10);
  EXPECT_EQ(busy.Add(5, 15), 5);
  EXPECT_EQ(busy.Add(0, 15), 0);
}

TEST(BusyTimeTest, ALongCommandThatEndsLastPaysForTheGapsOfTheShortOnes) {
  BusyTime busy;

  EXPECT_EQ(busy.Add(2, 3), 1);
  EXPECT_EQ(busy.Add(5, 6), 1);
  EXPECT_EQ(busy.Add(0, 10), 8);
}

TEST(BusyTimeTest, AnEmptyOrReversedIntervalCountsNothing) {
  BusyTime busy;

  EXPECT_EQ(busy.Add(5, 5), 0);
  EXPECT_EQ(busy.Add(9, 3), 0);
}

// Property: the sum of what Add returns is the length of the union, in whatever order up to the stated memory of 16 gaps the intervals come.
TEST(BusyTimeTest, SumIsTheLengthOfTheUnion) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<bool> covered(400);
    BusyTime busy;
    Nanos sum = 0;
    Nanos front = 0;
    for (int i = 0; i < 60; ++i) {
      front += static_cast<Nanos>(random() % 6);
      const Nanos start = std::max<Nanos>(0, front - static_cast<Nanos>(random() % 20));
      const Nanos end = std::min<Nanos>(400, start + static_cast<Nanos>(random() % 25));
      sum += busy.Add(start, end);
      for (Nanos t = start; t < end; ++t) covered[static_cast<std::size_t>(t)] = true;
    }

    EXPECT_EQ(sum, std::count(covered.begin(), covered.end(), true));
  }
}

}  // namespace
}  // namespace flexai::slice
