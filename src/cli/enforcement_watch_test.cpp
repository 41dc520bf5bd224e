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
  EXPECT_FALSE(suspects.Consider({Unenforced(5)}, kSecond - 1));
  const auto violation = suspects.Consider({Unenforced(5)}, kSecond);
  ASSERT_TRUE(violation);
  EXPECT_EQ(violation->pid, 5);
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
