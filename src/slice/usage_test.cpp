#include "slice/usage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "slice/fair_share.hpp"
#include "slice/testing/simulator.hpp"
#include "slice/testing/temporary_region.hpp"
#include "tests/support/repetitions.hpp"

namespace flexai::slice {
namespace {

constexpr Nanos kBegin = 100 * kSecond;
const Tuning kTuning;

constexpr std::uint64_t Ns(Nanos nanos) { return static_cast<std::uint64_t>(nanos); }

// One share in plain memory.
class UsageTest : public ::testing::Test {
 protected:
  void Begin(ComputeShare share) {
    flexai_share& entry = region_.share(0);
    entry.compute = share.Pack();
    entry.created_ns = kBegin;
    region_.account(0) = {};
    region_.account(0).guarantee_ns = kBegin;
    region_.account(0).cap_ns = kBegin;
    BeginUsage(region_, 0, ++entry.generation, share.request_permille, kBegin);
    entry.state = FLEXAI_SLOT_ACTIVE;
  }
  void Charge(Nanos device, Nanos now) { ChargeDeviceTime(region_.account(0), region_.compute(0), device, Engine::kCompute, kTuning, now); }
  void ChangeRequest(std::uint32_t request, Nanos now) {
    ChangeUsage(region_, 0, request, kTuning, now);
    ComputeShare share = region_.compute(0);
    share.request_permille = request;
    region_.share(0).compute = share.Pack();
  }
  std::uint64_t Asked(Nanos now) { return UsageOf(region_, 0, ShareLife::kRunning, now, kTuning).asked_ns.value_or(~0ULL); }
  std::uint64_t Idle(Nanos now) { return UsageOf(region_, 0, ShareLife::kRunning, now, kTuning).idle_ns.value_or(~0ULL); }
  std::uint64_t IdleAtTheEnd(Nanos now) { return UsageOf(region_, 0, ShareLife::kEnded, now, kTuning).idle_ns.value_or(~0ULL); }

