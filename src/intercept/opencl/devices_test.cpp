#include "intercept/opencl/devices.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <thread>
#include <vector>

#include "intercept/opencl/contexts.hpp"
#include "intercept/opencl/testing/memory_fixture.hpp"

namespace flexai::opencl {
namespace {

class DevicesTest : public testing::MemoryFixture {
 protected:
  std::uint64_t Attempts() { return world().account("fake", "xpu-gpu0").bypass_attempts; }

  template <class T>
  T Ask(cl_device_id device, cl_device_info name) {
    T value{};
    EXPECT_EQ(hook::clGetDeviceInfo(device, name, sizeof value, &value, nullptr), CL_SUCCESS) << std::hex << name;
    return value;
  }
};

TEST_F(DevicesTest, OfAPlatformOnlyGrantedDevicesAreListed) {
  cl_device_id list[4] = {};
  cl_uint count = 0;

  EXPECT_EQ(hook::clGetDeviceIDs(driver.platform(), CL_DEVICE_TYPE_ALL, 4, list, &count), CL_SUCCESS);

  EXPECT_EQ(count, 2u);
  EXPECT_EQ(list[0], driver.device(0));
  EXPECT_EQ(list[1], driver.device(1));
  EXPECT_EQ(list[2], nullptr);
}

TEST_F(DevicesTest, AShortListIsFilledAndTheCountIsThatOfAll) {
  cl_device_id list[2] = {};
  cl_uint count = 0;

  EXPECT_EQ(hook::clGetDeviceIDs(driver.platform(), CL_DEVICE_TYPE_GPU, 1, list, &count), CL_SUCCESS);

  EXPECT_EQ(count, 2u);
  EXPECT_EQ(list[0], driver.device(0));
  EXPECT_EQ(list[1], nullptr);
}

TEST_F(DevicesTest, TheFirstGrantedDeviceIsTheDefaultWhereTheDriversIsHidden) {
  cl_device_id device = nullptr;

  EXPECT_EQ(hook::clGetDeviceIDs(driver.platform(), CL_DEVICE_TYPE_DEFAULT, 1, &device, nullptr), CL_SUCCESS);

  EXPECT_EQ(device, driver.device(0));
}

TEST_F(DevicesTest, WrongArgumentsAreForTheDriverToRefuse) {
  cl_device_id device = nullptr;
  cl_uint count = 77;

  EXPECT_EQ(hook::clGetDeviceIDs(nullptr, CL_DEVICE_TYPE_ALL, 1, &device, &count), CL_INVALID_PLATFORM);
  EXPECT_EQ(hook::clGetDeviceIDs(driver.platform(), CL_DEVICE_TYPE_ALL, 0, &device, &count), CL_INVALID_VALUE);
  EXPECT_EQ(hook::clGetDeviceIDs(driver.platform(), CL_DEVICE_TYPE_ALL, 0, nullptr, nullptr), CL_INVALID_VALUE);
  EXPECT_EQ(hook::clGetDeviceIDs(driver.platform(), CL_DEVICE_TYPE_CPU, 1, &device, &count), CL_DEVICE_NOT_FOUND);
  EXPECT_EQ(device, nullptr);
  EXPECT_EQ(count, 77u) << "what a refused call does not write, we do not either";
}

TEST_F(DevicesTest, OurOwnPlatformOfRemoteXpusIsLeftAlone) {
  cl_device_id device = nullptr;
  EXPECT_EQ(hook::clGetDeviceIDs(driver.remote_platform(), CL_DEVICE_TYPE_ALL, 1, &device, nullptr), CL_SUCCESS);
  EXPECT_EQ(device, driver.remote_device());
  EXPECT_EQ(TenantOfDevice(device), nullptr);
  EXPECT_EQ(Ask<cl_ulong>(device, CL_DEVICE_GLOBAL_MEM_SIZE), testing::FakeDriver::kDeviceMemory);

  cl_context context = Context({device});
  cl_mem memory = nullptr;
  EXPECT_EQ(Buffer(context, testing::kQuota0 * 2, memory), CL_SUCCESS) << "no quota of ours";
  EXPECT_EQ(hook::clReleaseMemObject(memory), CL_SUCCESS);
  Next().clReleaseContext(context);
}

TEST_F(DevicesTest, EachDeviceHasTheTenantOfItsXpu) {
  slice::Tenant* first = TenantOfDevice(driver.device(0));
  slice::Tenant* second = TenantOfDevice(driver.device(1));

  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(first->xpu().view(), "xpu-gpu0");
  EXPECT_EQ(second->xpu().view(), "xpu-gpu1");
  EXPECT_EQ(TenantOfDevice(driver.device(2)), nullptr);
  EXPECT_EQ(TenantOfDevice(nullptr), nullptr);
}

TEST_F(DevicesTest, PartsOfPartsBelongToTheSameTenant) {
  cl_device_id part = nullptr, part_of_part = nullptr;
  ASSERT_EQ(hook::clCreateSubDevices(driver.device(1), nullptr, 1, &part, nullptr), CL_SUCCESS);
  ASSERT_EQ(hook::clCreateSubDevices(part, nullptr, 1, &part_of_part, nullptr), CL_SUCCESS);

  EXPECT_EQ(TenantOfDevice(part_of_part), TenantOfDevice(driver.device(1)));
  EXPECT_EQ(Ask<cl_ulong>(part_of_part, CL_DEVICE_GLOBAL_MEM_SIZE), testing::kQuota1);
}

TEST_F(DevicesTest, HiddenDevicesMakeNeitherPartsNorContextsAndTheAttemptCounts) {
  const std::uint64_t before = Attempts();
  cl_device_id part = nullptr;
  cl_int error = CL_SUCCESS;
  const cl_device_id mixed[] = {driver.device(0), driver.device(2)};

  EXPECT_EQ(hook::clCreateSubDevices(driver.device(2), nullptr, 1, &part, nullptr), CL_INVALID_DEVICE);
  EXPECT_EQ(hook::clCreateContext(nullptr, 2, mixed, nullptr, nullptr, &error), nullptr);
  EXPECT_EQ(error, CL_INVALID_DEVICE);
  EXPECT_EQ(hook::clCreateContext(nullptr, 2, mixed, nullptr, nullptr, nullptr), nullptr);

  EXPECT_EQ(Attempts(), before + 3);
}

TEST_F(DevicesTest, AContextOfATypeHoldsGrantedDevicesOnly) {
  const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, reinterpret_cast<cl_context_properties>(driver.platform()), 0};
  cl_int error = 77;

