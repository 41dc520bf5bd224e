#include "intercept/opencl/queues.hpp"

#include "intercept/opencl/flush.hpp"
#include "intercept/opencl/testing/gate_fixture.hpp"

namespace flexai::opencl::testing {
namespace {

class QueuesTest : public GateTest {
 protected:
  static cl_command_queue_properties Shown(cl_command_queue queue) {
    cl_command_queue_properties flags = 77;
    EXPECT_EQ(hook::clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES, sizeof flags, &flags, nullptr), CL_SUCCESS);
    return flags;
  }
  static std::vector<cl_queue_properties> ShownList(cl_command_queue queue) {
    cl_queue_properties list[16];
    std::size_t bytes = 0;
    EXPECT_EQ(hook::clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES_ARRAY, sizeof list, list, &bytes), CL_SUCCESS);
    return {list, list + bytes / sizeof list[0]};
  }
  cl_command_queue WithProperties(const cl_queue_properties* list) {
    cl_int status = 77;
    cl_command_queue queue = hook::clCreateCommandQueueWithProperties(driver().context(), driver().device(), list, &status);
    EXPECT_EQ(status, CL_SUCCESS);
    return queue;
  }
  static bool DriverProfiles(cl_command_queue queue) { return (QueueDriver::Of(queue).flags & CL_QUEUE_PROFILING_ENABLE) != 0; }
};

TEST_F(QueuesTest, ProfilingIsForcedAndHidden) {
  cl_command_queue plain = NewQueue(), asked = NewQueue(CL_QUEUE_PROFILING_ENABLE);

  EXPECT_TRUE(DriverProfiles(plain));
  EXPECT_EQ(Shown(plain), 0u);
  EXPECT_EQ(Shown(asked), cl_command_queue_properties{CL_QUEUE_PROFILING_ENABLE});
}

TEST_F(QueuesTest, TheListOfPropertiesIsTheApplicationsOwn) {
  const cl_queue_properties none[] = {0}, other[] = {0x4242, 7, 0}, ordered[] = {0x4242, 7, CL_QUEUE_PROPERTIES, 0, 0};
  for (const auto* list : {none, other, ordered}) {
    cl_command_queue queue = WithProperties(list);
    std::size_t count = 1;
    while (list[count - 1] != 0) count += 2;

    EXPECT_TRUE(DriverProfiles(queue));
    EXPECT_EQ(ShownList(queue), std::vector<cl_queue_properties>(list, list + count));
  }
  EXPECT_EQ(ShownList(WithProperties(nullptr)), std::vector<cl_queue_properties>{});
}

TEST_F(QueuesTest, ALongListIsPassedWhole) {
  std::vector<cl_queue_properties> list;
  for (int i = 0; i < 100; ++i) list.insert(list.end(), {static_cast<cl_queue_properties>(0x5000 + i), 1});
  list.push_back(0);
  cl_command_queue queue = WithProperties(list.data());

  std::vector<cl_queue_properties> forced(list.begin(), list.end() - 1);
  forced.insert(forced.end(), {CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE, 0});
  EXPECT_EQ(QueueDriver::Of(queue).list, forced);
}

TEST_F(QueuesTest, StampsOfAQueueThatDidNotAskAreNotAvailableEvenAfterItsEnd) {
  cl_command_queue plain = NewQueue(), asked = NewQueue(CL_QUEUE_PROFILING_ENABLE);
  cl_event of_plain = nullptr, of_asked = nullptr;
  ASSERT_EQ(Kernel(plain, {}, &of_plain), CL_SUCCESS);
  ASSERT_EQ(Kernel(asked, {}, &of_asked), CL_SUCCESS);
  driver().RunAll();
  const auto stamp = [](cl_event event) {
    cl_ulong value;
    return hook::clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof value, &value, nullptr);
  };

  EXPECT_EQ(stamp(of_plain), CL_PROFILING_INFO_NOT_AVAILABLE);
  EXPECT_EQ(stamp(of_asked), CL_SUCCESS);
  hook::clReleaseCommandQueue(plain);
  EXPECT_EQ(stamp(of_plain), CL_PROFILING_INFO_NOT_AVAILABLE);
  hook::clReleaseEvent(of_plain);
  hook::clReleaseEvent(of_asked);
}

TEST_F(QueuesTest, ProfilingCanBeSwitchedOnAndOffForTheApplicationOnly) {
  cl_command_queue queue = NewQueue();
  cl_command_queue_properties old = 77;

  EXPECT_EQ(hook::clSetCommandQueueProperty(queue, CL_QUEUE_PROFILING_ENABLE, CL_TRUE, &old), CL_SUCCESS);
  EXPECT_EQ(old, 0u);
  EXPECT_EQ(Shown(queue), cl_command_queue_properties{CL_QUEUE_PROFILING_ENABLE});
  EXPECT_EQ(hook::clSetCommandQueueProperty(queue, CL_QUEUE_PROFILING_ENABLE, CL_FALSE, nullptr), CL_SUCCESS);

  EXPECT_EQ(Shown(queue), 0u);
  EXPECT_TRUE(DriverProfiles(queue));
}

