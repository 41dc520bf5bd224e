#include "intercept/opencl/stamps.hpp"

#include <gtest/gtest.h>

namespace flexai::opencl {
namespace {

// A device that runs one command after the other, `device_per_host` ticks of its clock per host nanosecond times 1000.
struct FakeDevice {
  std::uint64_t permille = 1000;
  std::uint64_t zero = 5'000'000'000;
  Nanos now = 77'000'000'000;

  StampedCommand Run(Nanos length, Nanos callback_delay = 10 * kMicrosecond) {
    StampedCommand command;
    command.could_start_ns = now;
    command.start = Stamp(now + 2 * kMicrosecond);
    command.end = Stamp(now + 2 * kMicrosecond + length);
    now += 2 * kMicrosecond + length;
    command.seen_ended_ns = now + callback_delay;
    return command;
  }
  std::uint64_t Stamp(Nanos host) const { return zero + static_cast<std::uint64_t>(host) / 1000 * permille; }
};

StampsVerdict JudgeOf(FakeDevice device, Nanos length, Nanos host_time) {
  StampsJudge judge;
  const Nanos end = device.now + host_time;
  while (device.now < end) judge.Observe(device.Run(length));
  return judge.verdict();
}

TEST(StampsTest, AClockThatAdvancesWithTheHostIsBelievedAfterAFewMilliseconds) {
  EXPECT_EQ(JudgeOf({}, 8 * kMicrosecond, 10 * kMillisecond), StampsVerdict::kAgree);
  EXPECT_EQ(JudgeOf({}, 5 * kMillisecond, 40 * kMillisecond), StampsVerdict::kAgree);
}

TEST(StampsTest, ItsZeroIsNobodysBusiness) {
  EXPECT_EQ(JudgeOf({.zero = 1}, kMillisecond, 20 * kMillisecond), StampsVerdict::kAgree);
  EXPECT_EQ(JudgeOf({.zero = 1ULL << 60}, kMillisecond, 20 * kMillisecond), StampsVerdict::kAgree);
}

TEST(StampsTest, AClockWithAnotherUnitIsNotBelieved) {
  EXPECT_EQ(JudgeOf({.permille = 1}, kMillisecond, 100 * kMillisecond), StampsVerdict::kDisagree);
  EXPECT_EQ(JudgeOf({.permille = 1500}, kMillisecond, 100 * kMillisecond), StampsVerdict::kDisagree);
}

TEST(StampsTest, NumbersThatAreNoClockAreNotBelieved) {
  StampsJudge judge;
  FakeDevice device;

  for (int i = 0; i < 100; ++i) {
    StampedCommand command = device.Run(kMillisecond);
    command.start = 2;
    command.end = 3;
    judge.Observe(command);
  }

  EXPECT_EQ(judge.verdict(), StampsVerdict::kDisagree);
}

TEST(StampsTest, OneLateCallbackDoesNotCondemnAGoodClock) {
  StampsJudge judge;
  FakeDevice device;

  judge.Observe(device.Run(kMillisecond));
  judge.Observe(device.Run(kMillisecond, 3 * kMillisecond));
  for (int i = 0; i < 60; ++i) judge.Observe(device.Run(kMillisecond));

  EXPECT_EQ(judge.verdict(), StampsVerdict::kAgree);
}

TEST(StampsTest, AVeryShortLookDecidesNothing) { EXPECT_EQ(JudgeOf({}, 8 * kMicrosecond, kMillisecond), StampsVerdict::kUnknown); }

TEST(StampsTest, ACommandCannotRunForLongerThanItWasInTheDriver) {
  EXPECT_TRUE(ArePossible({.start = 100, .end = 100 + 1'000'000, .could_start_ns = 0, .seen_ended_ns = 1'000'000}));
  EXPECT_FALSE(ArePossible({.start = 100, .end = 100 + 2'000'000, .could_start_ns = 0, .seen_ended_ns = 1'000'000}));
  EXPECT_FALSE(ArePossible({.start = 100, .end = 99, .could_start_ns = 0, .seen_ended_ns = 1'000'000}));
  EXPECT_FALSE(ArePossible({.start = 0, .end = 0, .could_start_ns = 0, .seen_ended_ns = 1'000'000}));
}

}  // namespace
}  // namespace flexai::opencl
