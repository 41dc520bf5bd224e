#include "base/child_process.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <csignal>

#include "base/fds.hpp"

namespace flexai {
namespace {

constexpr Nanos kWatchdog = 30 * kSecond;

ChildSpec Shell(const std::string& script) {
  return {.argv = {"/bin/sh", "-c", script}, .environment = {"PATH=/usr/bin:/bin", "GREETING=hello"}};
}

std::vector<ChildResult> RunAll(const std::vector<ChildSpec>& children, const ChildProgress& progress = {}) {
  return RunChildren(children, MonotonicNow() + kWatchdog, progress);
}

TEST(RunChildrenTest, CollectsOutputAndStatus) {
  const auto results = RunAll({Shell("echo $GREETING; echo trouble >&2; exit 3"), Shell("printf x")});

  EXPECT_EQ(results[0].end, ChildResult::End::kExited);
  EXPECT_EQ(results[0].code, 3);
  EXPECT_EQ(results[0].output, "hello\n");
  EXPECT_EQ(results[0].errors, "trouble\n");
  EXPECT_EQ(results[1].output, "x");
}

TEST(RunChildrenTest, TellsACrash) {
  const auto results = RunAll({Shell("kill -SEGV $$")});

  EXPECT_EQ(results[0].end, ChildResult::End::kSignalled);
  EXPECT_EQ(results[0].code, SIGSEGV);
}

TEST(RunChildrenTest, KillsOnlyTheChildThatHangs) {
  std::vector<std::size_t> last;
  const auto results =
      RunAll({Shell("echo begun; while :; do sleep 100; done"), Shell("echo done")}, [&](std::span<const std::size_t> still) {
        last.assign(still.begin(), still.end());
        return last != std::vector<std::size_t>{0};  // the deadline comes when only the first is left
      });

  EXPECT_EQ(results[0].end, ChildResult::End::kTimedOut);
  EXPECT_EQ(results[0].output, "begun\n");
  EXPECT_EQ(results[1].end, ChildResult::End::kExited);
  EXPECT_EQ(results[1].output, "done\n");
}

TEST(RunChildrenTest, TakesHelpersOfAnEndedChildAlong) {
  const auto results = RunAll({Shell("sleep 1000 & echo $!")});
  ASSERT_EQ(results[0].end, ChildResult::End::kExited);
  const pid_t helper = std::stoi(results[0].output);

  const auto lives = [helper] {
    const auto status = ReadFile("/proc/" + std::to_string(helper) + "/status");
    return status && status->find("State:\tZ") == std::string::npos;  // gone, or waiting for init to reap it
  };
  const Nanos watchdog = MonotonicNow() + kWatchdog;
  while (lives() && MonotonicNow() < watchdog) sched_yield();
  EXPECT_FALSE(lives());
}

TEST(RunChildrenTest, StopsAChildThatFloodsUs) {
  ChildSpec flood = Shell("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");
  flood.output_limit = 10'000;

  const auto results = RunAll({flood});

  EXPECT_EQ(results[0].end, ChildResult::End::kOutputTooLong);
  EXPECT_LE(results[0].output.size(), 10'000u);
}

TEST(RunChildrenTest, SaysWhenTheProgramIsMissing) {
  const auto results = RunAll({{.argv = {"/nonexistent/program"}, .environment = {}}});

  EXPECT_EQ(results[0].end, ChildResult::End::kExited);
  EXPECT_EQ(results[0].code, 127);
}

TEST(RunChildrenTest, GivesTheChildAnOrdinaryStart) {
  sigset_t blocked, old;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, &old);
  const auto results = RunAll({Shell("cat; grep SigBlk /proc/self/status")});
  sigprocmask(SIG_SETMASK, &old, nullptr);

  EXPECT_NE(results[0].output.find("SigBlk:\t0000000000000000"), std::string::npos) << results[0].output;
}

TEST(RunChildrenTest, ADeadlineInThePastKillsAtOnce) {
  const auto results = RunChildren(std::vector{Shell("while :; do sleep 100; done")}, MonotonicNow() - 1);

  EXPECT_EQ(results[0].end, ChildResult::End::kTimedOut);
}

TEST(RunChildrenTest, NoChildrenIsNoWork) { EXPECT_TRUE(RunAll({}).empty()); }

}  // namespace
}  // namespace flexai
