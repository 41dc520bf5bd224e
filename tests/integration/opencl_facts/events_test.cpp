// Profiling stamps, callbacks and failed user events.
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "facts_fixture.hpp"

namespace flexai::facts {
namespace {

class EventFacts : public FactsTest {};
FLEXAI_FOR_EACH_DRIVER(EventFacts);

long ThreadId() { return syscall(SYS_gettid); }

struct Called {
  std::atomic<int> times{0};
  std::atomic<long> thread{0};
  std::atomic<cl_int> status{99};
};

void CL_CALLBACK Note(cl_event, cl_int status, void* user_data) {
  auto& called = *static_cast<Called*>(user_data);
  called.thread = ThreadId();
  called.status = status;
  ++called.times;
}

struct Stamps {
  cl_int status = CL_SUCCESS;
  cl_ulong queued = 0, submit = 0, start = 0, end = 0;
};

Stamps StampsOf(cl_event event) {
  Stamps stamps;
  const std::array<std::pair<cl_profiling_info, cl_ulong*>, 4> wanted = {{{CL_PROFILING_COMMAND_QUEUED, &stamps.queued},
                                                                          {CL_PROFILING_COMMAND_SUBMIT, &stamps.submit},
                                                                          {CL_PROFILING_COMMAND_START, &stamps.start},
                                                                          {CL_PROFILING_COMMAND_END, &stamps.end}}};
  for (const auto& [name, out] : wanted) {
    if (stamps.status == CL_SUCCESS) stamps.status = clGetEventProfilingInfo(event, name, sizeof *out, out, nullptr);
  }
  return stamps;
}

TEST_P(EventFacts, StampsAreTimeExceptInRusticl) {
  const cl_uint steps = driver().LongSteps();
  const long long before = Now();
  cl_event event = driver().Enqueue(driver().queue, steps);
  clFinish(driver().queue);
  const long long host = Now() - before;

  const Stamps stamps = StampsOf(event);

  ASSERT_EQ(stamps.status, CL_SUCCESS);
  if (is("rusticl")) {
    EXPECT_EQ(stamps.queued, 0u);
    EXPECT_EQ(stamps.submit, 1u);
    EXPECT_EQ(stamps.start, 2u);
    EXPECT_EQ(stamps.end, 3u);
  } else {
    const auto device = static_cast<long long>(stamps.end - stamps.start);
    EXPECT_LE(stamps.queued, stamps.submit);
    EXPECT_LE(stamps.submit, stamps.start);
    EXPECT_LE(device, host);
    EXPECT_GE(device, host / 10);
  }
  clReleaseEvent(event);
}

TEST_P(EventFacts, AQueueWithoutProfilingHasNoStampsExceptInRusticl) {
  cl_command_queue plain = driver().NewQueue(0);
  cl_event event = driver().Enqueue(plain, 0);
  clFinish(plain);

  EXPECT_EQ(StampsOf(event).status, is("rusticl") ? CL_SUCCESS : CL_PROFILING_INFO_NOT_AVAILABLE);

  clReleaseEvent(event);
  clReleaseCommandQueue(plain);
}

TEST_P(EventFacts, MarkersAndBarriersHaveStartAndEnd) {
  for (auto enqueue : {&clEnqueueMarkerWithWaitList, &clEnqueueBarrierWithWaitList}) {
    cl_event event = nullptr;
    ASSERT_EQ(enqueue(driver().queue, 0, nullptr, &event), CL_SUCCESS);
    clFinish(driver().queue);

    const Stamps stamps = StampsOf(event);

    EXPECT_EQ(stamps.status, CL_SUCCESS);
    EXPECT_LE(stamps.start, stamps.end);
    // Intel gives 0 as the time a marker was queued.
    EXPECT_EQ(stamps.queued == 0, !is("pocl"));
    clReleaseEvent(event);
  }
}

TEST_P(EventFacts, UserEventsHaveNoStamps) {
  cl_event user = clCreateUserEvent(driver().context, nullptr);
  clSetUserEventStatus(user, CL_COMPLETE);

  EXPECT_EQ(StampsOf(user).status, CL_PROFILING_INFO_NOT_AVAILABLE);

  clReleaseEvent(user);
}

TEST_P(EventFacts, CallbacksRunOnADriversThread) {
  // Held back by a user event, so that the command cannot be complete before its callback is there.
  cl_event user = clCreateUserEvent(driver().context, nullptr);
  cl_event event = driver().Enqueue(driver().queue, 0, user);
  Called called;
  clSetEventCallback(event, CL_COMPLETE, Note, &called);
  clFlush(driver().queue);

  clSetUserEventStatus(user, CL_COMPLETE);

  // No clFinish here: in Intel's driver that would lend the device this thread.
  ASSERT_TRUE(Until([&] { return called.times == 1; }));
  EXPECT_NE(called.thread, ThreadId());
  EXPECT_EQ(called.status, CL_COMPLETE);
  clReleaseEvent(event);
  clReleaseEvent(user);
}

TEST_P(EventFacts, ACallbackSetAfterCompletionRunsInTheCaller) {
  cl_event event = driver().Enqueue(driver().queue, 0);
  clFinish(driver().queue);
  Called called;

  clSetEventCallback(event, CL_COMPLETE, Note, &called);

  EXPECT_EQ(called.times, 1);
  EXPECT_EQ(called.thread, ThreadId());
  clReleaseEvent(event);
}

TEST_P(EventFacts, TheCallbackOfAUserEventRunsInTheThreadThatSetsIt) {
  cl_event user = clCreateUserEvent(driver().context, nullptr);
  Called called;
  clSetEventCallback(user, CL_COMPLETE, Note, &called);

  clSetUserEventStatus(user, CL_COMPLETE);

  EXPECT_EQ(called.times, 1);
  EXPECT_EQ(called.thread, ThreadId());
  clReleaseEvent(user);
}

TEST_P(EventFacts, AnEventCanBeReleasedInItsOwnCallback) {
  static std::atomic<int> released;
  released = 0;
  constexpr int kCommands = 200;
  for (int i = 0; i < kCommands; ++i) {
    cl_event event = driver().Enqueue(driver().queue, 0);
    clSetEventCallback(
        event, CL_COMPLETE,
        [](cl_event done, cl_int, void*) {
          clReleaseEvent(done);
          ++released;
        },
        nullptr);
  }
  clFlush(driver().queue);

  EXPECT_TRUE(Until([] { return released == kCommands; }));
}

// What becomes of a command whose user event fails, and of the next one in the same in-order queue. Only Intel's driver
// calls the callback, and it then shows the command as complete.
TEST_P(EventFacts, AFailedUserEventEndsItsDependents) {
  cl_command_queue other = driver().NewQueue();
  cl_event user = clCreateUserEvent(driver().context, nullptr);
  cl_event dependent = driver().Enqueue(other, 0, user);
  cl_event next = driver().Enqueue(other, 0);
  Called of_dependent, of_next;
  clSetEventCallback(dependent, CL_COMPLETE, Note, &of_dependent);
  clSetEventCallback(next, CL_COMPLETE, Note, &of_next);
  clFlush(other);

  clSetUserEventStatus(user, -5);
  ASSERT_TRUE(Until([&] { return Status(next) <= CL_COMPLETE && Status(dependent) <= CL_COMPLETE; }));
  EXPECT_EQ(clFinish(other), CL_SUCCESS);

  if (is("pocl")) {
    EXPECT_EQ(Status(dependent), -1);
    EXPECT_EQ(Status(next), -1);
    EXPECT_EQ(of_dependent.times, 0);
    EXPECT_EQ(of_next.times, 0);
  } else if (is("rusticl")) {
    EXPECT_EQ(Status(dependent), -5);
    EXPECT_EQ(Status(next), CL_COMPLETE);
    EXPECT_EQ(of_dependent.times, 0);
    EXPECT_TRUE(Until([&] { return of_next.times == 1; }));
  } else {
    EXPECT_TRUE(Until([&] { return of_dependent.times == 1 && of_next.times == 1; }));
    EXPECT_EQ(of_dependent.status, -5);
    EXPECT_EQ(Status(next), CL_COMPLETE);
  }
  clReleaseEvent(dependent);
  clReleaseEvent(next);
  clReleaseEvent(user);
  clReleaseCommandQueue(other);
}

}  // namespace
}  // namespace flexai::facts