  cl_context context = hook::clCreateContextFromType(properties, CL_DEVICE_TYPE_GPU, nullptr, nullptr, &error);

  ASSERT_NE(context, nullptr);
  EXPECT_EQ(error, CL_SUCCESS);
  cl_device_id list[4] = {};
  std::size_t bytes = 0;
  EXPECT_EQ(Next().clGetContextInfo(context, CL_CONTEXT_DEVICES, sizeof list, list, &bytes), CL_SUCCESS);
  EXPECT_EQ(bytes, 2 * sizeof list[0]);
  EXPECT_EQ(list[1], driver.device(1));
  Next().clReleaseContext(context);

  EXPECT_EQ(hook::clCreateContextFromType(properties, CL_DEVICE_TYPE_CPU, nullptr, nullptr, &error), nullptr);
  EXPECT_EQ(error, CL_DEVICE_NOT_FOUND);
  EXPECT_EQ(hook::clCreateContextFromType(nullptr, CL_DEVICE_TYPE_GPU, nullptr, nullptr, &error), nullptr);
  EXPECT_EQ(error, CL_INVALID_PLATFORM);
}

TEST_F(DevicesTest, MemoryIsTheQuotaAndFollowsIt) {
  EXPECT_EQ(Ask<cl_ulong>(driver.device(0), CL_DEVICE_GLOBAL_MEM_SIZE), testing::kQuota0);
  EXPECT_EQ(Ask<cl_ulong>(driver.device(0), CL_DEVICE_MAX_MEM_ALLOC_SIZE), testing::kQuota0);
  EXPECT_EQ(Ask<cl_ulong>(driver.device(0), CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE), testing::kQuota0);

  SetQuota(0, testing::FakeDriver::kMostOneBuffer + 5);

  EXPECT_EQ(Ask<cl_ulong>(driver.device(0), CL_DEVICE_GLOBAL_MEM_SIZE), testing::FakeDriver::kMostOneBuffer + 5);
  EXPECT_EQ(Ask<cl_ulong>(driver.device(0), CL_DEVICE_MAX_MEM_ALLOC_SIZE), testing::FakeDriver::kMostOneBuffer);
}

TEST_F(DevicesTest, FreeMemoryIsWhatIsLeftOfTheQuotaAndNeverLessThanNothing) {
  const auto free_kib = [&] { return Ask<std::array<size_t, 2>>(driver.device(0), CL_DEVICE_GLOBAL_FREE_MEMORY_AMD); };
  EXPECT_EQ(free_kib()[0], testing::kQuota0 >> 10);

  cl_context context = Context(0);
  cl_mem memory = nullptr;
  ASSERT_EQ(Buffer(context, 51'200, memory), CL_SUCCESS);
  EXPECT_EQ(free_kib()[0], (testing::kQuota0 - 51'200) >> 10);
  EXPECT_EQ(free_kib()[1], (testing::kQuota0 - 51'200) >> 10);

  cl_program program = Next().clCreateProgramWithSource(context, 0, nullptr, nullptr, nullptr);
  driver.variables = testing::kQuota0;
  ASSERT_EQ(hook::clBuildProgram(program, 0, nullptr, "", nullptr, nullptr), CL_SUCCESS);
  EXPECT_EQ(free_kib()[0], 0u);

  hook::clReleaseProgram(program);
  hook::clReleaseMemObject(memory);
  Next().clReleaseContext(context);
}

TEST_F(DevicesTest, QuestionsObeyTheRulesOfInfoCalls) {
  std::size_t size = 77;
  cl_ulong value = 5;

  EXPECT_EQ(hook::clGetDeviceInfo(driver.device(0), CL_DEVICE_GLOBAL_MEM_SIZE, 0, nullptr, &size), CL_SUCCESS);
  EXPECT_EQ(size, sizeof value);
  EXPECT_EQ(hook::clGetDeviceInfo(driver.device(0), CL_DEVICE_GLOBAL_MEM_SIZE, 4, &value, &size), CL_INVALID_VALUE);
  EXPECT_EQ(value, 5u);
  EXPECT_EQ(hook::clGetDeviceInfo(nullptr, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof value, &value, nullptr), CL_INVALID_DEVICE);
  EXPECT_EQ(hook::clGetDeviceInfo(driver.device(0), 0x9999, sizeof value, &value, nullptr), CL_INVALID_VALUE);
  // A buffer that is not aligned for the number.
  alignas(8) char bytes[17] = {};
  EXPECT_EQ(hook::clGetDeviceInfo(driver.device(0), CL_DEVICE_GLOBAL_MEM_SIZE, 8, bytes + 1, nullptr), CL_SUCCESS);
  std::memcpy(&value, bytes + 1, sizeof value);
  EXPECT_EQ(value, testing::kQuota0);
}

TEST_F(DevicesTest, ExtensionsAreAskedOfTheDriverOnce) {
  char text[64] = "";
  ASSERT_EQ(hook::clGetDeviceInfo(driver.device(0), CL_DEVICE_EXTENSIONS, sizeof text, text, nullptr), CL_SUCCESS);
  EXPECT_STREQ(text, "cl_khr_fp64");
  const int before = driver.calls();

  for (int i = 0; i < 100; ++i) {
    std::size_t size = 0;
    ASSERT_EQ(hook::clGetDeviceInfo(driver.device(0), CL_DEVICE_EXTENSIONS, 0, nullptr, &size), CL_SUCCESS);
    ASSERT_EQ(hook::clGetDeviceInfo(driver.device(0), CL_DEVICE_EXTENSIONS, size, text, nullptr), CL_SUCCESS);
  }
  EXPECT_STREQ(text, "cl_khr_fp64");
  EXPECT_EQ(hook::clGetDeviceInfo(driver.device(0), CL_DEVICE_EXTENSIONS, 3, text, nullptr), CL_INVALID_VALUE);

  EXPECT_EQ(driver.calls(), before);
}

// In a child process nothing is attached yet and the list of the platform may be made by any of the threads.
TEST_F(DevicesTest, ManyThreadsAtTheFirstCallGetOneAnswer) {
  const pid_t child = fork();
  if (child == 0) {
    std::vector<slice::Tenant*> seen(8);
    std::vector<std::thread> threads;
    for (slice::Tenant*& mine : seen) threads.emplace_back([&] { mine = TenantOfDevice(driver.device(1)); });
    for (std::thread& thread : threads) thread.join();
    bool good = seen[0] != nullptr;
    for (slice::Tenant* each : seen) good = good && each == seen[0];
    _exit(good ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(DevicesTest, AChildOfForkIsAProcessOfItsOwn) {
  const std::uint32_t parent = ProcessEpoch();
  EXPECT_EQ(ProcessEpoch(), parent);

  const pid_t child = fork();
  if (child == 0) _exit(ProcessEpoch() != parent && ProcessEpoch() == ProcessEpoch() && EnsureAttached() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);

  EXPECT_EQ(status, 0);
  EXPECT_EQ(ProcessEpoch(), parent);
}

}  // namespace
}  // namespace flexai::opencl
