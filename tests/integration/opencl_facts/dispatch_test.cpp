// Which functions the drivers have, and which they hand out by name.
#include <dlfcn.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "facts_fixture.hpp"
#include "intercept/opencl/table.hpp"

namespace flexai::facts {
namespace {

class DispatchFacts : public FactsTest {};
FLEXAI_FOR_EACH_DRIVER(DispatchFacts);

std::set<std::string> EmptyCoreSlots(const cl_icd_dispatch& table) {
  std::set<std::string> empty;
  const auto* entries = reinterpret_cast<void* const*>(&table);
  for (std::size_t i = 0; i < opencl::kSlots; ++i) {
    const std::string name(opencl::kApis[i].name);
    const bool sharing = name.find("GL") != name.npos || name.find("D3D") != name.npos || name.find("DX9") != name.npos ||
                         name.ends_with("EXT") || name.ends_with("KHR");
    if (entries[i] == nullptr && !sharing) empty.insert(name);
  }
  return empty;
}

TEST_P(DispatchFacts, LeavesTheseCoreSlotsNull) {
  const std::set<std::string> pocl = {"clSetCommandQueueProperty"};
  const std::set<std::string> rusticl = {
      "clSetCommandQueueProperty",         "clUnloadCompiler",  "clEnqueueNativeKernel", "clEnqueueWaitForEvents",
      "clCreateProgramWithBuiltInKernels", "clCreateSubDevices"};

  const std::set<std::string> empty = EmptyCoreSlots(driver().table());

  EXPECT_EQ(empty, is("pocl") ? pocl : is("rusticl") ? rusticl : std::set<std::string>{});
}

// The words in the driver's file that could be names of OpenCL functions. Rust and LTO put strings behind each other
// without terminators, so a long word is also cut wherever a name could begin.
std::set<std::string> WordsOf(const char* file) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  std::set<std::string> words;
  const auto name_begins = [&](std::size_t i) {
    return i + 2 < bytes.size() && bytes[i] == 'c' && bytes[i + 1] == 'l' && bytes[i + 2] >= 'A' && bytes[i + 2] <= 'Z';
  };
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!name_begins(i)) continue;
    std::string word = "cl";
    for (std::size_t k = i + 2; k < bytes.size() && (std::isalnum(static_cast<unsigned char>(bytes[k])) || bytes[k] == '_'); ++k) {
      if (name_begins(k)) words.insert(word);
      word += bytes[k];
      if (word.size() > 100) break;
    }
    words.insert(word);
  }
  return words;
}

TEST_P(DispatchFacts, HandsOutOnlyFunctionsOfTheTable) {
  Dl_info library;
  ASSERT_NE(dladdr(reinterpret_cast<void*>(driver().table().clGetPlatformInfo), &library), 0);
  std::set<std::string> words = WordsOf(library.dli_fname);
  for (const auto& api : opencl::kExtensionApis) words.insert(std::string(api.name));
  void* (*by_name)(const char*) = driver().table().clGetExtensionFunctionAddress;
  auto by_platform = driver().table().clGetExtensionFunctionAddressForPlatform;

  std::size_t found = 0;
  for (const std::string& word : words) {
    if (by_name(word.c_str()) == nullptr && by_platform(driver().platform, word.c_str()) == nullptr) continue;
    ++found;
    EXPECT_TRUE(opencl::FindApi(word) != nullptr || opencl::FindExtensionApi(word) != nullptr)
        << word << " is handed out and is not in opencl.def: it is withheld until it is listed there";
  }
  EXPECT_GE(found, is("rusticl") ? 2u : 15u) << "the search no longer finds what it found";
}

TEST_P(DispatchFacts, AnswersNullHandlesThroughTheLoader) {
  size_t size;
  const size_t one = 1;
  EXPECT_EQ(clGetDeviceInfo(nullptr, CL_DEVICE_NAME, 0, nullptr, &size), CL_INVALID_DEVICE);
  EXPECT_EQ(clGetContextInfo(nullptr, CL_CONTEXT_DEVICES, 0, nullptr, &size), CL_INVALID_CONTEXT);
  EXPECT_EQ(clEnqueueNDRangeKernel(nullptr, nullptr, 1, nullptr, &one, nullptr, 0, nullptr, nullptr), CL_INVALID_COMMAND_QUEUE);
  EXPECT_EQ(clReleaseEvent(nullptr), CL_INVALID_EVENT);
}

TEST_P(DispatchFacts, NamesTheSamePlatformsEachTime) {
  cl_platform_id first[8] = {}, second[8] = {};
  cl_uint count = 0;
  clGetPlatformIDs(8, first, &count);
  clGetPlatformIDs(8, second, nullptr);

  EXPECT_TRUE(std::equal(first, first + 8, second));
}

TEST_P(DispatchFacts, HasADefaultDeviceExceptInRusticl) {
  const cl_int wanted = is("rusticl") ? CL_DEVICE_NOT_FOUND : CL_SUCCESS;
  const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, reinterpret_cast<cl_context_properties>(driver().platform), 0};
  cl_device_id device;
  cl_int status = CL_SUCCESS;

  EXPECT_EQ(clGetDeviceIDs(driver().platform, CL_DEVICE_TYPE_DEFAULT, 1, &device, nullptr), wanted);
  cl_context context = clCreateContextFromType(properties, CL_DEVICE_TYPE_DEFAULT, nullptr, nullptr, &status);
  EXPECT_EQ(status, wanted);
  if (context != nullptr) clReleaseContext(context);
}

TEST_P(DispatchFacts, SubDevicesHaveTheMemoryOfTheirParent) {
  if (driver().table().clCreateSubDevices == nullptr) GTEST_SKIP() << "the driver has no sub-devices";
  cl_uint units = 0;
  clGetDeviceInfo(driver().device, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, nullptr);
  if (units < 2) GTEST_SKIP() << "one compute unit cannot be partitioned";
  const cl_device_partition_property equally[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0};
  cl_uint count = 0;
  ASSERT_EQ(clCreateSubDevices(driver().device, equally, 0, nullptr, &count), CL_SUCCESS);
  std::vector<cl_device_id> parts(count);
  ASSERT_EQ(clCreateSubDevices(driver().device, equally, count, parts.data(), nullptr), CL_SUCCESS);
  cl_ulong whole = 0, part = 0;
  cl_device_id parent = nullptr;
  clGetDeviceInfo(driver().device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof whole, &whole, nullptr);
  clGetDeviceInfo(parts[0], CL_DEVICE_GLOBAL_MEM_SIZE, sizeof part, &part, nullptr);
  clGetDeviceInfo(parts[0], CL_DEVICE_PARENT_DEVICE, sizeof parent, &parent, nullptr);

  EXPECT_EQ(count, units);
  EXPECT_EQ(part, whole);
  EXPECT_EQ(parent, driver().device);
  for (cl_device_id device : parts) clReleaseDevice(device);
}

}  // namespace
}  // namespace flexai::facts