TEST_F(QueuesTest, ADeviceWithoutProfilingIsTimedByTheHost) {
  driver().has_profiling = false;
  cl_command_queue queue = NewQueue();
  const std::uint64_t before = DeviceTime();

  ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  driver().RunAll();

  EXPECT_FALSE(DriverProfiles(queue));
  EXPECT_GT(DeviceTime(), before);
}

TEST_F(QueuesTest, ErrorsOfCreationAreTheDrivers) {
  cl_int status = 77;
  EXPECT_EQ(hook::clCreateCommandQueue(nullptr, driver().device(), 0, &status), nullptr);
  EXPECT_EQ(status, CL_INVALID_CONTEXT);
  EXPECT_EQ(hook::clCreateCommandQueue(driver().context(), nullptr, 0, &status), nullptr);
  EXPECT_EQ(status, CL_INVALID_DEVICE);
  EXPECT_EQ(hook::clCreateCommandQueue(driver().context(), driver().device(), 64, &status), nullptr);
  EXPECT_EQ(status, CL_INVALID_VALUE);
}

TEST_F(QueuesTest, TheReferenceCountIsTheApplicationsOwn) {
  cl_command_queue queue = NewQueue();
  hook::clRetainCommandQueue(queue);
  cl_uint count = 0;

  hook::clGetCommandQueueInfo(queue, CL_QUEUE_REFERENCE_COUNT, sizeof count, &count, nullptr);
  EXPECT_EQ(count, 2u);
  hook::clReleaseCommandQueue(queue);
  hook::clReleaseCommandQueue(queue);

  EXPECT_TRUE(QueueDriver::Of(queue).destroyed);
  EXPECT_EQ(FindQueue(queue), nullptr);
}

TEST_F(QueuesTest, APinnedQueueIsReleasedByWhoeverUnpinsIt) {
  cl_command_queue queue = NewQueue();
  Queue& known = *FindQueue(queue);
  ASSERT_TRUE(Pin(known));

  EXPECT_EQ(hook::clReleaseCommandQueue(queue), CL_SUCCESS);
  EXPECT_FALSE(QueueDriver::Of(queue).destroyed);
  EXPECT_FALSE(Pin(known));
  Unpin(known);

  EXPECT_TRUE(QueueDriver::Of(queue).destroyed);
}

TEST_F(QueuesTest, AReleasedQueueLeavesNoMemberBehind) {
  Settle();
  cl_command_queue queue = NewQueue();
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Kernel(queue), CL_SUCCESS);

  hook::clReleaseCommandQueue(queue);
  driver().RunAll();

  EXPECT_EQ(InFlight(), 0u);
}

TEST_F(QueuesTest, WorkIsMarkedUnflushedUntilSomebodyFlushes) {
  cl_command_queue queue = NewQueue(), other = NewQueue();
  ASSERT_FALSE(Unflushed());

  ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  ASSERT_EQ(Kernel(other), CL_SUCCESS);
  EXPECT_TRUE(Unflushed());
  hook::clFlush(queue);
  EXPECT_TRUE(Unflushed());
  hook::clFinish(other);

  EXPECT_FALSE(Unflushed());
}

TEST_F(QueuesTest, FlushingForOthersTouchesOnlyWhatNeedsIt) {
  cl_command_queue clean = NewQueue(), dirty = NewQueue(), released = NewQueue();
  ASSERT_EQ(Kernel(dirty), CL_SUCCESS);
  ASSERT_EQ(Kernel(released), CL_SUCCESS);
  hook::clReleaseCommandQueue(released);

  FlushQueues(tenant(), nullptr);

  EXPECT_EQ(QueueDriver::Of(clean).flushes, 0);
  EXPECT_EQ(QueueDriver::Of(dirty).flushes, 1);
  EXPECT_EQ(QueueDriver::Of(released).flushes, 0);
  EXPECT_FALSE(Unflushed());
}

TEST_F(QueuesTest, WhileSomebodyWaitsEverySubmissionIsFlushed) {
  cl_command_queue queue = NewQueue();
  driver().in_next_enqueue = [] { Contend(); };

  ASSERT_EQ(Kernel(queue), CL_SUCCESS);

  EXPECT_EQ(QueueDriver::Of(queue).flushes, 1);
  EXPECT_FALSE(Unflushed());
}

TEST_F(QueuesTest, TheHostsClockCountsFromTheFlush) {
  FlushTimes times;
  const std::uint32_t before = times.Now();
  EXPECT_EQ(times.FirstAfter(before), 0);

  times.Note(100);
  const std::uint32_t between = times.Now();
  times.Note(200);

  EXPECT_EQ(times.FirstAfter(before), 100);
  EXPECT_EQ(times.FirstAfter(between), 200);
  for (Nanos i = 0; i < 8; ++i) times.Note(300 + i);
  EXPECT_EQ(times.FirstAfter(before), 0);
}

}  // namespace
}  // namespace flexai::opencl::testing
