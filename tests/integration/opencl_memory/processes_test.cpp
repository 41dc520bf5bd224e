// One quota for all processes of a slice, through forks and deaths.
#include <csignal>

#include "fixture.hpp"

namespace flexai::testing {
namespace {

class SliceProcessesTest : public OpenclMemoryTest {
 protected:
  // The ledger learns of a death when the kernel has finished with the process.
  bool HeldBecomes(std::uint64_t wanted) {
    const Nanos deadline = MonotonicNow() + 30 * kSecond;
    while (Held() != wanted) {
      if (MonotonicNow() > deadline) return false;
      sched_yield();
    }
    return true;
  }
};
FLEXAI_ON_EVERY_DRIVER(SliceProcessesTest);

TEST_P(SliceProcessesTest, ShareOneQuota) {
  const std::string slice = MakeSlice(64 * kMiB);
  const auto first = Start(slice), second = Start(slice);

  EXPECT_EQ(first->Ask(Command("buffer", "a", 40 * kMiB)), kOk);
  EXPECT_EQ(second->Ask(Command("buffer", "a", 24 * kMiB + 1)), kNoRoom);
  EXPECT_EQ(second->Ask(Command("buffer", "a", 24 * kMiB)), kOk);
  EXPECT_EQ(first->Ask("buffer b 1"), kNoRoom);
  EXPECT_EQ(Held(), 64 * kMiB);
  EXPECT_EQ(first->Ask("release a"), kOk);
  EXPECT_EQ(second->Ask(Command("buffer", "b", 40 * kMiB)), kOk);
}

TEST_P(SliceProcessesTest, WhoEndsWithoutReleasingGivesBackAll) {
  const std::string slice = MakeSlice(64 * kMiB);
  const auto first = Start(slice), second = Start(slice);
  ASSERT_EQ(first->Ask(Command("buffer", "a", 64 * kMiB)), kOk);

  first->Send("quit");
  EXPECT_EQ(first->Finish(), 0);

  EXPECT_TRUE(HeldBecomes(0));
  EXPECT_EQ(second->Ask(Command("buffer", "a", 64 * kMiB)), kOk);
}

TEST_P(SliceProcessesTest, WhoIsKilledGivesBackAll) {
  const std::string slice = MakeSlice(64 * kMiB);
  const auto first = Start(slice), second = Start(slice);
  ASSERT_EQ(first->Ask(Command("buffer", "a", 63 * kMiB)), kOk);
  ASSERT_EQ(second->Ask(Command("buffer", "a", kMiB)), kOk);

  first->Kill(SIGKILL);

  EXPECT_TRUE(HeldBecomes(kMiB));
  EXPECT_EQ(second->Ask(Command("buffer", "b", 63 * kMiB)), kOk);
}

TEST_P(SliceProcessesTest, AChildOfForkHasAnAccountOfItsOwn) {
  const auto shell = Start(MakeSlice(64 * kMiB));
  ASSERT_EQ(shell->Ask(Command("buffer", "a", 40 * kMiB)), kOk);

  ASSERT_EQ(shell->Ask("fork"), "child");
  // What a driver does in a child of fork is its own affair; what counts is the account. Memory is only asked for where that cannot reach the driver.
  EXPECT_EQ(shell->Ask("info 0x101F 8"), "0 8 " + std::to_string(64 * kMiB)) << shell->Errors();
  EXPECT_EQ(Held(), 40 * kMiB);
  shell->Send("quit");
  EXPECT_EQ(shell->ReadLine(), "parent 0");

  EXPECT_TRUE(HeldBecomes(40 * kMiB));
  EXPECT_EQ(shell->Ask(Command("buffer", "b", 24 * kMiB)), kOk);
  EXPECT_EQ(shell->Ask("release a"), kOk);
  EXPECT_EQ(shell->Ask("release b"), kOk);
  EXPECT_EQ(Held(), 0u);
}

TEST_P(SliceProcessesTest, AReleaseInAChildOfForkLeavesTheParentsAccountAlone) {
  if (is("rusticl")) GTEST_SKIP() << "rusticl does not survive a fork";
  const auto shell = Start(MakeSlice(64 * kMiB));
  ASSERT_EQ(shell->Ask(Command("buffer", "a", 40 * kMiB)), kOk);

  ASSERT_EQ(shell->Ask("fork"), "child");
  EXPECT_EQ(shell->Ask(Command("buffer", "b", 10 * kMiB)), kOk);
  EXPECT_EQ(Held(), 50 * kMiB);
  EXPECT_EQ(shell->Ask(Command("buffer", "c", 15 * kMiB)), kNoRoom);
  EXPECT_EQ(shell->Ask("release a"), kOk);
  EXPECT_EQ(Held(), 50 * kMiB) << "the parent's buffer lives on in the parent";
  EXPECT_EQ(shell->Ask("release b"), kOk);
  EXPECT_EQ(Held(), 40 * kMiB);
  shell->Send("quit");
  EXPECT_EQ(shell->ReadLine(), "parent 0");

  EXPECT_EQ(shell->Ask("release a"), kOk);
  EXPECT_TRUE(HeldBecomes(0));
}

TEST_P(SliceProcessesTest, RacingAtTheLimitNeverPassIt) {
  const std::string slice = MakeSlice(64 * kMiB);
  std::vector<std::unique_ptr<Shell>> shells;
  for (int i = 0; i < 4; ++i) shells.push_back(Start(slice));

  for (const auto& shell : shells) shell->Send("race 2 300 " + std::to_string(15 * kMiB));
  for (const auto& shell : shells) {
    const std::string answer = shell->ReadLine();
    EXPECT_EQ(answer.substr(answer.rfind(' ') + 1), "0") << answer;
  }

  EXPECT_EQ(Held(), 0u);
  EXPECT_LE(world().account("memory", driver().xpu).memory_peak_bytes, 64 * kMiB);
  EXPECT_EQ(shells[0]->Ask(Command("buffer", "all", 64 * kMiB)), kOk);
}

}  // namespace
}  // namespace flexai::testing
