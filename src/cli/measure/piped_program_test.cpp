#include "cli/measure/piped_program.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace flexai::cli {
namespace {

constexpr Nanos kWatchdog = 30 * kSecond;

PipedProgram Shell(const std::string& script) {
  auto program = PipedProgram::Start({"/bin/sh", "-c", script}, {"PATH=/usr/bin:/bin"});
  EXPECT_TRUE(program);
  return program ? std::move(*program) : PipedProgram();
}

TEST(PipedProgramTest, AnswersLineByLine) {
  PipedProgram program = Shell("while read -r word; do echo \"got $word\"; done");

  ASSERT_TRUE(program.Send("one"));
  EXPECT_EQ(program.ReadLine(MonotonicNow() + kWatchdog).value_or("nothing"), "got one");
  ASSERT_TRUE(program.Send("two"));
  EXPECT_EQ(program.ReadLine(MonotonicNow() + kWatchdog).value_or("nothing"), "got two");
  program.CloseInput();
  EXPECT_EQ(program.Wait(MonotonicNow() + kWatchdog), 0);
}

TEST(PipedProgramTest, SaysHowAProgramEndedThatSaysNothing) {
  PipedProgram program = Shell("exit 3");

  const auto line = program.ReadLine(MonotonicNow() + kWatchdog);

  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, ErrorCode::kStale);
  EXPECT_NE(line.error().message.find("status 3"), std::string::npos);
}

TEST(PipedProgramTest, ASilentProgramIsNotWaitedForLongerThanAsked) {
  PipedProgram program = Shell("read -r word");

  const auto line = program.ReadLine(MonotonicNow() + kMillisecond);

  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, ErrorCode::kTimeout);
}

TEST(PipedProgramTest, AProgramThatDoesNotEndIsAskedToAndThenEnded) {
  PipedProgram polite = Shell("read -r word");
  EXPECT_EQ(polite.Wait(MonotonicNow()), 128 + SIGTERM);
  PipedProgram deaf = Shell("trap '' TERM; echo deaf; while :; do read -r word; done");
  ASSERT_TRUE(deaf.ReadLine(MonotonicNow() + kWatchdog));
  EXPECT_EQ(deaf.Wait(MonotonicNow()), 128 + SIGKILL);
}

TEST(PipedProgramTest, AProgramThatIsNotThereSaysSo) {
  auto program = PipedProgram::Start({"/nonexistent/program"}, {});
  ASSERT_TRUE(program);
  EXPECT_EQ(program->Wait(MonotonicNow() + kWatchdog), 127);
}

}  // namespace
}  // namespace flexai::cli
