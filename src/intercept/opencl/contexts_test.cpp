#include "intercept/opencl/contexts.hpp"

#include <string>

#include "intercept/opencl/callbacks.hpp"
#include "intercept/opencl/testing/memory_fixture.hpp"

namespace flexai::opencl {
namespace {

class ContextsTest : public testing::MemoryFixture {
 protected:
  const cl_context_properties properties_[3] = {CL_CONTEXT_PLATFORM, reinterpret_cast<cl_context_properties>(driver.platform()), 0};
};

// What the application's error report saw.
struct Seen {
  std::string text;
  bool in_callback = false;
};
void CL_CALLBACK Note(const char* text, const void*, std::size_t, void* seen) { *static_cast<Seen*>(seen) = {text, InDriverCallback()}; }

TEST_F(ContextsTest, ErrorReportsReachTheApplicationAsCallbacks) {
  cl_device_id device = driver.device(0);
  Seen seen;
  cl_context single = hook::clCreateContext(nullptr, 1, &device, Note, &seen, nullptr);
  testing::FakeDriver::Report(single, "one");
  EXPECT_EQ(seen.text, "one");
  EXPECT_TRUE(seen.in_callback);
  testing::FakeDriver::Report(single, "two");
  EXPECT_EQ(seen.text, "two") << "more than once";

  // Without the hidden device, so made by another call of the driver.
  cl_context of_type = hook::clCreateContextFromType(properties_, CL_DEVICE_TYPE_GPU, Note, &seen, nullptr);
  testing::FakeDriver::Report(of_type, "three");
  EXPECT_EQ(seen.text, "three");

  Next().clReleaseContext(single);
  Next().clReleaseContext(of_type);
}

TEST_F(ContextsTest, WhatTheDriverRefusesHasItsErrorAndItsHandle) {
  cl_device_id device = driver.device(0);
  cl_int error = CL_SUCCESS;
  Seen seen;
  driver.fail_next = 1;
  EXPECT_EQ(hook::clCreateContext(nullptr, 1, &device, Note, &seen, &error), nullptr);
  EXPECT_EQ(error, CL_OUT_OF_RESOURCES);

  // PoCL 3.1 returns a handle with some errors; nobody may look into it.
  driver.fail_next = 2;
  driver.handle_with_error = true;
  EXPECT_NE(hook::clCreateContext(nullptr, 1, &device, Note, &seen, &error), nullptr);
  EXPECT_EQ(error, CL_OUT_OF_RESOURCES);
  EXPECT_NE(hook::clCreateContextFromType(properties_, CL_DEVICE_TYPE_GPU, Note, &seen, nullptr), nullptr);

  EXPECT_EQ(hook::clCreateContext(nullptr, 1, &device, nullptr, &seen, &error), nullptr) << "user data without a function";
  EXPECT_EQ(error, CL_INVALID_VALUE);
  EXPECT_EQ(hook::clCreateContext(nullptr, 0, nullptr, nullptr, nullptr, &error), nullptr);
  EXPECT_EQ(error, CL_INVALID_VALUE);
}

TEST_F(ContextsTest, DestructorCallbacksRunAsCallbacks) {
  cl_context context = Context(0);
  bool inside = false;
  EXPECT_EQ(hook::clSetContextDestructorCallback(
                context, [](cl_context, void* seen) { *static_cast<bool*>(seen) = InDriverCallback(); }, &inside),
            CL_SUCCESS);
  EXPECT_EQ(hook::clSetContextDestructorCallback(context, nullptr, nullptr), CL_INVALID_VALUE);
  EXPECT_EQ(hook::clSetContextDestructorCallback(nullptr, [](cl_context, void*) {}, nullptr), CL_INVALID_CONTEXT);

  Next().clReleaseContext(context);

  EXPECT_TRUE(inside);
}

TEST_F(ContextsTest, MemoryIsChargedOnTheXpusOfTheContext) {
  cl_context both = Context({driver.device(0), driver.device(1)}), remote = Context({driver.remote_device()});

  EXPECT_EQ(ContextShares(both).state(), ContextShares::State::kGoverned);
  EXPECT_EQ(ContextShares(both).tenants(), 3u);
  EXPECT_EQ(ContextShares(both).largest_limit(), testing::kQuota0);
  EXPECT_EQ(ContextShares(both).smallest_limit(), testing::kQuota1);
  EXPECT_EQ(ContextShares(remote).state(), ContextShares::State::kUngoverned);
  EXPECT_EQ(ContextShares(nullptr).state(), ContextShares::State::kUnknown);

  Next().clReleaseContext(both);
  Next().clReleaseContext(remote);
}

// Made behind the layer's back: nothing may be allocated in it.
TEST_F(ContextsTest, AContextWithAHiddenDeviceAllocatesNothing) {
  const cl_device_id devices[] = {driver.device(0), driver.device(2)};
  cl_context context = Next().clCreateContext(nullptr, 2, devices, nullptr, nullptr, nullptr);
  cl_mem memory = nullptr;

  EXPECT_EQ(ContextShares(context).state(), ContextShares::State::kRefused);
  EXPECT_EQ(Buffer(context, 1, memory), CL_MEM_OBJECT_ALLOCATION_FAILURE);
  EXPECT_EQ(hook::clSVMAlloc(context, CL_MEM_READ_WRITE, 1, 0), nullptr);

  Next().clReleaseContext(context);
}

}  // namespace
}  // namespace flexai::opencl
