#include "cli/demo/watch.hpp"

#include <gtest/gtest.h>

namespace flexai::cli {
namespace {

TEST(SplitErrorTest, WhatAllFellShortOfTogetherIsNoError) { EXPECT_NEAR(SplitError({54, 27, 9}, {60, 30, 10}), 0, 1e-9); }

TEST(SplitErrorTest, AShiftBetweenTwoIsAnErrorInPoints) { EXPECT_NEAR(SplitError({50, 40, 10}, {60, 30, 10}), 10, 1e-9); }

TEST(SplitErrorTest, MoreThanTheCapIsAnErrorEvenWhereTheSplitIsRight) { EXPECT_NEAR(SplitError({66, 33}, {60, 30}), 6, 1e-9); }

TEST(SplitErrorTest, NothingUsedIsAsWrongAsCanBe) { EXPECT_NEAR(SplitError({0, 0}, {60, 40}), 60, 1e-9); }

TEST(JobRunTest, UsedPercentIsDeviceTimeOverTime) {
  EXPECT_NEAR((JobRun{.seconds = 4, .device_ns = 1'000'000'000}.UsedPercent()), 25, 1e-9);
  EXPECT_EQ(JobRun{}.UsedPercent(), 0);
}

}  // namespace
}  // namespace flexai::cli
