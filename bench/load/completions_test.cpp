#include "bench/load/completions.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace flexai::load {
namespace {

TEST(CompletionsTest, BinsCountWhatCompletedSinceTheBeginning) {
  const std::vector<Nanos> stamps{5, 10, 11, 20, 29, 30, 31};

  EXPECT_EQ(CumulativeBins(stamps, 10, 30, 10), (std::vector<std::uint64_t>{2, 4}));
}

TEST(CompletionsTest, ABinThatDoesNotFitIsLeftOut) { EXPECT_EQ(CumulativeBins(std::vector<Nanos>{1, 2}, 0, 15, 10).size(), 1u); }

TEST(CompletionsTest, StampsOfSeveralThreadsAreAllKept) {
  Completions log(2000);
  std::thread other([&] {
    for (Nanos i = 0; i < 1000; ++i) log.Add(2 * i);
  });
  for (Nanos i = 0; i < 1000; ++i) log.Add(2 * i + 1);
  other.join();

  const std::vector<Nanos> sorted = log.Sorted();

  ASSERT_EQ(sorted.size(), 2000u);
  for (std::size_t i = 0; i < sorted.size(); ++i) EXPECT_EQ(sorted[i], static_cast<Nanos>(i));
}

TEST(CompletionsTest, SaysWhenItIsFull) {
  Completions log(1);
  log.Add(1);
  EXPECT_FALSE(log.overflowed());
  log.Add(2);
  EXPECT_TRUE(log.overflowed());
  EXPECT_EQ(log.Sorted().size(), 1u);
}

TEST(CompletionsTest, PercentilesAreOfTheNearestRank) {
  const std::vector<Nanos> sorted{10, 20, 30, 40};

  EXPECT_EQ(PercentileOf(sorted, 50), 20);
  EXPECT_EQ(PercentileOf(sorted, 51), 30);
  EXPECT_EQ(PercentileOf(sorted, 99), 40);
  EXPECT_EQ(PercentileOf(sorted, 0), 10);
  EXPECT_EQ(PercentileOf({}, 99), 0);
}

}  // namespace
}  // namespace flexai::load
