#include <gtest/gtest.h>

#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/testing/fake_loader.hpp"

namespace flexai::opencl {
namespace {

using testing::FakeLoader;
using testing::FreshLoader;

int driver_function;
void* const kDriverFunction = &driver_function;

void* Lookup(FakeLoader& loader, const char* name) { return hook::clGetExtensionFunctionAddressForPlatform(loader.platform(), name); }

TEST(ExtensionLookupTest, FindsNothingThatTheDriverLacks) {
  FakeLoader& loader = FreshLoader();

  EXPECT_EQ(Lookup(loader, "clGetKernelSuggestedLocalWorkSizeKHR"), nullptr);
  EXPECT_EQ(Lookup(loader, "clGetDeviceInfo"), nullptr);
  EXPECT_EQ(Lookup(loader, nullptr), nullptr);
  EXPECT_EQ(hook::clGetExtensionFunctionAddress(nullptr), nullptr);
}

TEST(ExtensionLookupTest, HandsOutTheDriversOwnPassThroughFunction) {
  FakeLoader& loader = FreshLoader();
  for (const char* name : {"clGetKernelSuggestedLocalWorkSizeKHR", "clIcdGetPlatformIDsKHR", "clSetKernelArg"}) {
    loader.functions[name] = kDriverFunction;

    EXPECT_EQ(Lookup(loader, name), kDriverFunction) << name;
    EXPECT_EQ(hook::clGetExtensionFunctionAddress(name), kDriverFunction) << name;
  }
}

TEST(ExtensionLookupTest, WithholdsCommandBuffersAndSharedMemory) {
  FakeLoader& loader = FreshLoader();
  for (const ExtensionApi& api : kExtensionApis) {
    if (api.local != LocalClass::withhold) continue;
    loader.functions[std::string(api.name)] = kDriverFunction;

    EXPECT_EQ(Lookup(loader, api.name.data()), nullptr) << api.name;
    EXPECT_EQ(hook::clGetExtensionFunctionAddress(api.name.data()), nullptr) << api.name;
  }
}

TEST(ExtensionLookupTest, WithholdsWhatIsInNoList) {
  FakeLoader& loader = FreshLoader();
  loader.functions["clEnqueueSomethingNewKHR"] = kDriverFunction;

  EXPECT_EQ(Lookup(loader, "clEnqueueSomethingNewKHR"), nullptr);
  EXPECT_EQ(hook::clGetExtensionFunctionAddress("clEnqueueSomethingNewKHR"), nullptr);
}

TEST(ExtensionLookupTest, GivesTheHookOfAFunctionThatHasASlot) {
  FakeLoader& loader = FreshLoader();
  loader.functions["clGetDeviceInfo"] = kDriverFunction;

  EXPECT_EQ(Lookup(loader, "clGetDeviceInfo"), HookIn(Slot::clGetDeviceInfo));
  EXPECT_EQ(hook::clGetExtensionFunctionAddress("clGetDeviceInfo"), HookIn(Slot::clGetDeviceInfo));
}

TEST(ExtensionLookupTest, AnswersAnAliasWithTheCoreFunctionsHookWhereTheDriverHasIt) {
  FakeLoader& loader = FreshLoader();
  for (const ExtensionApi& api : kExtensionApis) {
    if (api.alias < 0) continue;
    const Slot core = static_cast<Slot>(api.alias);
    loader.functions[std::string(api.name)] = kDriverFunction;
    void* const wanted = HookIn(core) != nullptr ? HookIn(core) : kDriverFunction;

    EXPECT_EQ(Lookup(loader, api.name.data()), wanted) << api.name;

    if (HookIn(core) == nullptr) continue;
    std::memset(&loader.driver_table, 0, sizeof loader.driver_table);
    EXPECT_EQ(Lookup(loader, api.name.data()), nullptr) << api.name;
    EXPECT_EQ(hook::clGetExtensionFunctionAddress(api.name.data()), nullptr) << api.name;
    std::memset(&loader.driver_table, 0xff, sizeof loader.driver_table);
  }
}

TEST(DriverHasTest, ReadsTheDispatchTableOfTheHandle) {
  FakeLoader& loader = FreshLoader();
  loader.driver_table.clCreateSubDevices = nullptr;

  EXPECT_FALSE(DriverHas(loader.platform(), Slot::clCreateSubDevices));
  EXPECT_TRUE(DriverHas(loader.platform(), Slot::clRetainDevice));
}

TEST(DriverHasTest, TrustsATableThatTheLoaderManages) {
  FakeLoader& loader = FreshLoader();
  std::memset(&loader.driver_table, 0, sizeof loader.driver_table);
  const std::intptr_t tag = 0x4F50454E434C3331;
  std::memcpy(&loader.driver_table, &tag, sizeof tag);

  EXPECT_TRUE(DriverHas(loader.platform(), Slot::clCreateSubDevices));
}

}  // namespace
}  // namespace flexai::opencl
