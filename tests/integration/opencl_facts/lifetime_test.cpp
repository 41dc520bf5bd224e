// When memory objects really end, as their destructor callbacks tell.
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "facts_fixture.hpp"

namespace flexai::facts {
namespace {

class LifetimeFacts : public FactsTest {};
FLEXAI_FOR_EACH_DRIVER(LifetimeFacts);

struct Mark {
  std::vector<int>* ended;
  int number;
};

void CL_CALLBACK Ended(cl_mem, void* user_data) {
  auto* mark = static_cast<Mark*>(user_data);
  mark->ended->push_back(mark->number);
}

TEST_P(LifetimeFacts, DestructorCallbacksRunInTheReleasingCallLastOneFirst) {
  std::vector<int> ended;
  Mark first{&ended, 1}, second{&ended, 2};
  cl_mem memory = clCreateBuffer(driver().context, CL_MEM_READ_WRITE, 4096, nullptr, nullptr);
  clSetMemObjectDestructorCallback(memory, Ended, &first);
  clSetMemObjectDestructorCallback(memory, Ended, &second);

  clReleaseMemObject(memory);

  EXPECT_EQ(ended, (std::vector<int>{2, 1}));
}

TEST_P(LifetimeFacts, ASubBufferKeepsItsParent) {
  std::vector<int> ended;
  Mark of_parent{&ended, 1}, of_part{&ended, 2};
  cl_mem parent = clCreateBuffer(driver().context, CL_MEM_READ_WRITE, 1 << 16, nullptr, nullptr);
  const cl_buffer_region region = {0, 4096};
  cl_mem part = clCreateSubBuffer(parent, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, nullptr);
  ASSERT_NE(part, nullptr);
  clSetMemObjectDestructorCallback(parent, Ended, &of_parent);
  clSetMemObjectDestructorCallback(part, Ended, &of_part);

  clReleaseMemObject(parent);
  EXPECT_TRUE(ended.empty());
  clReleaseMemObject(part);

  EXPECT_EQ(ended, (std::vector<int>{2, 1}));
}

TEST_P(LifetimeFacts, AQueuedCommandKeepsItsBuffer) {
  static std::atomic<int> ended;
  ended = 0;
  cl_mem memory = clCreateBuffer(driver().context, CL_MEM_READ_WRITE, 4096, nullptr, nullptr);
  clSetMemObjectDestructorCallback(memory, [](cl_mem, void*) { ++ended; }, nullptr);
  cl_kernel kernel = clCreateKernel(driver().program, "spin", nullptr);
  const cl_uint steps = 1;
  const size_t one = 1;
  cl_event user = clCreateUserEvent(driver().context, nullptr);
  cl_event event = nullptr;
  clSetKernelArg(kernel, 0, sizeof memory, &memory);
  clSetKernelArg(kernel, 1, sizeof steps, &steps);
  clEnqueueNDRangeKernel(driver().queue, kernel, 1, nullptr, &one, &one, 1, &user, &event);

  clReleaseMemObject(memory);
  EXPECT_EQ(ended, 0);
  clSetUserEventStatus(user, CL_COMPLETE);
  clFinish(driver().queue);
  clReleaseEvent(event);
  clReleaseEvent(user);

  // rusticl's kernel holds the arguments that its code uses until it is released itself.
  if (is("rusticl")) {
    EXPECT_EQ(ended, 0);
  } else {
    EXPECT_TRUE(Until([] { return ended == 1; }));
  }
  clReleaseKernel(kernel);
  EXPECT_TRUE(Until([] { return ended == 1; }));
}

TEST_P(LifetimeFacts, ImagesReportTheirSizeAndTheirEnd) {
  std::vector<int> ended;
  Mark mark{&ended, 7};
  const cl_image_format format = {CL_RGBA, CL_UNORM_INT8};
  cl_image_desc shape = {};
  shape.image_type = CL_MEM_OBJECT_IMAGE2D;
  shape.image_width = 64;
  shape.image_height = 64;
  cl_mem image = clCreateImage(driver().context, CL_MEM_READ_WRITE, &format, &shape, nullptr, nullptr);
  ASSERT_NE(image, nullptr);
  clSetMemObjectDestructorCallback(image, Ended, &mark);
  size_t bytes = 0;
  clGetMemObjectInfo(image, CL_MEM_SIZE, sizeof bytes, &bytes, nullptr);

  clReleaseMemObject(image);

  EXPECT_EQ(bytes, 64u * 64 * 4);
  EXPECT_EQ(ended, std::vector<int>{7});
}

TEST_P(LifetimeFacts, AnotherThreadMayRetainAndReleaseWhileCommandsRun) {
  std::atomic<bool> stop = false;
  std::thread other([&] {
    while (!stop) {
      clRetainCommandQueue(driver().queue);
      clRetainMemObject(driver().buffer);
      clReleaseMemObject(driver().buffer);
      clReleaseCommandQueue(driver().queue);
    }
  });
  for (int i = 0; i < 500; ++i) clReleaseEvent(driver().Enqueue(driver().queue, 0));
  EXPECT_EQ(clFinish(driver().queue), CL_SUCCESS);
  stop = true;
  other.join();

  cl_uint references = 0;
  clGetCommandQueueInfo(driver().queue, CL_QUEUE_REFERENCE_COUNT, sizeof references, &references, nullptr);
  EXPECT_GE(references, 1u);
}

TEST_P(LifetimeFacts, TheLastReferenceToAQueueMayGoInsideACallback) {
  static std::atomic<bool> released;
  released = false;
  cl_command_queue other = driver().NewQueue();
  cl_event event = driver().Enqueue(other, 0);
  clRetainCommandQueue(other);
  clSetEventCallback(
      event, CL_COMPLETE,
      [](cl_event, cl_int, void* queue) {
        clReleaseCommandQueue(static_cast<cl_command_queue>(queue));
        released = true;
      },
      other);
  clFlush(other);
  clReleaseCommandQueue(other);

  EXPECT_TRUE(Until([] { return released.load(); }));
  clReleaseEvent(event);
}

}  // namespace
}  // namespace flexai::facts
