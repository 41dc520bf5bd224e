// Program-scope variables on the fake driver.
#include <gtest/gtest.h>

#include "intercept/opencl/callbacks.hpp"
#include "intercept/opencl/testing/memory_fixture.hpp"

namespace flexai::opencl {
namespace {

class ProgramsTest : public testing::MemoryFixture {
 protected:
  void SetUp() override {
    MemoryFixture::SetUp();
    context_ = Context({driver.device(0), driver.device(1)});
    program_ = Next().clCreateProgramWithSource(context_, 0, nullptr, nullptr, nullptr);
  }
  void TearDown() override {
    Next().clReleaseContext(context_);
    MemoryFixture::TearDown();
  }
  cl_int Build() { return hook::clBuildProgram(program_, 0, nullptr, "", nullptr, nullptr); }

  cl_context context_ = nullptr;
  cl_program program_ = nullptr;
};

TEST_F(ProgramsTest, VariablesCostOnEveryDeviceUntilTheLastReference) {
  driver.variables = 700;
  ASSERT_EQ(Build(), CL_SUCCESS);
  EXPECT_EQ(Held(0), 700u);
  EXPECT_EQ(Held(1), 700u);

  EXPECT_EQ(hook::clRetainProgram(program_), CL_SUCCESS);
  EXPECT_EQ(hook::clReleaseProgram(program_), CL_SUCCESS);
  EXPECT_EQ(Held(0), 700u);
  EXPECT_EQ(hook::clReleaseProgram(program_), CL_SUCCESS);
  EXPECT_EQ(Held(0), 0u);
}

TEST_F(ProgramsTest, ReferencesFromBeforeTheBuildCount) {
  driver.variables = 700;
  ASSERT_EQ(hook::clRetainProgram(program_), CL_SUCCESS);
  ASSERT_EQ(Build(), CL_SUCCESS);

  EXPECT_EQ(hook::clReleaseProgram(program_), CL_SUCCESS);
  EXPECT_EQ(Held(0), 700u);
  EXPECT_EQ(hook::clReleaseProgram(program_), CL_SUCCESS);
  EXPECT_EQ(Held(0), 0u);
}

TEST_F(ProgramsTest, KernelsKeepThem) {
  driver.variables = 700;
  ASSERT_EQ(Build(), CL_SUCCESS);
  cl_kernel single = hook::clCreateKernel(program_, "k", nullptr);
  cl_kernel clone = hook::clCloneKernel(single, nullptr);
  cl_kernel pair[2] = {};
  cl_uint count = 0;
  ASSERT_EQ(hook::clCreateKernelsInProgram(program_, 0, nullptr, &count), CL_SUCCESS);
  ASSERT_EQ(hook::clCreateKernelsInProgram(program_, 2, pair, nullptr), CL_SUCCESS);
  hook::clRetainKernel(single);

  hook::clReleaseProgram(program_);
  for (cl_kernel kernel : {single, clone, pair[0], pair[1]}) {
    EXPECT_EQ(Held(0), 700u);
    hook::clReleaseKernel(kernel);
  }
  EXPECT_EQ(Held(0), 700u) << "one was retained";
  hook::clReleaseKernel(single);
  EXPECT_EQ(Held(0), 0u);
}

TEST_F(ProgramsTest, ABuildAgainReplacesThem) {
  driver.variables = 700;
  ASSERT_EQ(Build(), CL_SUCCESS);
  driver.variables = 300;
  ASSERT_EQ(Build(), CL_SUCCESS);
  EXPECT_EQ(Held(0), 300u);
  driver.variables = 0;
  ASSERT_EQ(Build(), CL_SUCCESS);
  EXPECT_EQ(Held(0), 0u);
  driver.variables = 900;
  ASSERT_EQ(Build(), CL_SUCCESS);
  EXPECT_EQ(Held(1), 900u);

  hook::clReleaseProgram(program_);
}

TEST_F(ProgramsTest, TheyAreNeverRefusedAndCountForWhatFollows) {
  cl_context one = Context(0);
  cl_mem most = nullptr, more = nullptr;
  ASSERT_EQ(Buffer(one, testing::kQuota0, most), CL_SUCCESS);
  driver.variables = 700;

  EXPECT_EQ(Build(), CL_SUCCESS);
  EXPECT_EQ(Held(0), testing::kQuota0 + 700);
  hook::clReleaseMemObject(most);
  EXPECT_EQ(Buffer(one, testing::kQuota0, more), CL_MEM_OBJECT_ALLOCATION_FAILURE);
  EXPECT_EQ(Buffer(one, testing::kQuota0 - 700, more), CL_SUCCESS);

  hook::clReleaseMemObject(more);
  hook::clReleaseProgram(program_);
  Next().clReleaseContext(one);
}

TEST_F(ProgramsTest, ACallbackFindsThemCharged) {
  driver.variables = 700;
  static std::uint64_t held;
  static int calls;
  calls = 0;
  const auto notify = [](cl_program, void* user_data) {
    held = Held(0);
    ++calls;
    EXPECT_TRUE(InDriverCallback());
    EXPECT_EQ(user_data, &held);
  };

  EXPECT_EQ(hook::clBuildProgram(program_, 0, nullptr, "", notify, &held), CL_SUCCESS);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(held, 700u);
  EXPECT_FALSE(InDriverCallback());

  cl_program linked = hook::clLinkProgram(context_, 0, nullptr, "", 0, nullptr, notify, &held, nullptr);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(held, 1400u);

  hook::clReleaseProgram(linked);
  EXPECT_EQ(Held(0), 700u);
  hook::clReleaseProgram(program_);
}

TEST_F(ProgramsTest, AFailedBuildCallsBackAsTheDriverDoes) {
  static int calls;
  calls = 0;
  const auto notify = [](cl_program, void*) { ++calls; };
  driver.fail_builds = true;

  EXPECT_EQ(hook::clBuildProgram(program_, 0, nullptr, "", notify, nullptr), CL_BUILD_PROGRAM_FAILURE);
  EXPECT_EQ(calls, 0);
  driver.call_back_on_error = true;
  EXPECT_EQ(hook::clBuildProgram(program_, 0, nullptr, "", notify, nullptr), CL_BUILD_PROGRAM_FAILURE);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(hook::clBuildProgram(nullptr, 0, nullptr, "", nullptr, nullptr), CL_INVALID_PROGRAM);

  hook::clReleaseProgram(program_);
}

TEST_F(ProgramsTest, LinkedProgramsHaveThemToo) {
  driver.variables = 700;
  cl_int error = CL_SUCCESS;

  cl_program linked = hook::clLinkProgram(context_, 0, nullptr, "", 0, nullptr, nullptr, nullptr, &error);

  EXPECT_EQ(error, CL_SUCCESS);
  EXPECT_EQ(Held(0), 700u);
  hook::clReleaseProgram(linked);
  EXPECT_EQ(Held(0), 0u);
  hook::clReleaseProgram(program_);
}

}  // namespace
}  // namespace flexai::opencl
