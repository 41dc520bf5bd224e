// Properties of the arbiter over random mixes of tenants on a virtual clock. The seed of a failing mix is printed; `make soak` runs them in full.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "slice/testing/simulator.hpp"
#include "tests/support/repetitions.hpp"

namespace flexai::slice::sim {
namespace {

struct Mix {
  std::vector<ComputeShare> shares;
  std::vector<Workload> workloads;
  Nanos longest = 0;
};

// 2 to 6 slices with random guarantees (together at most `total`), caps and command lengths.
Mix RandomMix(std::mt19937_64& random, std::uint32_t total, bool priorities, std::uint64_t lengths = 4) {
  const auto draw = [&](std::uint64_t low, std::uint64_t high) { return low + random() % (high - low + 1); };
  Mix mix;
  const auto n = draw(2, 6);
  std::uint32_t left = total;
  for (std::uint64_t i = 0; i < n; ++i) {
    ComputeShare share;
    share.request_permille = static_cast<std::uint32_t>(draw(10, std::max<std::uint32_t>(10, left / 2)));
    left -= std::min(left, share.request_permille);
    share.limit_permille = draw(0, 2) == 0 ? share.request_permille : static_cast<std::uint32_t>(draw(share.request_permille, 1000));
    if (draw(0, 2) == 0) share.limit_permille = 1000;
    if (priorities) share.priority = static_cast<Priority>(draw(0, 2));
    Workload workload;
    const Nanos length = std::array<Nanos, 4>{60, 300, 1500, 5000}[draw(0, lengths - 1)] * kMicrosecond;
    workload.command_min = length * 7 / 10;
    workload.command_max = length * 13 / 10;
    mix.longest = std::max(mix.longest, workload.command_max);
    mix.shares.push_back(share);
    mix.workloads.push_back(workload);
    if (left < 20) break;
  }
  return mix;
}

// What everybody should get when all have endless work: shares proportional to the requests, none above its cap, the whole device used if it can be.
std::vector<double> WaterFill(const std::vector<ComputeShare>& shares) {
  std::vector<double> result(shares.size(), 0);
  std::vector<bool> full(shares.size(), false);
  for (double left = 1000; left > 1e-9;) {
    double weight = 0;
    for (std::size_t i = 0; i < shares.size(); ++i)
      if (!full[i]) weight += shares[i].request_permille;
    if (weight == 0) break;
    double step = left / weight;
    for (std::size_t i = 0; i < shares.size(); ++i)
      if (!full[i]) step = std::min(step, (shares[i].limit_permille - result[i]) / shares[i].request_permille);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      if (full[i]) continue;
      result[i] += step * shares[i].request_permille;
      left -= step * shares[i].request_permille;
      if (result[i] >= shares[i].limit_permille - 1e-6) full[i] = true;
    }
  }
  return result;
}

class RandomMixes : public ::testing::TestWithParam<Backend> {};
INSTANTIATE_TEST_SUITE_P(Backends, RandomMixes, ::testing::Values(Backend::kTimes, Backend::kMarks),
                         [](const auto& param_info) { return param_info.param == Backend::kTimes ? "PerCommandTimes" : "MarksOnly"; });

TEST_P(RandomMixes, EverybodyGetsItsShareOfTheDevice) {
  for (std::uint64_t i = 0; i < flexai::testing::Repetitions(2000); ++i) {
    const std::uint64_t seed = 1000 + i;
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    // Commands up to 2 ms: while a capped slice waits behind longer ones its bucket, one period deep, may overflow, and what overflows is lost to it.
    const Mix mix = RandomMix(random, 1000, false, 3);
    Simulator simulator({.seed = seed, .backend = GetParam()});
    for (std::size_t k = 0; k < mix.shares.size(); ++k) simulator.AddProcess(simulator.AddSlice(mix.shares[k]), mix.workloads[k]);
    constexpr Nanos kLength = 3 * kSecond;
    simulator.RunUntil(kLength);

    const std::vector<double> expected = WaterFill(mix.shares);
    double handed_over = 0;  // device time that went into hand-overs: about 60 us each, borne by whoever is not capped
    for (std::uint32_t k = 0; k < mix.shares.size(); ++k)
      handed_over += expected[k] - 1000.0 * static_cast<double>(simulator.Used(k)) / kLength;
    EXPECT_LT(handed_over, 60);
    for (std::uint32_t k = 0; k < mix.shares.size(); ++k) {
      const double measured = 1000.0 * static_cast<double>(simulator.Used(k)) / kLength;
      // One turn and one command at either end.
      const double tolerance =
          1000.0 * static_cast<double>(2 * mix.longest + 2 * Tuning{}.turn_ns) / kLength + std::max(0.0, handed_over) + 8;
      SCOPED_TRACE(::testing::Message() << "slice " << k << " request " << mix.shares[k].request_permille << " limit "
                                        << mix.shares[k].limit_permille);
      // A cap's bucket is one period deep: what overflows while its owner waits for a turn is lost to it, down to its request but not below.
      const bool capped = mix.shares[k].limit_permille < 1000;
      EXPECT_LE(measured, expected[k] + tolerance + (capped ? 0 : 60));
      EXPECT_GE(measured, (capped ? std::min<double>(expected[k], mix.shares[k].request_permille) : expected[k]) - tolerance);
    }
  }
}

// Over any interval: at most the cap's part of it and of one period, plus what may be in flight, which is bounded by the period's tokens and one command.
TEST_P(RandomMixes, NobodyPassesItsCapOverAnyInterval) {
  for (std::uint64_t i = 0; i < flexai::testing::Repetitions(1300); ++i) {
    const std::uint64_t seed = 5000 + i;
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const Mix mix = RandomMix(random, 900, true);
    Simulator simulator({.seed = seed, .backend = GetParam()});
    for (std::size_t k = 0; k < mix.shares.size(); ++k) simulator.AddProcess(simulator.AddSlice(mix.shares[k]), mix.workloads[k]);
    std::vector<double> lowest(mix.shares.size(), 0), worst(mix.shares.size(), 0);
    for (Nanos t = kMillisecond; t <= kSecond; t += kMillisecond) {
      simulator.RunUntil(t);
      for (std::uint32_t k = 0; k < mix.shares.size(); ++k) {
        const double above = static_cast<double>(simulator.Used(k)) - mix.shares[k].limit_permille / 1000.0 * static_cast<double>(t);
        worst[k] = std::max(worst[k], above - lowest[k]);
        lowest[k] = std::min(lowest[k], above);
      }
    }

    for (std::uint32_t k = 0; k < mix.shares.size(); ++k) {
      if (mix.shares[k].limit_permille == 1000) continue;
      const double tokens = mix.shares[k].limit_permille / 1000.0 * static_cast<double>(Tuning{}.cap_period_ns);
      const double bound = 2 * tokens + 2.0 * static_cast<double>(mix.workloads[k].command_max) + 0.1 * kMillisecond;
      EXPECT_LE(worst[k], bound) << "slice " << k << " limit " << mix.shares[k].limit_permille;
    }
  }
}

TEST_P(RandomMixes, EveryRequestIsMetOverEverySecondWhateverThePriorities) {
  for (std::uint64_t i = 0; i < flexai::testing::Repetitions(800); ++i) {
    const std::uint64_t seed = 9000 + i;
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const Mix mix = RandomMix(random, 850, true);
    Simulator simulator({.seed = seed, .backend = GetParam()});
    for (std::size_t k = 0; k < mix.shares.size(); ++k) simulator.AddProcess(simulator.AddSlice(mix.shares[k]), mix.workloads[k]);
    std::vector<std::vector<Nanos>> used(mix.shares.size());
    constexpr Nanos kStep = 50 * kMillisecond;
    for (Nanos t = 0; t <= 3 * kSecond; t += kStep) {
      simulator.RunUntil(t);
      for (std::uint32_t k = 0; k < mix.shares.size(); ++k) used[k].push_back(simulator.Used(k));
    }

    for (std::uint32_t k = 0; k < mix.shares.size(); ++k) {
      Nanos least = INT64_MAX;
      for (std::size_t from = 0; from + kSecond / kStep < used[k].size(); ++from)
        least = std::min(least, used[k][from + kSecond / kStep] - used[k][from]);
      const Nanos request = mix.shares[k].request_permille * kMillisecond;
      // Strict slices (cap = request) cannot make up for what their bucket could not hold while a long command of somebody else ran.
      const Nanos lost = mix.shares[k].limit_permille == mix.shares[k].request_permille ? request / 6 : request / 20;
      EXPECT_GE(least, request - lost - 3 * mix.longest - Tuning{}.turn_ns * static_cast<Nanos>(mix.shares.size()))
          << "slice " << k << " request " << mix.shares[k].request_permille;
    }
  }
}

TEST_P(RandomMixes, WhatIsChargedIsWhatWasUsed) {
  for (std::uint64_t i = 0; i < flexai::testing::Repetitions(2000); ++i) {
    const std::uint64_t seed = 20'000 + i;
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const Mix mix = RandomMix(random, 1000, true);
    Simulator simulator({.seed = seed, .backend = GetParam()});
    for (std::size_t k = 0; k < mix.shares.size(); ++k) simulator.AddProcess(simulator.AddSlice(mix.shares[k]), mix.workloads[k]);
    simulator.RunUntil(300 * kMillisecond);

    for (std::uint32_t k = 0; k < mix.shares.size(); ++k) {
      const Nanos used = simulator.Used(k) - simulator.Unfinished(k), charged = simulator.Charged(k);
      // Marks are observed by the host up to 10 us late, and include the way into an idle device.
      const Nanos slack = GetParam() == Backend::kTimes ? used / 1000 + 100 * kMicrosecond : used / 20 + kMillisecond;
      EXPECT_NEAR(static_cast<double>(charged), static_cast<double>(used), static_cast<double>(slack)) << "slice " << k;
    }
  }
}

// Short runs in which somebody dies, stops or hangs at a random moment. What must hold is the same everywhere: the others go on.
TEST(ArbiterFaults, TheOthersGoOnWhoeverDiesStopsOrHangsWhenever) {
  for (std::uint64_t i = 0; i < flexai::testing::Repetitions(13'000); ++i) {
    const std::uint64_t seed = 40'000 + i;
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    Mix mix = RandomMix(random, 900, true);
    // Guarantees large enough that each must progress within the time watched.
    for (ComputeShare& share : mix.shares) {
      share.request_permille = static_cast<std::uint32_t>(900 / mix.shares.size());
      share.limit_permille = 1000;
    }
    for (Workload& workload : mix.workloads) workload.kind = static_cast<Workload::Kind>(random() % 2);
    Simulator simulator({.seed = seed});
    for (std::size_t k = 0; k < mix.shares.size(); ++k) simulator.AddProcess(simulator.AddSlice(mix.shares[k]), mix.workloads[k]);
    const auto victim = static_cast<std::uint32_t>(random() % mix.shares.size());
    const Nanos when = 20 * kMillisecond + static_cast<Nanos>(random() % 40'000) * kMicrosecond;
    simulator.RunUntil(when);
    const auto fault = random() % 3;
    if (fault == 0) simulator.Kill(victim);
    if (fault == 1) simulator.Stop(victim);
    if (fault == 2) simulator.HangNext(victim);
    const Nanos valve = std::max(Tuning{}.stall_ns, 4 * mix.longest);
    simulator.RunUntil(when + (fault == 0 ? 25 * kMillisecond : valve + 60 * kMillisecond));
    std::vector<std::uint64_t> before(mix.shares.size());
    Nanos used_before = 0, used_after = 0;
    for (std::uint32_t k = 0; k < mix.shares.size(); ++k) {
      before[k] = simulator.Commands(k);
      if (k != victim) used_before += simulator.Used(k);
    }
    simulator.RunUntil(simulator.now() - kSecond + 400 * kMillisecond);

    for (std::uint32_t k = 0; k < mix.shares.size(); ++k) {
      if (k == victim) continue;
      used_after += simulator.Used(k);
      EXPECT_GT(simulator.Commands(k), before[k]) << "slice " << k << " stands still after fault " << fault << " of " << victim;
    }
    // A hung command shares the device with the others after the valve; a dead or stopped one leaves it to them. Synchronous clients alone leave most of
    // it idle.
    bool survivor_floods = false;
    for (std::size_t k = 0; k < mix.workloads.size(); ++k)
      survivor_floods |= k != victim && mix.workloads[k].kind == Workload::Kind::kAsync;
    const Nanos least = (fault == 2 ? 80 : 200) * kMillisecond / (survivor_floods ? 1 : 3);
    EXPECT_GT(used_after - used_before, least) << "fault " << fault;
  }
}

TEST(ArbiterFaults, TheValveOpensForAHungCommandAndExclusivityComesBackAfterIt) {
  Simulator simulator({.seed = 3});
  const auto hung = simulator.AddSlice({500, 1000}), other = simulator.AddSlice({500, 1000});
  simulator.AddProcess(hung, {});
  simulator.AddProcess(other, {});
  simulator.RunUntil(100 * kMillisecond);
  simulator.HangNext(0);
  simulator.RunUntil(kSecond);
  EXPECT_GE(simulator.ValveOpened(hung), 1u);
  EXPECT_GT(Load(simulator.region().account(other).device_ns), 100u * kMillisecond);

  simulator.ReleaseHung(0);
  simulator.RunUntil(1200 * kMillisecond);
  const Nanos before = simulator.Used(hung), others_before = simulator.Used(other);
  const std::uint64_t opened = simulator.ValveOpened(hung);
  simulator.RunUntil(3200 * kMillisecond);

  EXPECT_EQ(simulator.ValveOpened(hung), opened) << "a healthy tenant must not be overtaken";
  const double ratio = static_cast<double>(simulator.Used(hung) - before) / static_cast<double>(simulator.Used(other) - others_before);
  EXPECT_GT(ratio, 0.0);
}

TEST(ArbiterTest, ASynchronousClientKeepsItsShareThroughItsPauses) {
  Workload sync{.kind = Workload::Kind::kSync};
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Simulator simulator({.seed = seed});
    const auto client = simulator.AddSlice({750, 1000}), flood = simulator.AddSlice({250, 1000});
    simulator.AddProcess(client, sync);
    simulator.AddProcess(flood, {});
    simulator.RunUntil(10 * kSecond);

    const double with_thought = static_cast<double>(simulator.Used(client) + simulator.Thought(client));
    EXPECT_NEAR(with_thought / (with_thought + static_cast<double>(simulator.Used(flood))), 0.75, 0.02) << "seed " << seed;
  }
}

// A command that fills the window alone leaves the lease idle until its submitter is awake again: that is no reason to hand it over.
TEST(ArbiterTest, LongCommandsKeepALargeShareBesideShortOnes) {
  Workload longer, shorter;
  longer.command_min = longer.command_max = 15 * kMillisecond;
  for (const std::uint32_t request : {500u, 800u, 900u}) {
    Simulator simulator({.seed = request});
    const auto large = simulator.AddSlice({request, 1000}), small = simulator.AddSlice({1000 - request, 1000});
    simulator.AddProcess(large, longer);
    simulator.AddProcess(small, shorter);
    simulator.RunUntil(20 * kSecond);

    const auto used = static_cast<double>(simulator.Used(large));
    EXPECT_NEAR(used / (used + static_cast<double>(simulator.Used(small))), request / 1000.0, 0.015);
  }
}

TEST(ArbiterTest, AHighPriorityBurstWaitsForTheWindowAndOneCommandAtMost) {
  Workload burst{.kind = Workload::Kind::kPeriodic};
  Simulator simulator({.seed = 11});
  const auto high = simulator.AddSlice({300, 1000, Priority::kHigh}), flood = simulator.AddSlice({300, 1000});
  const auto process = simulator.AddProcess(high, burst);
  simulator.AddProcess(flood, {});
  simulator.RunUntil(10 * kSecond);

  std::vector<Nanos> latencies = simulator.BurstLatencies(process);
  ASSERT_GT(latencies.size(), 400u);
  std::sort(latencies.begin(), latencies.end());
  const Nanos alone = 4 * Nanos{300 + 60 + 70} * kMicrosecond;  // four commands, each with a completion, a wake-up and a short pause
  EXPECT_LT(latencies[latencies.size() * 99 / 100], alone + Tuning{}.window_priority_ns + 300 * kMicrosecond + 300 * kMicrosecond);
}

TEST(ArbiterTest, IdleCapacityIsUsedAndGivenBack) {
  Simulator simulator({.seed = 4});
  const auto elastic = simulator.AddSlice({100, 1000}), owner = simulator.AddSlice({900, 900});
  simulator.AddProcess(elastic, {});
  simulator.AddProcess(owner, {}, 2 * kSecond);
  simulator.RunUntil(2 * kSecond);
  EXPECT_GT(simulator.Used(elastic), 2 * kSecond * 99 / 100);

  simulator.RunUntil(4 * kSecond);
  EXPECT_NEAR(static_cast<double>(simulator.Used(owner)) / (2 * kSecond), 0.9, 0.02);
}

TEST(ArbiterTest, ProcessesOfOneSliceShareItsShare) {
  Simulator simulator({.seed = 5});
  const auto crowd = simulator.AddSlice({500, 1000}), single = simulator.AddSlice({500, 1000});
  for (int i = 0; i < 4; ++i) simulator.AddProcess(crowd, {});
  simulator.AddProcess(single, {});
  simulator.RunUntil(5 * kSecond);

  EXPECT_NEAR(static_cast<double>(simulator.Used(crowd)) / (5 * kSecond), 0.5, 0.015);
  for (std::uint32_t p = 0; p < 4; ++p)
    EXPECT_NEAR(static_cast<double>(simulator.Commands(p)) / static_cast<double>(simulator.Commands(0)), 1.0, 0.1);
}

TEST(ArbiterTest, AChangedShareActsWithinAPeriod) {
  Simulator simulator({.seed = 6});
  const auto changed = simulator.AddSlice({100, 100});
  simulator.AddProcess(changed, {});
  simulator.RunUntil(kSecond);
  simulator.SetShare(changed, {600, 600});
  const Nanos before = simulator.Used(changed);
  simulator.RunUntil(kSecond + 200 * kMillisecond);

  EXPECT_NEAR(static_cast<double>(simulator.Used(changed) - before), 120.0 * kMillisecond, 12.0 * kMillisecond);
}

TEST(ArbiterTest, RaisingACapDoesNotStarveTheOthersForThePast) {
  Simulator simulator({.seed = 8});
  const auto capped = simulator.AddSlice({100, 100}), other = simulator.AddSlice({10, 1000});
  simulator.AddProcess(capped, {});
  simulator.AddProcess(other, {});
  simulator.RunUntil(20 * kSecond);
  simulator.SetShare(capped, {100, 1000});
  const Nanos before = simulator.Used(other);
  simulator.RunUntil(22 * kSecond);

  EXPECT_NEAR(static_cast<double>(simulator.Used(other) - before) / (2 * kSecond), 10.0 / 110, 0.02);
}

TEST(GangTest, GangsOverTheSameXpusNeverHoldEachOtherUp) {
  for (std::uint64_t i = 0; i < flexai::testing::Repetitions(2000); ++i) {
    const std::uint64_t seed = 70'000 + i;
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    Simulator simulator({.seed = seed, .devices = 3});
    Workload everywhere{.uses_all_devices = true};
    const std::vector<std::vector<std::uint32_t>> sets{{0, 1}, {1, 2}, {0, 2}, {0, 1, 2}, {0}, {1}, {2}};
    for (std::size_t k = 0; k < sets.size(); ++k) {
      Workload workload = sets[k].size() > 1 ? everywhere : Workload{};
      workload.command_min = workload.command_max = static_cast<Nanos>(100 + random() % 900) * kMicrosecond;
      if (random() % 3 == 0) workload.kind = Workload::Kind::kSync;
      simulator.AddProcess(simulator.AddSlice({100, 1000}, sets[k]), workload);
    }
    simulator.RunUntil(kSecond);
    std::vector<std::uint64_t> before;
    for (std::uint32_t p = 0; p < sets.size(); ++p) before.push_back(simulator.Commands(p));
    if (random() % 2 == 0) simulator.Kill(static_cast<std::uint32_t>(random() % 4));
    simulator.RunUntil(2 * kSecond);

    for (std::uint32_t p = 4; p < sets.size(); ++p) EXPECT_GT(simulator.Commands(p), before[p]) << "process " << p;
    std::uint64_t progressed = 0;
    for (std::uint32_t p = 0; p < 4; ++p) progressed += simulator.Commands(p) > before[p] ? 1 : 0;
    EXPECT_GE(progressed, 3u) << "all gangs but a killed one";
  }
}

TEST(DeterminismTest, TheSameSeedGivesTheSameRun) {
  const auto run = [] {
    std::mt19937_64 random(77);
    const Mix mix = RandomMix(random, 1000, true);
    Simulator simulator({.seed = 77});
    for (std::size_t k = 0; k < mix.shares.size(); ++k) simulator.AddProcess(simulator.AddSlice(mix.shares[k]), mix.workloads[k]);
    simulator.RunUntil(kSecond);
    std::vector<Nanos> used{static_cast<Nanos>(simulator.Events())};
    for (std::uint32_t k = 0; k < mix.shares.size(); ++k) used.push_back(simulator.Used(k));
    return used;
  };

  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace flexai::slice::sim
