#include "slice/fair_share.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace flexai::slice {
namespace {

constexpr Nanos kNow = 100 * kSecond;
const Tuning kTuning;

flexai_slice_account FreshAccount() {
  flexai_slice_account account{};
  account.guarantee_ns = kNow;
  account.cap_ns = kNow;
  return account;
}

TEST(FairShareTest, VirtualTimeAdvancesByTheInverseOfTheRequest) {
  flexai_slice_account quarter = FreshAccount(), half = FreshAccount();

  ChargeDeviceTime(quarter, {250, 1000}, kMillisecond, Engine::kCompute, kTuning, kNow);
  ChargeDeviceTime(half, {500, 1000}, kMillisecond, Engine::kCompute, kTuning, kNow);

  EXPECT_EQ(quarter.vtime, 2 * half.vtime);
  EXPECT_EQ(quarter.device_ns, static_cast<std::uint64_t>(kMillisecond));
}

TEST(FairShareTest, CopiesCountAsDeviceTimeAndOnALineOfTheirOwn) {
  flexai_slice_account account = FreshAccount();

  ChargeDeviceTime(account, {250, 1000}, 300, Engine::kCopy, kTuning, kNow);
  ChargeDeviceTime(account, {250, 1000}, 500, Engine::kCompute, kTuning, kNow);

  EXPECT_EQ(account.device_ns, 800u);
  EXPECT_EQ(account.copy_ns, 300u);
}

TEST(FairShareTest, ACapNeverSavesMoreThanOnePeriod) {
  flexai_slice_account account = FreshAccount();
  const ComputeShare share{100, 100};

  const Nanos after_a_minute = CapCredit(account, share, 0, kTuning, kNow + 60 * kSecond);

  EXPECT_EQ(after_a_minute, kTuning.cap_period_ns / 10);
}

TEST(FairShareTest, ACommandLongerThanThePeriodLeavesADebtThatTimeRepays) {
  flexai_slice_account account = FreshAccount();
  const ComputeShare share{100, 100};
  Nanos now = kNow + kTuning.cap_period_ns;

  ChargeDeviceTime(account, share, 50 * kMillisecond, Engine::kCompute, kTuning, now);

  EXPECT_LT(CapCredit(account, share, 0, kTuning, now + 400 * kMillisecond), 0);
  EXPECT_GT(CapCredit(account, share, 0, kTuning, now + 500 * kMillisecond), 0);
}

TEST(FairShareTest, WorkInFlightCountsAgainstTheCap) {
  flexai_slice_account account = FreshAccount();
  const ComputeShare share{500, 500};
  const Nanos now = kNow + kTuning.cap_period_ns;

  EXPECT_GT(CapCredit(account, share, 9 * kMillisecond, kTuning, now), 0);
  EXPECT_LE(CapCredit(account, share, 10 * kMillisecond, kTuning, now), 0);
}

TEST(FairShareTest, ThinkingIsServiceReceivedButNotDeviceTime) {
  flexai_slice_account account = FreshAccount();

  ChargeThinkTime(account, {500, 500}, kMillisecond, kTuning, kNow);

  EXPECT_EQ(account.vtime, 2u * kMillisecond);
  EXPECT_EQ(account.device_ns, 0u);
  EXPECT_EQ(account.cap_ns, kNow);
}

TEST(FairShareTest, AHigherPriorityGoesFirstUntilTheLowerOneIsOwed) {
  flexai_slice_account low = FreshAccount(), high = FreshAccount();
  high.vtime = 1000;

  const auto low_at = [&](Nanos now) { return StandingOf(low, {300, 1000, Priority::kLow}, false, 0, kTuning, now); };
  const auto high_at = [&](Nanos now) { return StandingOf(high, {300, 1000, Priority::kHigh}, false, 0, kTuning, now); };

  EXPECT_TRUE(Before(high_at(kNow), low_at(kNow), true));
  const Nanos later = kNow + kTuning.owed_ns + 1;
  EXPECT_TRUE(Before(high_at(later), low_at(later), true)) << "both are owed";
  high.guarantee_ns = later;
  EXPECT_TRUE(Before(low_at(later), high_at(later), true)) << "the higher priority has had its guarantee";
}

TEST(FairShareTest, WhoHasNoGuaranteeComesLastWhateverItsPriority) {
  flexai_slice_account idle_only = FreshAccount(), normal = FreshAccount();
  normal.vtime = 1'000'000;

  EXPECT_TRUE(Before(StandingOf(normal, {10, 1000, Priority::kLow}, false, 0, kTuning, kNow),
                     StandingOf(idle_only, {0, 1000, Priority::kHigh}, false, 0, kTuning, kNow), true));
}

TEST(FairShareTest, AmongEqualsTheLongerWaitBreaksATie) {
  Standing first{.waiting_since = 5}, second{.waiting_since = 9};

  EXPECT_TRUE(Before(first, second, false));
  EXPECT_FALSE(Before(second, first, false));
  EXPECT_FALSE(Before(first, first, false));
}

TEST(FairShareTest, VirtualTimesCompareAcrossTheWrap) {
  EXPECT_LT(VtimeDifference(UINT64_MAX - 5, 10), 0);
  EXPECT_GT(VtimeDifference(10, UINT64_MAX - 5), 0);
}

TEST(FairShareTest, ANewcomerStartsLevelWithTheActiveOnes) {
  const auto quota = std::make_unique<flexai_quota_file>();
  const auto state = std::make_unique<flexai_state_file>();
  const RegionView region{quota.get(), state.get()};
  for (int slot = 0; slot < 3; ++slot) quota->shares[slot].state = FLEXAI_SLOT_ACTIVE;
  state->slices[0].vtime = 7'000;
  state->slices[0].active_ns = kNow;
  state->slices[1].vtime = 3'000;  // further behind, but long silent
  state->slices[1].active_ns = kNow - kSecond;

  JoinQueue(region, 2, true, kTuning, kNow);

  EXPECT_EQ(state->slices[2].vtime, 7'000u);
  EXPECT_EQ(state->slices[2].guarantee_ns, kNow);
}

}  // namespace
}  // namespace flexai::slice