  std::unique_ptr<flexai_quota_file> quota_ = std::make_unique<flexai_quota_file>();
  std::unique_ptr<flexai_state_file> state_ = std::make_unique<flexai_state_file>();
  RegionView region_{quota_.get(), state_.get()};
};

TEST_F(UsageTest, AskedIsTheRequestOverTheLifeAlsoAcrossChanges) {
  Begin({300, 1000});
  EXPECT_EQ(Asked(kBegin + 10 * kSecond), Ns(3 * kSecond));
  ChangeRequest(500, kBegin + 10 * kSecond);
  EXPECT_EQ(Asked(kBegin + 14 * kSecond), Ns(5 * kSecond));
  ChangeRequest(0, kBegin + 14 * kSecond);
  EXPECT_EQ(Asked(kBegin + 90 * kSecond), Ns(5 * kSecond));
}

TEST_F(UsageTest, AnAskedLineOfYearsFitsItsWord) {
  constexpr Nanos kYears = 50LL * 365 * 86400 * kSecond;
  const AskedLine line = AskedLine::Unpack(AskedLine::Unpack(AskedLine::Begin(kBegin, 1000).Pack()).From(kYears, 1).Pack());
  EXPECT_EQ(line.permille, 1u);
  EXPECT_EQ(line.AtUs(kYears), (kYears - kBegin) / kMicrosecond);
}

TEST_F(UsageTest, AGuaranteeNobodyUsesIsIdleUpToWhatIsStillOwed) {
  Begin({500, 500});
  EXPECT_EQ(Idle(kBegin + kTuning.lag_limit_ns), 0u) << "until then it may still be used";
  EXPECT_EQ(Idle(kBegin + 10 * kSecond), Ns((10 * kSecond - kTuning.lag_limit_ns) / 2));
  EXPECT_EQ(IdleAtTheEnd(kBegin + 10 * kSecond), Ns(5 * kSecond)) << "nothing is owed any more";
}

TEST_F(UsageTest, WhatIsChargedAfterAPauseDoesNotFillThePause) {
  Begin({500, 500});
  const Nanos later = kBegin + 10 * kSecond;
  Charge(30 * kMillisecond, later);

  EXPECT_EQ(region_.account(0).idle_ns, Ns((10 * kSecond - kTuning.lag_limit_ns) / 2));
  EXPECT_EQ(Idle(later), region_.account(0).idle_ns);
}

TEST_F(UsageTest, WhoComesBackAfterAnAbsenceLeavesAllOfItIdle) {
  Begin({500, 1000});
  JoinQueue(region_, 0, true, kTuning, kBegin + 10 * kSecond);
  EXPECT_EQ(Idle(kBegin + 10 * kSecond), Ns(5 * kSecond));
}

TEST_F(UsageTest, WhoUsesMoreThanAskedLeavesNothingIdle) {
  Begin({200, 1000});
  for (Nanos now = kBegin; now < kBegin + kSecond; now += 10 * kMillisecond) Charge(9 * kMillisecond, now);
  EXPECT_EQ(Idle(kBegin + kSecond), 0u);
}

TEST_F(UsageTest, MuchUseExcusesNoMoreIdlenessThanTheLeadLimit) {
  Begin({200, 1000});
  for (Nanos now = kBegin; now < kBegin + kSecond; now += 10 * kMillisecond) Charge(9 * kMillisecond, now);
  const Nanos end = kBegin + 11 * kSecond;
  const Nanos excused = kTuning.lead_limit_ns + 10 * kMillisecond;
  EXPECT_GE(IdleAtTheEnd(end), Ns((10 * kSecond - excused) / 5));
  EXPECT_LE(IdleAtTheEnd(end), Ns(2 * kSecond));
}

TEST_F(UsageTest, ARequestOfNothingLeavesNothingIdle) {
  Begin({0, 1000});
  Charge(kMillisecond, kBegin + kSecond);
  JoinQueue(region_, 0, true, kTuning, kBegin + 60 * kSecond);
  EXPECT_EQ(Asked(kBegin + 60 * kSecond), 0u);
  EXPECT_EQ(IdleAtTheEnd(kBegin + 60 * kSecond), 0u);
}

TEST_F(UsageTest, AChangeOfTheRequestKeepsWhatIsOwedAndAheadAsDeviceTime) {
  Begin({10, 1000});
  Charge(15 * kMillisecond, kBegin);  // 1.5 s of a 1 % guarantee
  ChangeRequest(500, kBegin);
  EXPECT_EQ(region_.account(0).guarantee_ns - kBegin, 30 * kMillisecond);
  ChangeRequest(100, kBegin + 130 * kMillisecond);  // 100 ms of half the device are owed
  EXPECT_EQ(kBegin + 130 * kMillisecond - region_.account(0).guarantee_ns, 500 * kMillisecond);
  EXPECT_EQ(IdleAtTheEnd(kBegin + 130 * kMillisecond), Ns(50 * kMillisecond));
}

TEST_F(UsageTest, AProcessKilledBetweenMovingTheClockAndCountingCostsNothingThatCanBeSeen) {
  Begin({500, 500});
  const Nanos later = kBegin + 10 * kSecond;
  Charge(30 * kMillisecond, later);
  region_.account(0).idle_ns = 0;  // as if it had died there

  EXPECT_NEAR(static_cast<double>(Idle(later)), 0.5 * static_cast<double>(10 * kSecond - kTuning.lag_limit_ns), 101.0 * kMicrosecond);
}

TEST_F(UsageTest, ForeignBytesGiveNumbersWithinWhatWasAsked) {
  Begin({500, 500});
  flexai_slice_account& account = region_.account(0);
  for (const std::int64_t clock : {INT64_MIN, INT64_MIN + 1, std::int64_t{-1}, INT64_MAX}) {
    account.guarantee_ns = clock;
    account.idle_ns = ~0ULL;
    account.device_ns = ~0ULL;
    EXPECT_LE(Idle(kBegin + kSecond), Asked(kBegin + kSecond)) << clock;
    ChangeRequest(400, kBegin + kSecond);
    ChangeRequest(500, kBegin + kSecond);
  }
}

TEST_F(UsageTest, AShareOfAnOlderAdmissionIsUnknown) {
  Begin({500, 500});
  ++region_.share(0).generation;  // minor 0 leaves the rest as it was
  const ShareUsage usage = UsageOf(region_, 0, ShareLife::kRunning, kBegin + kSecond, kTuning);
  EXPECT_FALSE(usage.asked_ns);
  EXPECT_FALSE(usage.idle_ns);
}

TEST_F(UsageTest, AShareChangedByAnOlderFlexaiIsUnknownForGood) {
  Begin({500, 500});
  region_.share(0).compute = ComputeShare{300, 300}.Pack();
  EXPECT_FALSE(UsageOf(region_, 0, ShareLife::kRunning, kBegin + kSecond, kTuning).asked_ns);
  ChangeRequest(500, kBegin + kSecond);
  EXPECT_FALSE(UsageOf(region_, 0, ShareLife::kRunning, kBegin + kSecond, kTuning).asked_ns);
}

TEST_F(UsageTest, AProgramUnderAnOlderLibraryMakesTheIdlePartUnknownAlsoAfterItsEnd) {
  Begin({500, 500});
  flexai_process& record = region_.process(3);
  record.slot_generation = region_.share(0).generation;
  record.life = 1ULL << 8 | 2;  // of a minor that leaves no mark
  EXPECT_TRUE(UsageOf(region_, 0, ShareLife::kRunning, kBegin + kSecond, kTuning).asked_ns);
  EXPECT_FALSE(UsageOf(region_, 0, ShareLife::kRunning, kBegin + kSecond, kTuning).idle_ns);

  record.life = 1ULL << 8;
  EXPECT_FALSE(UsageOf(region_, 0, ShareLife::kRunning, kBegin + kSecond, kTuning).idle_ns);
  MarkCounting(region_, 3, 2);  // the record's next process does count
  record.life = 2ULL << 8 | 2;
  EXPECT_FALSE(UsageOf(region_, 0, ShareLife::kRunning, kBegin + kSecond, kTuning).idle_ns);
}

// Over random mixes: asked = used + idle within what the header states, at every moment, and idle never goes back.
TEST(UsageProperty, AskedIsUsedAndIdleWithinTheStatedBoundsAtEveryMoment) {
  for (std::uint64_t i = 0; i < flexai::testing::Repetitions(1000); ++i) {
    const std::uint64_t seed = 300'000 + i;
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const auto draw = [&](std::uint64_t low, std::uint64_t high) { return low + random() % (high - low + 1); };
    sim::Simulator simulator({.seed = seed});
    const std::size_t slices = draw(1, 5);
    std::vector<ComputeShare> shares;
    std::vector<std::uint64_t> idle_before(slices, 0), most_requested;
    Nanos longest = 0;
    for (std::size_t k = 0; k < slices; ++k) {
      ComputeShare share{static_cast<std::uint32_t>(draw(0, 900 / slices)), 1000, static_cast<Priority>(draw(0, 2))};
      if (draw(0, 1) == 0) share.limit_permille = std::max<std::uint32_t>(share.request_permille, 1);
      sim::Workload workload{.kind = static_cast<sim::Workload::Kind>(draw(0, 2))};
      workload.command_min = workload.command_max = std::array<Nanos, 3>{60, 300, 5000}[draw(0, 2)] * kMicrosecond;
      workload.think = static_cast<Nanos>(draw(0, 20'000)) * kMicrosecond;
      workload.period = static_cast<Nanos>(draw(20, 700)) * kMillisecond;
      longest = std::max(longest, workload.command_max);
      shares.push_back(share);
      most_requested.push_back(share.request_permille);
      simulator.AddProcess(simulator.AddSlice(share), workload, static_cast<Nanos>(draw(0, 500)) * kMillisecond);
    }
    for (Nanos t = 50 * kMillisecond; t <= 2 * kSecond; t += 50 * kMillisecond) {
      simulator.RunUntil(t);
      for (std::uint32_t k = 0; k < slices; ++k) {
        SCOPED_TRACE(::testing::Message() << "slice " << k << " at " << t);
        const RegionView& region = simulator.region();
        const flexai_slice_account& account = region.account(k);
        const ShareUsage usage = UsageOf(region, k, ShareLife::kRunning, simulator.now(), kTuning);
        ASSERT_TRUE(usage.asked_ns && usage.idle_ns);
        const auto asked = static_cast<Nanos>(*usage.asked_ns), idle = static_cast<Nanos>(*usage.idle_ns);
        const auto served = static_cast<Nanos>(account.device_ns + account.think_ns);
        const Nanos owed = static_cast<Nanos>(DeviceTime(kTuning.lag_limit_ns, static_cast<std::uint32_t>(most_requested[k])));
        constexpr Nanos kRounding = 100 * kMicrosecond;
        ASSERT_GE(usage.idle_ns, idle_before[k]);
        ASSERT_LE(idle, asked);
        ASSERT_LE(asked, served + idle + owed + kRounding) << "something was neither used nor idle";
        if (shares[k].limit_permille == shares[k].request_permille) {
          // A cap that equals the request: nothing is used above the guarantee but a period's savings and what was in flight.
          const Nanos above = static_cast<Nanos>(DeviceTime(kTuning.cap_period_ns, shares[k].limit_permille)) + 2 * longest +
                              static_cast<Nanos>(account.think_ns);
          ASSERT_LE(static_cast<Nanos>(account.device_ns) + idle, asked + above + kRounding) << "something was used and idle";
        }
        if (shares[k].request_permille == 0) {
          ASSERT_EQ(idle, 0);
        }
        idle_before[k] = *usage.idle_ns;
      }
      if (draw(0, 30) != 0) continue;
      const auto k = static_cast<std::uint32_t>(draw(0, slices - 1));
      if (draw(0, 1) == 0) {
        simulator.Kill(k);
      } else {
        const auto request = static_cast<std::uint32_t>(draw(0, 900 / slices));
        // Once changed, a slice is no longer one that was capped at its request all along.
        shares[k] = {request, 1000, shares[k].priority};
        idle_before[k] = 0;
        most_requested[k] = std::max<std::uint64_t>(most_requested[k], request);
        simulator.SetShare(k, shares[k]);
        if (request == 0) shares[k].request_permille = 1;  // what was idle before stays
      }
    }
  }
}

TEST(UsageProperty, ASliceThatAlwaysHasWorkOfItsOwnLeavesNothingIdle) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    sim::Simulator simulator({.seed = seed});
    const auto first = simulator.AddSlice({600, 1000}), second = simulator.AddSlice({300, 300});
    simulator.AddProcess(first, {});
    simulator.AddProcess(second, {});
    simulator.RunUntil(5 * kSecond);
    for (const std::uint32_t slot : {first, second})
      EXPECT_LE(UsageOf(simulator.region(), slot, ShareLife::kEnded, simulator.now(), kTuning).idle_ns, Ns(30 * kMillisecond))
          << "slice " << slot << " seed " << seed;
  }
}

// Real admission.

ShareSpec Share(std::uint32_t request) { return {.request = {request}, .limit = {1000}}; }

class HistoryTest : public ::testing::Test {
 protected:
  SlotRef AdmitAndEnd(const std::string& name) {
    SlotRef ref;
    EXPECT_EQ(region_.Admit(name, Share(10), ref), Outcome::kOk) << name;
    EXPECT_EQ(End(region_.file(), ref), Outcome::kOk) << name;
    return ref;
  }
  TemporaryRegion region_;
};

TEST_F(HistoryTest, TheEndOfAShareIsNoted) {
  const Nanos before = MonotonicNow();
  const SlotRef ref = AdmitAndEnd("a");

  const auto end = EndOf(region_.view(), ref.slot);
  ASSERT_TRUE(end);
  EXPECT_GE(end->at_ns, before);
  EXPECT_GE(end->unix_s, region_.view().share(ref.slot).created_unix_s);
  const ShareUsage usage = UsageOf(region_.view(), ref.slot, ShareLife::kEnded, end->at_ns, kTuning);
  ASSERT_TRUE(usage.idle_ns && usage.asked_ns);
  EXPECT_NEAR(static_cast<double>(*usage.idle_ns), static_cast<double>(*usage.asked_ns), 2.0 * kMicrosecond) << "it used nothing";
}

TEST_F(HistoryTest, ASlotIsGivenAwayWhenItsShareEndedLongestAgo) {
  std::vector<SlotRef> refs;
  for (int i = 0; i < FLEXAI_REGION_SLICES; ++i) refs.push_back(AdmitAndEnd("s" + std::to_string(i)));
  std::set<std::uint32_t> slots;
  for (const SlotRef& ref : refs) slots.insert(ref.slot);
  EXPECT_EQ(slots.size(), std::size_t{FLEXAI_REGION_SLICES}) << "all ended shares can be read as long as there is an unused slot";

  EXPECT_EQ(AdmitAndEnd("again").slot, refs[0].slot);
  EXPECT_EQ(AdmitAndEnd("again2").slot, refs[1].slot);
  EXPECT_STREQ(region_.view().share(refs[2].slot).name, "s2");
}

TEST_F(HistoryTest, AShareEndedByAnOlderFlexaiHasNoTimeOfItsEndAndGoesByItsBeginning) {
  const SlotRef old = AdmitAndEnd("old");
  region_.view().share(old.slot).ended_generation = old.generation - 1;
  EXPECT_FALSE(EndOf(region_.view(), old.slot));
  for (int i = 1; i < FLEXAI_REGION_SLICES; ++i) AdmitAndEnd("s" + std::to_string(i));
  EXPECT_EQ(AdmitAndEnd("next").slot, old.slot);
}

TEST_F(HistoryTest, ALiveChangeIsCounted) {
  SlotRef ref;
  ASSERT_EQ(region_.Admit("a", Share(100), ref), Outcome::kOk);
  region_.view().share(ref.slot).created_ns -= 10 * kSecond;  // as if it had begun earlier
  BeginUsage(region_.view(), ref.slot, ref.generation, 100, region_.view().share(ref.slot).created_ns);
  std::uint32_t process = 0;
  ASSERT_EQ(Register(region_.file(), ref, FLEXAI_ROLE_KEEPER, process), Outcome::kOk);
  ASSERT_EQ(Change(region_.file(), ref, {.set_compute = true, .request = {900}, .limit = {1000}}, region_.why), Outcome::kOk);

  const Nanos now = MonotonicNow();
  const ShareUsage usage = UsageOf(region_.view(), ref.slot, ShareLife::kRunning, now + 10 * kSecond, kTuning);
  EXPECT_NEAR(static_cast<double>(usage.asked_ns.value_or(0)), 10e9, 5e8);
  EXPECT_GT(usage.idle_ns.value_or(0), 9u * kSecond);
}

}  // namespace
}  // namespace flexai::slice
