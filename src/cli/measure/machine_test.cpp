#include "cli/measure/machine.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace flexai::cli {
namespace {

TEST(BenchMachineTest, BusyTimeIsAllButIdleWaitingAndStolen) {
  const auto times = ParseCpuTimes("cpu  100 10 20 5000 300 3 4 7 50 6\ncpu0 1 2 3 4 5 6 7 8 9 10\n", 100);

  ASSERT_TRUE(times);
  EXPECT_EQ(times->busy_ns, 1370 * kMillisecond);
  EXPECT_EQ(times->stolen_ns, 70 * kMillisecond);
}

TEST(BenchMachineTest, WhatIsNoStatFileIsRefused) {
  EXPECT_FALSE(ParseCpuTimes("", 100));
  EXPECT_FALSE(ParseCpuTimes("cpu 1 2 3", 100));
  EXPECT_FALSE(ParseCpuTimes("intr 1 2 3 4 5 6 7 8 9 10", 100));
}

TEST(BenchMachineTest, AProgramNamedLikeAStatFileIsReadRight) {
  const auto time = ParseProcessTime("42 (a) 9 (b) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 7 3 20 0 1 0 999", 100);

  ASSERT_TRUE(time);
  EXPECT_EQ(*time, 3100 * kMillisecond);
  EXPECT_FALSE(ParseProcessTime("42 (cut) S 1 42", 100));
}

TEST(BenchMachineTest, OurOwnWorkIsNotForeign) {
  const LoadMeter ours({getpid()}), nobody({});
  volatile double x = 0;
  const Nanos until = MonotonicNow() + 300 * kMillisecond;
  while (MonotonicNow() < until) x = x + 1;

  EXPECT_LT(ours.Measure().foreign_cores, nobody.Measure().foreign_cores);
}

}  // namespace
}  // namespace flexai::cli
