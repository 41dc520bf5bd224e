#include "intercept/opencl/submission.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "intercept/opencl/attach.hpp"
#include "intercept/opencl/callbacks.hpp"
#include "intercept/opencl/testing/gate_fixture.hpp"

namespace flexai::opencl::testing {
namespace {

class SubmissionTest : public GateTest {};

TEST_F(SubmissionTest, ACommandIsInFlightUntilItEnds) {
  cl_command_queue queue = NewQueue();
  const std::uint64_t before = Commands();

  ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  EXPECT_EQ(InFlight(), 1u);
  driver().RunAll();

  EXPECT_EQ(InFlight(), 0u);
  EXPECT_EQ(Commands(), before + 1);
}

TEST_F(SubmissionTest, WhatTheDriverRefusesComesBackWithItsErrorAndIsNotInFlight) {
  cl_command_queue queue = NewQueue();
  for (const cl_int error : {CL_INVALID_KERNEL_ARGS, CL_OUT_OF_RESOURCES, CL_INVALID_EVENT_WAIT_LIST}) {
    driver().refuse_next = error;
    EXPECT_EQ(Kernel(queue), error);
    EXPECT_EQ(InFlight(), 0u);
  }
}

TEST_F(SubmissionTest, UnknownQueuesAreTheDriversBusiness) {
  EXPECT_EQ(Kernel(nullptr), CL_INVALID_COMMAND_QUEUE);
  EXPECT_EQ(InFlight(), 0u);
}

TEST_F(SubmissionTest, AnEventOfTheApplicationIsLeftAlone) {
  cl_command_queue queue = NewQueue();
  cl_event event = nullptr;
  ASSERT_EQ(Kernel(queue, {}, &event), CL_SUCCESS);
  ASSERT_EQ(driver().last_place, &event);

  driver().RunAll();

  EXPECT_EQ(QueueDriver::Of(event).references, 1);
  hook::clReleaseEvent(event);
  EXPECT_TRUE(QueueDriver::Of(event).destroyed);
}

TEST_F(SubmissionTest, AnEventOfOursIsGivenBackWhenItsCommandEnds) {
  cl_command_queue queue = NewQueue();
  ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  FakeEvent* event = QueueDriver::Of(queue).commands.front().event;
  EXPECT_EQ(event->references, 2);

  driver().RunAll();

  EXPECT_TRUE(event->destroyed);
}

TEST_F(SubmissionTest, StampsAreChargedOnceTheyAreTrusted) {
  Settle();
  cl_command_queue queue = NewQueue();
  driver().kernel_takes = 3 * kMillisecond;
  const std::uint64_t before = DeviceTime();

  ASSERT_EQ(Kernel(queue, {}, nullptr, 1), CL_SUCCESS);
  driver().RunAll();

  EXPECT_EQ(DeviceTime() - before, static_cast<std::uint64_t>(3 * kMillisecond));
}

TEST_F(SubmissionTest, AnImpossibleStampIsNotCharged) {
  Settle();
  cl_command_queue queue = NewQueue();
  ASSERT_EQ(Kernel(queue, {}, nullptr, 1), CL_SUCCESS);
  const std::uint64_t before = DeviceTime();
  const Nanos begun = MonotonicNow();

  driver().stamps_are_time = false;  // 2 and 3, for once
  driver().RunAll();

  const auto elapsed = static_cast<std::uint64_t>(MonotonicNow() - begun);
  EXPECT_LE(DeviceTime() - before, elapsed + static_cast<std::uint64_t>(kMillisecond));
}

TEST_F(SubmissionTest, ABlockingCommandIsOverWhenItReturns) {
  cl_command_queue queue = NewQueue();
  char byte;
  ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  const int callbacks = driver().callbacks_set;

  ASSERT_EQ(hook::clEnqueueReadBuffer(queue, nullptr, CL_TRUE, 0, 1, &byte, 0, nullptr, nullptr), CL_SUCCESS);

  EXPECT_EQ(InFlight(), 0u);
  EXPECT_EQ(driver().callbacks_set, callbacks);
}

TEST_F(SubmissionTest, ADriverWithoutCallbacksIsAskedForTheEnd) {
  cl_command_queue queue = NewQueue();
  driver().calls_back = false;
  ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  driver().RunAll();
  EXPECT_EQ(InFlight(), 1u);

  hook::clFinish(queue);

  EXPECT_EQ(InFlight(), 0u);
}

TEST_F(SubmissionTest, FinishWaitsAlsoWhereTheDriverForgetsWhatWasFlushed) {
  cl_command_queue queue = NewQueue();
  driver().finish_forgets = true;
  ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  ASSERT_EQ(hook::clFlush(queue), CL_SUCCESS);

  ASSERT_EQ(hook::clFinish(queue), CL_SUCCESS);

  EXPECT_EQ(InFlight(), 0u);
  EXPECT_EQ(driver().waiting(), 0u);
}

TEST_F(SubmissionTest, OfShortSettledCommandsFewHaveACompletionOfTheirOwn) {
  Settle();
  cl_command_queue queue = NewQueue();
  const int before = driver().callbacks_set;
  const std::uint64_t commands = Commands(), charged = DeviceTime();

  for (int i = 0; i < 200; ++i) ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  EXPECT_EQ(InFlight(), 200u);
  driver().RunAll();

  EXPECT_LT(driver().callbacks_set - before, 50);
  EXPECT_EQ(InFlight(), 0u);
  EXPECT_EQ(Commands() - commands, 200u);
  EXPECT_NEAR(static_cast<double>(DeviceTime() - charged), 200 * 5'000, 200 * 5'000 * 0.1);
}

TEST_F(SubmissionTest, TheLastMarkClosesTheTailWithAMarkerBesideOthers) {
  Settle();
  cl_command_queue queue = NewQueue();
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  ASSERT_EQ(driver().markers, 0);

  driver().RunAll(1);
  EXPECT_EQ(driver().markers, 1);
  EXPECT_EQ(InFlight(), 4u);
  driver().RunAll();

  EXPECT_EQ(InFlight(), 0u);
}

TEST_F(SubmissionTest, ASynchronousClientIsMeasuredCommandByCommand) {
  Settle();
  cl_command_queue queue = NewQueue();
  const int before = driver().callbacks_set;

  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(Kernel(queue), CL_SUCCESS);
    hook::clFinish(queue);
    EXPECT_EQ(InFlight(), 0u);
  }

