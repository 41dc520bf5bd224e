#include "intercept/opencl/extensions.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/testing/fake_loader.hpp"

namespace flexai::opencl {
namespace {

using testing::FreshLoader;

std::string Filtered(std::string text) {
  text.resize(RemoveWithheld(text.data()));
  return text;
}

cl_name_version Version(const char* name) {
  cl_name_version entry{};
  entry.version = CL_MAKE_VERSION(1, 0, 0);
  std::strncpy(entry.name, name, sizeof entry.name - 1);
  return entry;
}

TEST(RemoveWithheldTest, LeavesATextWithoutWithheldNamesByteForByte) {
  for (const char* text : {"", " ", "cl_khr_fp64", "  cl_khr_icd   cl_khr_fp64 ", "cl_khr_command_buffers cl_khr_command"}) {
    EXPECT_EQ(Filtered(text), text);
  }
}

TEST(RemoveWithheldTest, TakesOneSeparatorWithEachName) {
  EXPECT_EQ(Filtered("cl_khr_command_buffer"), "");
  EXPECT_EQ(Filtered("cl_khr_command_buffer cl_khr_fp64"), "cl_khr_fp64");
  EXPECT_EQ(Filtered("cl_khr_fp64 cl_khr_command_buffer"), "cl_khr_fp64");
  EXPECT_EQ(Filtered("cl_khr_fp64 cl_khr_command_buffer "), "cl_khr_fp64 ");
  EXPECT_EQ(Filtered("cl_khr_icd   cl_khr_command_buffer cl_khr_fp64"), "cl_khr_icd   cl_khr_fp64");
  EXPECT_EQ(Filtered("cl_khr_command_buffer cl_khr_command_buffer_mutable_dispatch"), "");
  EXPECT_EQ(Filtered("a cl_khr_semaphore cl_khr_external_semaphore b"), "a b");
}

TEST(RemoveWithheldTest, KeepsTheOrderOfVersions) {
  std::vector<cl_name_version> list = {Version("cl_khr_fp64"), Version("cl_khr_command_buffer"), Version("cl_khr_icd"),
                                       Version("cl_intel_unified_shared_memory")};

  list.resize(RemoveWithheld(list.data(), list.size()));

  ASSERT_EQ(list.size(), 2u);
  EXPECT_STREQ(list[0].name, "cl_khr_fp64");
  EXPECT_STREQ(list[1].name, "cl_khr_icd");
}

TEST(RemoveWithheldTest, SurvivesAVersionNameWithoutTerminator) {
  cl_name_version entry{};
  std::memset(entry.name, 'x', sizeof entry.name);

  EXPECT_EQ(RemoveWithheld(&entry, 1), 1u);
}

TEST(ExtensionQueryTest, AnswersSizeAndTextByTheRulesOfInfoCalls) {
  FreshLoader().device_extensions = "cl_khr_command_buffer cl_khr_fp64";
  const size_t needed = std::strlen("cl_khr_fp64") + 1;
  char text[64];
  size_t size = 0;

  EXPECT_EQ(hook::clGetDeviceInfo(nullptr, CL_DEVICE_EXTENSIONS, 0, nullptr, &size), CL_SUCCESS);
  EXPECT_EQ(size, needed);
  EXPECT_EQ(hook::clGetDeviceInfo(nullptr, CL_DEVICE_EXTENSIONS, needed - 1, text, nullptr), CL_INVALID_VALUE);
  EXPECT_EQ(hook::clGetDeviceInfo(nullptr, CL_DEVICE_EXTENSIONS, needed, text, nullptr), CL_SUCCESS);
  EXPECT_STREQ(text, "cl_khr_fp64");
}

TEST(ExtensionQueryTest, FiltersPlatformsToo) {
  FreshLoader().platform_extensions = "cl_khr_icd cl_khr_semaphore";
  char text[64];

  EXPECT_EQ(hook::clGetPlatformInfo(nullptr, CL_PLATFORM_EXTENSIONS, sizeof text, text, nullptr), CL_SUCCESS);

  EXPECT_STREQ(text, "cl_khr_icd");
}

TEST(ExtensionQueryTest, FiltersVersions) {
  FreshLoader().versions = {Version("cl_khr_command_buffer"), Version("cl_khr_fp64")};
  cl_name_version list[2];
  size_t size = 0;

  EXPECT_EQ(hook::clGetDeviceInfo(nullptr, CL_DEVICE_EXTENSIONS_WITH_VERSION, sizeof list, list, &size), CL_SUCCESS);

  EXPECT_EQ(size, sizeof list[0]);
  EXPECT_STREQ(list[0].name, "cl_khr_fp64");
}

TEST(ExtensionQueryTest, ReadsAnswersThatDoNotFitOnTheStack) {
  std::string names;
  for (int i = 0; i < 1000; ++i) names += "cl_vendor_extension_" + std::to_string(i) + " cl_khr_command_buffer ";
  FreshLoader().device_extensions = names;
  size_t size = 0;

  ASSERT_EQ(hook::clGetDeviceInfo(nullptr, CL_DEVICE_EXTENSIONS, 0, nullptr, &size), CL_SUCCESS);
  std::string text(size, '\0');
  ASSERT_EQ(hook::clGetDeviceInfo(nullptr, CL_DEVICE_EXTENSIONS, size, text.data(), nullptr), CL_SUCCESS);

  EXPECT_EQ(text.find("cl_khr_command_buffer"), text.npos);
  EXPECT_NE(text.find("cl_vendor_extension_999"), text.npos);
}

TEST(ExtensionQueryTest, GivesTheDriversErrorAndTouchesNothing) {
  FreshLoader().status = CL_INVALID_DEVICE;
  size_t size = 77;

  EXPECT_EQ(hook::clGetDeviceInfo(nullptr, CL_DEVICE_EXTENSIONS, 0, nullptr, &size), CL_INVALID_DEVICE);

  EXPECT_EQ(size, 77u);
}

TEST(ExtensionQueryTest, PassesOtherQueriesOn) {
  FreshLoader().device_extensions = "cl_khr_command_buffer";
  char text[64];

  EXPECT_EQ(hook::clGetDeviceInfo(nullptr, CL_DEVICE_NAME, sizeof text, text, nullptr), CL_SUCCESS);

  EXPECT_STREQ(text, "cl_khr_command_buffer");
}

}  // namespace
}  // namespace flexai::opencl
