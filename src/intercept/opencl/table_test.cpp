#include "intercept/opencl/table.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>
#include <type_traits>

#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"

namespace flexai::opencl {
namespace {

// An alias is answered with the core function's hook, so both must be the same to a compiler.
template <class Extension, class Core>
constexpr bool kSameCall = std::is_same_v<Extension*, Core>;
static_assert(kSameCall<decltype(clCreateCommandQueueWithPropertiesKHR), decltype(cl_icd_dispatch::clCreateCommandQueueWithProperties)>);
static_assert(kSameCall<decltype(clCreateProgramWithILKHR), decltype(cl_icd_dispatch::clCreateProgramWithIL)>);
static_assert(
    kSameCall<std::remove_pointer_t<clCreateBufferWithPropertiesINTEL_fn>, decltype(cl_icd_dispatch::clCreateBufferWithProperties)>);
static_assert(kSameCall<decltype(clSetMemObjectDestructorAPPLE), decltype(cl_icd_dispatch::clSetMemObjectDestructorCallback)>);

TEST(OpenclTableTest, NamesEveryFunctionOnce) {
  std::set<std::string_view> seen;

  for (const Api& api : kApis) EXPECT_TRUE(seen.insert(api.name).second) << api.name;
  for (const ExtensionApi& api : kExtensionApis) EXPECT_TRUE(seen.insert(api.name).second) << api.name;
}

TEST(OpenclTableTest, FillsExactlyTheSlotsThatAreNotPassThrough) {
  for (std::size_t i = 0; i < kSlots; ++i) {
    const bool hooked = HookIn(static_cast<Slot>(i)) != nullptr;
    EXPECT_EQ(hooked, kApis[i].local != LocalClass::pass) << kApis[i].name;
  }
}

TEST(OpenclTableTest, WithholdsNoSlot) {
  for (const Api& api : kApis) EXPECT_NE(api.local, LocalClass::withhold) << api.name;
}

TEST(OpenclTableTest, TakesOutTheExtensionOfEveryWithheldFunction) {
  for (const ExtensionApi& api : kExtensionApis) {
    EXPECT_EQ(api.local == LocalClass::withhold, IsWithheldExtension(api.extension)) << api.name << ", " << api.extension;
  }
}

TEST(OpenclTableTest, GatesEveryEnqueueFunctionThatCarriesWork) {
  const std::set<std::string_view> without_work = {"clEnqueueMarker", "clEnqueueBarrier", "clEnqueueWaitForEvents",
                                                   "clEnqueueMarkerWithWaitList", "clEnqueueBarrierWithWaitList"};
  for (const Api& api : kApis) {
    if (!api.name.starts_with("clEnqueue") || api.name.find("D3D") != api.name.npos || api.name.find("DX9") != api.name.npos) {
      continue;
    }
    EXPECT_EQ(api.local, without_work.contains(api.name) ? LocalClass::lifetime : LocalClass::gate) << api.name;
  }
}

}  // namespace
}  // namespace flexai::opencl