  EXPECT_EQ(driver().callbacks_set - before, 20);
  EXPECT_EQ(driver().markers, 0);
}

TEST_F(SubmissionTest, AloneTheTailWaitsForTheNextMark) {
  Settle();
  SetAlone(true);
  cl_command_queue queue = NewQueue();
  const int before = driver().callbacks_set;
  const std::uint64_t commands = Commands(), charged = DeviceTime();

  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(Kernel(queue), CL_SUCCESS);
    driver().RunAll();  // the queue runs dry all the time
  }
  EXPECT_LT(driver().callbacks_set - before, 20);
  EXPECT_EQ(driver().markers, 0);
  hook::clFinish(queue);

  EXPECT_EQ(InFlight(), 0u);
  EXPECT_EQ(Commands() - commands, 200u);
  // Never more than they were expected to take, and no more than passed: the fake's kernels take no time of the host's.
  EXPECT_LE(DeviceTime() - charged, 220u * 5'000);
}

TEST_F(SubmissionTest, AnOpenTailIsClosedForSomebodyWhoWaits) {
  Settle();
  SetAlone(true);
  cl_command_queue queue = NewQueue();
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  hook::clFlush(queue);
  driver().RunAll();
  ASSERT_NE(InFlight(), 0u);
  EXPECT_TRUE(Unflushed());  // so that a waiter asks us

  Contend();
  FlushQueues(tenant(), nullptr);
  driver().RunAll();

  EXPECT_EQ(InFlight(), 0u);
}

TEST_F(SubmissionTest, BesideOthersAnOpenTailIsClosedAtOnce) {
  Settle();
  SetAlone(true);
  cl_command_queue queue = NewQueue();
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  Contend();

  ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  driver().RunAll();

  EXPECT_EQ(InFlight(), 0u);
}

TEST_F(SubmissionTest, ACommandThatWaitsForAnotherQueueClosesTheTailFirst) {
  Settle();
  cl_command_queue queue = NewQueue(), other = NewQueue();
  cl_event event = nullptr;
  ASSERT_EQ(Kernel(other, {}, &event), CL_SUCCESS);
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Kernel(queue), CL_SUCCESS);

  ASSERT_EQ(Kernel(queue, {event}), CL_SUCCESS);

  EXPECT_EQ(driver().markers, 1);
  driver().RunAll();
  hook::clReleaseEvent(event);
}

