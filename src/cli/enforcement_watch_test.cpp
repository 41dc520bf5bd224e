#include "cli/enforcement_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flexai::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Observation Seen(int pid, Look::Verdict verdict) { return {.pid = pid, .start_ticks = 7, .name = "prog", .look = {.verdict = verdict}}; }
Observation Unenforced(int pid) { return Seen(pid, Look::Verdict::kUnenforced); }

TEST(SuspectsTest, ADriverAloneMeansNothingForASecond) {
  Suspects suspects;

  EXPECT_FALSE(suspects.Consider({Unenforced(5)}, 0));
  EXPECT_FALSE(suspects.empty());
  EXPECT_FALSE(suspects.Consider({Unenforced(5)}, Suspects::kPatience - 1));
  const auto violation = suspects.Consider({Unenforced(5)}, Suspects::kPatience);
  ASSERT_TRUE(violation);
  EXPECT_EQ(violation->pid, 5);
}

// 64 processes that start at once take seconds from the loading of a driver to that of the layer.
TEST(SuspectsTest, BehindALoaderTheLayerMayStillCome) {
  Suspects suspects;
  Observation starting = Unenforced(5);
  starting.look.has_loader = true;

  EXPECT_FALSE(suspects.Consider({starting}, 0));
  starting.cpu_time = kSecond / 2;
  EXPECT_FALSE(suspects.Consider({starting}, Suspects::kPatienceWithLoader - 1));
  EXPECT_TRUE(suspects.Consider({starting}, Suspects::kPatienceWithLoader));
}

TEST(SuspectsTest, WhatWorksBehindALoaderHasStarted) {
  Suspects suspects;
  Observation working = Unenforced(5);
  working.look.has_loader = true;

  EXPECT_FALSE(suspects.Consider({working}, 0));
  working.cpu_time = Suspects::kPatience;
  EXPECT_TRUE(suspects.Consider({working}, Suspects::kPatience));
}

TEST(SuspectsTest, ALayerThatCameInTimeClears) {
  Suspects suspects;

  EXPECT_FALSE(suspects.Consider({Unenforced(5)}, 0));
  EXPECT_FALSE(suspects.Consider({Seen(5, Look::Verdict::kEnforced)}, kSecond / 2));
  EXPECT_TRUE(suspects.empty());
  EXPECT_FALSE(suspects.Consider({Unenforced(5)}, 2 * kSecond));  // doubt begins anew
}

TEST(SuspectsTest, TimeWithoutACpuDoesNotCount) {
  Suspects suspects;
  Observation starved = Unenforced(5);

  EXPECT_FALSE(suspects.Consider({starved}, 0));
  starved.run_queue_delay = 9 * kSecond;
  EXPECT_FALSE(suspects.Consider({starved}, 9 * kSecond + kSecond / 2));
  EXPECT_TRUE(suspects.Consider({starved}, 10 * kSecond));
}

TEST(SuspectsTest, AStoppedProcessStartsAnew) {
  Suspects suspects;
  Observation stopped = Unenforced(5);
  stopped.blocked = true;

  EXPECT_FALSE(suspects.Consider({Unenforced(5)}, 0));
  EXPECT_FALSE(suspects.Consider({stopped}, 100 * kSecond));
  EXPECT_FALSE(suspects.Consider({Unenforced(5)}, 100 * kSecond + kSecond / 2));
  EXPECT_TRUE(suspects.Consider({Unenforced(5)}, 101 * kSecond));
}

TEST(SuspectsTest, AReusedPidIsAnotherProcess) {
  Suspects suspects;
  Observation other = Unenforced(5);
  other.start_ticks = 8;

  EXPECT_FALSE(suspects.Consider({Unenforced(5)}, 0));
  EXPECT_FALSE(suspects.Consider({other}, 2 * kSecond));
  EXPECT_TRUE(suspects.Consider({other}, 3 * kSecond));
}

TEST(SuspectsTest, AProcessThatEndedIsForgotten) {
  Suspects suspects;

  EXPECT_FALSE(suspects.Consider({Unenforced(5)}, 0));
  EXPECT_FALSE(suspects.Consider({}, kSecond / 2));
  EXPECT_TRUE(suspects.empty());
}

TEST(SuspectsTest, NamesHiddenProcessesOnce) {
  Suspects suspects;

  EXPECT_FALSE(suspects.Consider({Seen(5, Look::Verdict::kHidden)}, 0));
  EXPECT_THAT(suspects.TakeHidden(), ElementsAre(Pair(5, "prog")));
  EXPECT_FALSE(suspects.Consider({Seen(5, Look::Verdict::kHidden)}, kSecond));
  EXPECT_THAT(suspects.TakeHidden(), IsEmpty());
}

}  // namespace
}  // namespace flexai::cli
