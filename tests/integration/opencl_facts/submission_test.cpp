// When queued work starts.
#include "facts_fixture.hpp"

namespace flexai::facts {
namespace {

class SubmissionFacts : public FactsTest {};
FLEXAI_FOR_EACH_DRIVER(SubmissionFacts);

TEST_P(SubmissionFacts, WorkStartsWithoutAFlushExceptInRusticl) {
  cl_event event = driver().Enqueue(driver().queue, 0);
  if (is("rusticl")) {
    // A hundred round trips through another queue of the device do not move it.
    cl_command_queue other = driver().NewQueue();
    for (int i = 0; i < 100; ++i) {
      clReleaseEvent(driver().Enqueue(other, 0));
      clFinish(other);
    }
    EXPECT_EQ(Status(event), CL_QUEUED);
    clReleaseCommandQueue(other);
    clFlush(driver().queue);
  }

  EXPECT_TRUE(Until([&] { return Status(event) == CL_COMPLETE; }));

  clReleaseEvent(event);
}

TEST_P(SubmissionFacts, FlushingADependentsQueueDoesNotFlushWhatItWaitsFor) {
  cl_command_queue other = driver().NewQueue();
  cl_event first = driver().Enqueue(driver().queue, 0);
  cl_event second = driver().Enqueue(other, 0, first);
  clFlush(other);
  if (is("rusticl")) {
    EXPECT_EQ(Status(first), CL_QUEUED);
    EXPECT_GT(Status(second), CL_COMPLETE);
  }

  clFlush(driver().queue);

  EXPECT_TRUE(Until([&] { return Status(second) == CL_COMPLETE; }));
  clReleaseEvent(first);
  clReleaseEvent(second);
  clReleaseCommandQueue(other);
}

TEST_P(SubmissionFacts, ReleasingAQueueRunsItsUnflushedWork) {
  cl_command_queue other = driver().NewQueue();
  cl_event event = driver().Enqueue(other, 0);

  clReleaseCommandQueue(other);

  EXPECT_TRUE(Until([&] { return Status(event) == CL_COMPLETE; }));
  clReleaseEvent(event);
}

TEST_P(SubmissionFacts, FlushReturnsWhileTheWorkWaitsForAUserEvent) {
  cl_event user = clCreateUserEvent(driver().context, nullptr);
  cl_event event = driver().Enqueue(driver().queue, 0, user);

  EXPECT_EQ(clFlush(driver().queue), CL_SUCCESS);

  EXPECT_GT(Status(event), CL_COMPLETE);
  clSetUserEventStatus(user, CL_COMPLETE);
  EXPECT_TRUE(Until([&] { return Status(event) == CL_COMPLETE; }));
  clReleaseEvent(event);
  clReleaseEvent(user);
}

// Why the layer, which flushes, waits for a queue's end by itself.
TEST_P(SubmissionFacts, FinishWaitsForWhatWasFlushedExceptInRusticl) {
  cl_event event = driver().Enqueue(driver().queue, 10 * driver().LongSteps());
  clFlush(driver().queue);

  EXPECT_EQ(clFinish(driver().queue), CL_SUCCESS);

  if (is("rusticl")) {
    EXPECT_GT(Status(event), CL_COMPLETE);
  } else {
    EXPECT_EQ(Status(event), CL_COMPLETE);
  }
  clWaitForEvents(1, &event);
  clReleaseEvent(event);
}

}  // namespace
}  // namespace flexai::facts
