// One process, several loaders, or one that is closed and opened again: the layer is loaded once and has to serve them all.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "intercept/opencl/cl_headers.hpp"
#include "tests/integration/support/slice_world.hpp"

namespace {

class Loader {
 public:
  explicit Loader(const std::string& file) : handle_(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {}
  bool present() const { return handle_ != nullptr; }
  void Close() { dlclose(handle_); }

  template <class Function>
  Function* Get(const char* name) const {
    return reinterpret_cast<Function*>(dlsym(handle_, name));
  }

  std::vector<cl_platform_id> Platforms() const {
    cl_uint count = 0;
    auto* get = Get<decltype(clGetPlatformIDs)>("clGetPlatformIDs");
    get(0, nullptr, &count);
    std::vector<cl_platform_id> platforms(count);
    get(count, platforms.data(), nullptr);
    return platforms;
  }

  std::string Extensions(cl_platform_id platform) const {
    cl_device_id device;
    if (Get<decltype(clGetDeviceIDs)>("clGetDeviceIDs")(platform, CL_DEVICE_TYPE_ALL, 1, &device, nullptr) != CL_SUCCESS) {
      return "";
    }
    char text[8192] = "";
    Get<decltype(clGetDeviceInfo)>("clGetDeviceInfo")(device, CL_DEVICE_EXTENSIONS, sizeof text, text, nullptr);
    return text;
  }

  // The number of platforms whose device has some extension; fails the test when one shows a withheld extension.
  int CountDevices() const {
    int devices = 0;
    for (cl_platform_id platform : Platforms()) {
      const std::string extensions = Extensions(platform);
      EXPECT_EQ(extensions.find("cl_khr_command_buffer"), extensions.npos);
      devices += !extensions.empty();
    }
    return devices;
  }

 private:
  void* handle_;
};

const std::string kSystemLoader = "libOpenCL.so.1";

std::string OtherLoader() {
  const char* icd = std::getenv("FLEXAI_TEST_INTEL_ICD");
  if (icd == nullptr) return "";
  std::string driver;
  std::getline(std::ifstream(icd), driver);
  // The loader beside it needs libraries that only the driver knows where to find.
  if (dlopen(driver.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) return "";
  return (std::filesystem::path(driver).parent_path() / "libOpenCL.so.1").string();
}

class OpenclLoadersTest : public ::testing::Test {
 protected:
  // One slice of every driver's device for the whole process: the layer attaches once.
  void SetUp() override {
    static flexai::testing::SliceWorld world;
    static const std::string kSlice = world.MakeSlice("loaders", {{.xpu = "intel-0"}, {.xpu = "llvmpipe-0"}, {.xpu = "pocl-0"}});
    setenv("FLEXAI_SLICE", kSlice.c_str(), 1);
    setenv("OPENCL_LAYERS", FLEXAI_BUILD_DIR "/lib/libflexai_opencl.so", 1);
  }
};

TEST_F(OpenclLoadersTest, ALoaderThatIsClosedAndOpenedAgainStillHasTheLayer) {
  Loader first(kSystemLoader);
  if (!first.present()) GTEST_SKIP() << "no OpenCL loader is installed (tools/install-packages run)";
  const int devices = first.CountDevices();
  if (devices == 0) GTEST_SKIP() << "no OpenCL device is installed (tools/install-packages run)";

  first.Close();
  Loader second(kSystemLoader);

  EXPECT_EQ(second.CountDevices(), devices);
}

TEST_F(OpenclLoadersTest, TwoLoadersShareTheLayer) {
  Loader system(kSystemLoader);
  Loader other(OtherLoader());
  if (!system.present() || OtherLoader().empty() || !other.present()) {
    GTEST_SKIP() << "needs a second loader, that of FLEXAI_TEST_INTEL_ICD (tools/install-packages python)";
  }
  const int devices = system.CountDevices();
  if (devices == 0) GTEST_SKIP() << "no OpenCL device is installed (tools/install-packages run)";

  EXPECT_EQ(other.CountDevices(), devices);
  // Handles of one loader are the other's too: both name the driver's objects.
  for (cl_platform_id platform : system.Platforms()) EXPECT_EQ(other.Extensions(platform), system.Extensions(platform));
  other.Close();
  EXPECT_EQ(system.CountDevices(), devices);
}

TEST_F(OpenclLoadersTest, WithheldFunctionsAreNotFoundByName) {
  Loader loader(kSystemLoader);
  if (!loader.present() || loader.Platforms().empty()) GTEST_SKIP() << "no OpenCL is installed (tools/install-packages run)";
  auto* lookup = loader.Get<decltype(clGetExtensionFunctionAddressForPlatform)>("clGetExtensionFunctionAddressForPlatform");

  for (cl_platform_id platform : loader.Platforms()) {
    EXPECT_EQ(lookup(platform, "clCreateCommandBufferKHR"), nullptr);
    EXPECT_EQ(lookup(platform, "clDeviceMemAllocINTEL"), nullptr);
    EXPECT_NE(lookup(platform, "clIcdGetPlatformIDsKHR"), nullptr);
  }
}

}  // namespace