TEST_F(SubmissionTest, NothingBlocksInsideACallback) {
  cl_command_queue queue = NewQueue();
  const std::uint64_t before = Overlap();
  Contend();
  // The lease is somebody else's: an ordinary gate would wait.
  slice::Atomic(region().state->header.lease).store(slice::Lease{1, false, ProcessOf(FLEXAI_ROLE_KEEPER) + 1, 1}.Pack());
  {
    const DriverCallbackScope scope;
    EXPECT_EQ(Kernel(queue), CL_SUCCESS);
  }
  driver().RunAll();

  EXPECT_EQ(InFlight(), 0u);
  EXPECT_GT(Overlap(), before);
  slice::Atomic(region().state->header.lease).store(slice::Lease{2, false, 0, 0}.Pack());
}

TEST_F(SubmissionTest, ACallbackOfTheApplicationIsKnownAsOne) {
  cl_command_queue queue = NewQueue();
  cl_event event = nullptr;
  ASSERT_EQ(Kernel(queue, {}, &event), CL_SUCCESS);
  static bool inside;
  inside = false;
  hook::clSetEventCallback(event, CL_COMPLETE, [](cl_event, cl_int, void*) { inside = InDriverCallback(); }, nullptr);
  EXPECT_FALSE(InDriverCallback());

  driver().RunAll();

  EXPECT_TRUE(inside);
  EXPECT_FALSE(InDriverCallback());
  hook::clReleaseEvent(event);
}

TEST_F(SubmissionTest, ThreadsShareAQueue) {
  Settle();
  cl_command_queue queue = NewQueue();
  std::atomic<int> submitting{3};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        cl_event event = nullptr;
        EXPECT_EQ(Kernel(queue, {}, i % 7 == 0 ? &event : nullptr), CL_SUCCESS);
        if (i % 100 == 99 && t == 0) hook::clFlush(queue);
        if (event != nullptr) hook::clReleaseEvent(event);
      }
      --submitting;
    });
  }
  while (submitting != 0 || driver().waiting() != 0) {
    driver().RunAll(3);
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(InFlight(), 0u);
}

#if defined(__SANITIZE_THREAD__)
#define FLEXAI_NO_FORK GTEST_SKIP() << "ThreadSanitizer does not follow a fork of several threads"
#else
#define FLEXAI_NO_FORK (void)0
#endif

TEST_F(SubmissionTest, AChildOfForkIsATenantOfItsOwn) {
  FLEXAI_NO_FORK;
  cl_command_queue queue = NewQueue();
  ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  const std::uint32_t parents = ProcessOf(FLEXAI_ROLE_TENANT);

  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    // In the inherited queue, before anything else.
    const bool taken = Kernel(queue) == CL_SUCCESS;
    std::uint32_t own = 0;
    for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i) {
      if (slice::StateOf(region().process(i)) == FLEXAI_PROCESS_LIVE && region().process(i).pid == static_cast<std::uint32_t>(getpid()))
        own = i;
    }
    const bool counted = own != parents && slice::Load(region().process(own).in_flight) == 1;
    driver().RunAll();  // the parent's command ends here too, and is not charged twice
    const bool ended = slice::Load(region().process(own).in_flight) == 0 && slice::Load(region().process(own).commands) == 1;
    _exit(taken && counted && ended ? 0 : 1 + !taken + 2 * !counted + 4 * !ended);
  }
  int status = 0;
  waitpid(child, &status, 0);

  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(InFlight(), 1u);
}

TEST_F(SubmissionTest, FinishingAnInheritedQueueInAChildOfForkLeavesTheParentsAccountAlone) {
  FLEXAI_NO_FORK;
  Settle();
  SetAlone(true);
  cl_command_queue queue = NewQueue();
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  driver().RunAll();
  const std::uint32_t in_flight = InFlight();
  const std::uint64_t commands = Commands(), charged = DeviceTime();
  const int markers = driver().markers;
  ASSERT_NE(in_flight, 0u);  // the tail is open

  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    const bool finished = hook::clFinish(queue) == CL_SUCCESS;
    _exit(finished && driver().markers == markers ? 0 : 1);  // nothing new enters a queue that is the parent's
  }
  int status = 0;
  waitpid(child, &status, 0);

  EXPECT_EQ(status, 0);
  EXPECT_EQ(InFlight(), in_flight);
  EXPECT_EQ(Commands(), commands);
  EXPECT_EQ(DeviceTime(), charged);
  hook::clFinish(queue);
  EXPECT_EQ(InFlight(), 0u);
}

}  // namespace
}  // namespace flexai::opencl::testing
