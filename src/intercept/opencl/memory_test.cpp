#include "intercept/opencl/memory.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "intercept/opencl/callbacks.hpp"
#include "intercept/opencl/svm.hpp"
#include "intercept/opencl/testing/memory_fixture.hpp"

namespace flexai::opencl {
namespace {

using testing::kQuota0;
using testing::kQuota1;

class MemoryTest : public testing::MemoryFixture {
 protected:
  void SetUp() override {
    MemoryFixture::SetUp();
    context_ = Context(0);
  }
  void TearDown() override {
    driver.DestroyPending();
    Next().clReleaseContext(context_);
    MemoryFixture::TearDown();
  }

  cl_image_desc Square(std::size_t side) {
    cl_image_desc desc = {};
    desc.image_type = CL_MEM_OBJECT_IMAGE2D;
    desc.image_width = desc.image_height = side;
    return desc;
  }
  cl_int Image(const cl_image_desc& desc, cl_mem& made) {
    const cl_image_format format{CL_RGBA, CL_UNORM_INT8};
    cl_int error = CL_SUCCESS;
    made = hook::clCreateImage(context_, CL_MEM_READ_WRITE, &format, &desc, nullptr, &error);
    return error;
  }

  cl_context context_ = nullptr;
};

TEST_F(MemoryTest, TheErrorMayBeUnwanted) {
  cl_mem most = hook::clCreateBuffer(context_, CL_MEM_READ_WRITE, kQuota0, nullptr, nullptr);
  ASSERT_NE(most, nullptr);

  EXPECT_EQ(hook::clCreateBuffer(context_, CL_MEM_READ_WRITE, 1, nullptr, nullptr), nullptr);
  EXPECT_EQ(hook::clCreateBuffer(nullptr, CL_MEM_READ_WRITE, 1, nullptr, nullptr), nullptr);

  hook::clReleaseMemObject(most);
}

TEST_F(MemoryTest, WhatTheDriverRefusesIsGivenBack) {
  cl_mem made = nullptr;
  driver.fail_next = 1;

  EXPECT_EQ(Buffer(context_, 5000, made), CL_OUT_OF_RESOURCES);

  EXPECT_EQ(made, nullptr);
  EXPECT_EQ(Held(0), 0u);
}

TEST_F(MemoryTest, AnErrorCountsAlsoWhenTheDriverReturnsAHandleWithIt) {
  cl_mem made = nullptr;
  driver.fail_next = 1;
  driver.handle_with_error = true;

  EXPECT_EQ(Buffer(context_, 5000, made), CL_OUT_OF_RESOURCES);

  EXPECT_EQ(Held(0), 0u);
}

TEST_F(MemoryTest, WrongArgumentsWinOverAFullSlice) {
  cl_mem most = nullptr, made = nullptr;
  ASSERT_EQ(Buffer(context_, kQuota0, most), CL_SUCCESS);

  EXPECT_EQ(Buffer(context_, 10, made, 1u << 30), CL_INVALID_VALUE);
  EXPECT_EQ(Buffer(context_, 10, made, CL_MEM_COPY_HOST_PTR), CL_INVALID_HOST_PTR);
  EXPECT_EQ(Buffer(context_, 0, made), CL_INVALID_BUFFER_SIZE);
  EXPECT_EQ(Buffer(nullptr, 10, made), CL_INVALID_CONTEXT);
  EXPECT_EQ(Buffer(context_, kQuota0 + 1, made, CL_MEM_COPY_HOST_PTR), CL_INVALID_HOST_PTR);
  EXPECT_EQ(Buffer(context_, kQuota0 + 1, made), CL_INVALID_BUFFER_SIZE);
  EXPECT_EQ(Buffer(context_, testing::FakeDriver::kMostOneBuffer + 1, made), CL_INVALID_BUFFER_SIZE);
  EXPECT_EQ(Buffer(context_, 10, made), CL_MEM_OBJECT_ALLOCATION_FAILURE);
  EXPECT_EQ(Image(Square(testing::FakeDriver::kWidest + 1), made), CL_INVALID_IMAGE_SIZE);
  EXPECT_EQ(Image(Square(0), made), CL_INVALID_IMAGE_SIZE);
  EXPECT_EQ(Image(Square(100), made), CL_MEM_OBJECT_ALLOCATION_FAILURE);
  EXPECT_EQ(Held(0), kQuota0);
  EXPECT_EQ(driver.Allocated(0), kQuota0);

  hook::clReleaseMemObject(most);
}

TEST_F(MemoryTest, PitchesAreJudgedInAFullSliceToo) {
  cl_mem most = nullptr;
  ASSERT_EQ(Buffer(context_, kQuota0, most), CL_SUCCESS);
  const cl_image_format format{CL_RGBA, CL_UNORM_INT8};
  cl_image_desc desc = Square(100);
  std::vector<char> host(40'000);
  cl_int error = CL_SUCCESS;

  desc.image_row_pitch = 399;
  EXPECT_EQ(hook::clCreateImage(context_, CL_MEM_USE_HOST_PTR, &format, &desc, host.data(), &error), nullptr);
  EXPECT_EQ(error, CL_INVALID_IMAGE_DESCRIPTOR);
  desc.image_row_pitch = 400;
  EXPECT_EQ(hook::clCreateImage(context_, CL_MEM_USE_HOST_PTR, &format, &desc, host.data(), &error), nullptr);
  EXPECT_EQ(error, CL_MEM_OBJECT_ALLOCATION_FAILURE);

  hook::clReleaseMemObject(most);
}

TEST_F(MemoryTest, ARefusalNeverTriesPropertiesThatMayHandMemoryOver) {
  cl_mem most = nullptr;
  ASSERT_EQ(Buffer(context_, kQuota0, most), CL_SUCCESS);
  const cl_mem_properties properties[] = {0x2060, 5, 0};  // a file descriptor
  cl_int error = CL_SUCCESS;
  driver.fail_next = 1;

  EXPECT_EQ(hook::clCreateBufferWithProperties(context_, properties, CL_MEM_READ_WRITE, 10, nullptr, &error), nullptr);

  EXPECT_EQ(error, CL_MEM_OBJECT_ALLOCATION_FAILURE);
  EXPECT_EQ(driver.fail_next, 1) << "the driver was not asked";
  hook::clReleaseMemObject(most);
}

TEST_F(MemoryTest, AllocationsOfAContextOverTwoAreChargedOnBothOrNone) {
  cl_context both = Context({driver.device(0), driver.device(1)});
  cl_mem first = nullptr, second = nullptr;

  EXPECT_EQ(Buffer(both, kQuota1, first), CL_SUCCESS);
  EXPECT_EQ(Held(0), kQuota1);
  EXPECT_EQ(Held(1), kQuota1);
  EXPECT_EQ(Buffer(both, 1, second), CL_MEM_OBJECT_ALLOCATION_FAILURE) << "there is room on the first alone";
  EXPECT_EQ(Held(0), kQuota1);
  EXPECT_EQ(Buffer(both, kQuota0, second), CL_MEM_OBJECT_ALLOCATION_FAILURE) << "one of the devices can";
  EXPECT_EQ(Buffer(both, kQuota0 + 1, second), CL_INVALID_BUFFER_SIZE) << "none of the devices can";
  EXPECT_EQ(hook::clReleaseMemObject(first), CL_SUCCESS);

  Next().clReleaseContext(both);
}

TEST_F(MemoryTest, PartsOfOneXpuAreChargedOnce) {
  cl_device_id parts[2] = {};
  ASSERT_EQ(hook::clCreateSubDevices(driver.device(1), nullptr, 1, &parts[0], nullptr), CL_SUCCESS);
  ASSERT_EQ(hook::clCreateSubDevices(driver.device(1), nullptr, 1, &parts[1], nullptr), CL_SUCCESS);
  cl_context context = Context({parts[0], parts[1]});
  cl_mem memory = nullptr;

  EXPECT_EQ(Buffer(context, 1000, memory), CL_SUCCESS);
  EXPECT_EQ(Held(1), 1000u);

  hook::clReleaseMemObject(memory);
  Next().clReleaseContext(context);
}

TEST_F(MemoryTest, PaddingIsChargedOrRefusedAfterwards) {
  cl_mem image = nullptr, most = nullptr;
  driver.padding = 600;

  EXPECT_EQ(Image(Square(50), image), CL_SUCCESS);
  EXPECT_EQ(Held(0), 10'600u);
  ASSERT_EQ(Buffer(context_, kQuota0 - 10'600 - 10'000, most), CL_SUCCESS);
  cl_mem other = nullptr;
  EXPECT_EQ(Image(Square(50), other), CL_MEM_OBJECT_ALLOCATION_FAILURE) << "it fits without its padding only";
  EXPECT_EQ(Held(0), kQuota0 - 10'000);
  EXPECT_EQ(driver.Allocated(0), kQuota0 - 10'000);

  hook::clReleaseMemObject(image);
  hook::clReleaseMemObject(most);
}

TEST_F(MemoryTest, ImagesAndPartsOfOthersMemoryAreFreeEvenWhenNothingIsLeft) {
  cl_mem most = nullptr, image = nullptr;
  ASSERT_EQ(Buffer(context_, kQuota0, most), CL_SUCCESS);
  cl_image_desc desc = Square(50);
  desc.mem_object = most;

  EXPECT_EQ(Image(desc, image), CL_SUCCESS);
  EXPECT_EQ(Held(0), kQuota0);
  EXPECT_EQ(hook::clReleaseMemObject(most), CL_SUCCESS);
  EXPECT_EQ(Held(0), kQuota0) << "the image keeps the buffer";
  EXPECT_EQ(hook::clReleaseMemObject(image), CL_SUCCESS);
  EXPECT_EQ(Held(0), 0u);
}

TEST_F(MemoryTest, ImportsAreChargedWhenTheyAreKnownAndRefusedInTheirOwnWords) {
  cl_int error = CL_SUCCESS;
  cl_mem imported = hook::clCreateFromGLBuffer(context_, CL_MEM_READ_WRITE, 70'000, &error);
  ASSERT_EQ(error, CL_SUCCESS);
  EXPECT_EQ(Held(0), 70'000u);

  EXPECT_EQ(hook::clCreateFromGLBuffer(context_, CL_MEM_READ_WRITE, 70'000, &error), nullptr);
  EXPECT_EQ(error, CL_OUT_OF_RESOURCES);
  EXPECT_EQ(hook::clCreateFromGLBuffer(context_, CL_MEM_READ_WRITE, 0, &error), nullptr);
  EXPECT_EQ(error, CL_INVALID_GL_OBJECT);
  EXPECT_EQ(driver.Allocated(0), 70'000u);

  hook::clReleaseMemObject(imported);
}

TEST_F(MemoryTest, ADriverWithoutCallbacksIsBelievedTheApplicationsLastReference) {
  driver.refuse_callbacks = true;
  cl_mem memory = nullptr;
  ASSERT_EQ(Buffer(context_, 1000, memory), CL_SUCCESS);

  EXPECT_EQ(hook::clRetainMemObject(memory), CL_SUCCESS);
  EXPECT_EQ(hook::clReleaseMemObject(memory), CL_SUCCESS);
  EXPECT_EQ(Held(0), 1000u);
  EXPECT_EQ(hook::clReleaseMemObject(memory), CL_SUCCESS);
  EXPECT_EQ(Held(0), 0u);
}

TEST_F(MemoryTest, TheLedgerFollowsTheDriverNotTheApplication) {
  driver.destroy_late = true;
  cl_mem memory = nullptr;
  ASSERT_EQ(Buffer(context_, 1000, memory), CL_SUCCESS);

  EXPECT_EQ(hook::clReleaseMemObject(memory), CL_SUCCESS);
  EXPECT_EQ(Held(0), 1000u);
  driver.DestroyPending();
  EXPECT_EQ(Held(0), 0u);
}

// Waits as long as it takes: a test that hangs here has found a lost wake-up.
class PatientMemoryTest : public MemoryTest {
 protected:
  void SetUp() override {
    MemoryTest::SetUp();
    memory_detail::dying_patience = 3600 * kSecond;
    driver.destroy_late = true;
    ASSERT_EQ(Buffer(context_, kQuota0, ended_), CL_SUCCESS);
    ASSERT_EQ(hook::clReleaseMemObject(ended_), CL_SUCCESS);
  }
  void TearDown() override {
    memory_detail::dying_patience = usual_;
    MemoryTest::TearDown();
  }
  const Nanos usual_ = memory_detail::dying_patience;
  cl_mem ended_ = nullptr;
};

TEST_F(PatientMemoryTest, AnAllocationWaitsForWhatIsAboutToEnd) {
  std::thread drivers_own([&] { driver.DestroyPending(); });
  cl_mem next = nullptr;

  EXPECT_EQ(Buffer(context_, kQuota0, next), CL_SUCCESS);

  drivers_own.join();
  EXPECT_EQ(hook::clReleaseMemObject(next), CL_SUCCESS);
}

TEST_F(PatientMemoryTest, ItIsRefusedWhenThatWasNotEnough) {
  std::thread drivers_own([&] { driver.DestroyPending(); });
  cl_context both = Context({driver.device(0), driver.device(1)});
  cl_mem next = nullptr;

  EXPECT_EQ(Buffer(both, kQuota0, next), CL_MEM_OBJECT_ALLOCATION_FAILURE) << "the second device never has room for it";

  drivers_own.join();
  Next().clReleaseContext(both);
}

TEST_F(PatientMemoryTest, InACallbackNothingWaits) {
  const DriverCallbackScope scope;
  cl_mem next = nullptr;

  EXPECT_EQ(Buffer(context_, 1, next), CL_MEM_OBJECT_ALLOCATION_FAILURE);
}

// In a destructor callback the driver has not freed yet: what it holds must still be charged, or somebody else is promised it too.
TEST_F(MemoryTest, ObjectsReleasedInsideADestructorCallbackAreGivenBackToo) {
  struct Chain {
    cl_mem inner;
    std::uint64_t held_inside;
  };
  static Chain chain;
  cl_mem outer = nullptr;
  ASSERT_EQ(Buffer(context_, 1000, outer), CL_SUCCESS);
  ASSERT_EQ(Buffer(context_, 500, chain.inner), CL_SUCCESS);
  ASSERT_EQ(hook::clSetMemObjectDestructorCallback(
                outer,
                [](cl_mem, void*) {
                  hook::clReleaseMemObject(chain.inner);
                  chain.held_inside = Held(0);
                  EXPECT_TRUE(InDriverCallback());
                },
                nullptr),
            CL_SUCCESS);

  EXPECT_EQ(hook::clReleaseMemObject(outer), CL_SUCCESS);

  EXPECT_EQ(chain.held_inside, 1500u) << "nothing is given back before the driver has freed";
  EXPECT_EQ(Held(0), 0u);
}

TEST_F(MemoryTest, DestructorCallbacksAreWrappedAndWrongOnesLeftToTheDriver) {
  cl_mem memory = nullptr;
  ASSERT_EQ(Buffer(context_, 1000, memory), CL_SUCCESS);

  EXPECT_EQ(hook::clSetMemObjectDestructorCallback(memory, nullptr, nullptr), CL_INVALID_VALUE);
  EXPECT_EQ(hook::clSetMemObjectDestructorCallback(nullptr, [](cl_mem, void*) {}, nullptr), CL_INVALID_MEM_OBJECT);

  hook::clReleaseMemObject(memory);
}

TEST_F(MemoryTest, SharedVirtualMemoryIsChargedByItsAddress) {
  void* pointer = hook::clSVMAlloc(context_, CL_MEM_READ_WRITE, 40'000, 0);
  ASSERT_NE(pointer, nullptr);
  EXPECT_EQ(Held(0), 40'000u);
  EXPECT_TRUE(IsChargedSvm(pointer, 40'000));
  EXPECT_FALSE(IsChargedSvm(pointer, 40'001));

  EXPECT_EQ(hook::clSVMAlloc(context_, CL_MEM_READ_WRITE, kQuota0, 0), nullptr) << "over the quota";
  EXPECT_EQ(hook::clSVMAlloc(context_, CL_MEM_READ_WRITE, kQuota0 + 1, 0), nullptr) << "over what the device can";
  EXPECT_EQ(hook::clSVMAlloc(context_, CL_MEM_READ_WRITE, 0, 0), nullptr);
  EXPECT_EQ(hook::clSVMAlloc(context_, 1u << 30, 10, 0), nullptr);
  EXPECT_EQ(hook::clSVMAlloc(nullptr, CL_MEM_READ_WRITE, 10, 0), nullptr);
  driver.fail_next = 1;
  EXPECT_EQ(hook::clSVMAlloc(context_, CL_MEM_READ_WRITE, 10, 0), nullptr);
  EXPECT_EQ(Held(0), 40'000u);

  cl_int error = CL_SUCCESS;
  cl_mem view = hook::clCreateBuffer(context_, CL_MEM_USE_HOST_PTR, 40'000, pointer, &error);
  EXPECT_EQ(error, CL_SUCCESS);
  EXPECT_EQ(Held(0), 40'000u) << "it is paid for";
  hook::clReleaseMemObject(view);

  hook::clSVMFree(context_, nullptr);
  hook::clSVMFree(nullptr, pointer);
  EXPECT_EQ(Held(0), 40'000u) << "neither freed anything";
  hook::clSVMFree(context_, pointer);
  EXPECT_EQ(Held(0), 0u);
}

TEST_F(MemoryTest, APipeCostsItsPackets) {
  cl_int error = CL_SUCCESS;
  cl_mem pipe = hook::clCreatePipe(context_, CL_MEM_READ_WRITE, 16, 100, nullptr, &error);
  ASSERT_EQ(error, CL_SUCCESS);
  EXPECT_EQ(Held(0), 1600u);

  EXPECT_EQ(hook::clCreatePipe(context_, CL_MEM_READ_WRITE, UINT32_MAX, UINT32_MAX, nullptr, &error), nullptr);
  EXPECT_EQ(error, CL_MEM_OBJECT_ALLOCATION_FAILURE);
  EXPECT_EQ(hook::clCreatePipe(context_, CL_MEM_READ_WRITE, 0, UINT32_MAX, nullptr, &error), nullptr);
  EXPECT_EQ(error, CL_INVALID_PIPE_SIZE);

  hook::clReleaseMemObject(pipe);
}

TEST_F(MemoryTest, AChildOfForkPaysForItsOwnAndGivesBackItsOwnOnly) {
  cl_mem inherited = nullptr;
  ASSERT_EQ(Buffer(context_, 1000, inherited), CL_SUCCESS);
  void* pointer = hook::clSVMAlloc(context_, CL_MEM_READ_WRITE, 2000, 0);

  const pid_t child = fork();
  if (child == 0) {
    cl_mem own = nullptr;
    bool good = Buffer(context_, 500, own) == CL_SUCCESS && Held(0) == 3500;
    hook::clReleaseMemObject(inherited);
    hook::clSVMFree(context_, pointer);
    good = good && Held(0) == 3500;
    hook::clReleaseMemObject(own);
    _exit(good && Held(0) == 3000 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);

  EXPECT_EQ(Held(0), 3000u);
  hook::clReleaseMemObject(inherited);
  hook::clSVMFree(context_, pointer);
}

}  // namespace
}  // namespace flexai::opencl
