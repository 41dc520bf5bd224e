// Two processes on one XPU get the shares they were given, on every driver.
#include <gtest/gtest.h>

#include "tests/integration/opencl_layer/load.hpp"

namespace flexai::testing {
namespace {

class OpenclShareTest : public ::testing::TestWithParam<const char*> {
 protected:
  const TestDriver& driver() const { return DriverNamed(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(On, OpenclShareTest, ::testing::Values("pocl", "intel", "rusticl"),
                         [](const auto& driver) { return std::string(driver.param); });

std::uint64_t DeviceTime(SliceWorld& world, const std::string& slice, const std::string& xpu) {
  return slice::Load(world.account(slice, xpu).device_ns);
}

// The share in percent of the first of two loads that always have work, over about `span` of device time.
double ShareOfFirst(SliceWorld& world, const TestDriver& driver, Load& first, Load& second, Nanos span) {
  first.Go();
  second.Go();
  const auto used = [&] { return DeviceTime(world, "first", driver.xpu) + DeviceTime(world, "second", driver.xpu); };
  const std::uint64_t before = used();
  // Beginnings are not counted: one of the two comes first.
  EXPECT_TRUE(WaitUntil([&] { return used() > before + static_cast<std::uint64_t>(200 * kMillisecond); }));
  const std::uint64_t first_before = DeviceTime(world, "first", driver.xpu), second_before = DeviceTime(world, "second", driver.xpu);
  EXPECT_TRUE(WaitUntil([&] { return used() > first_before + second_before + static_cast<std::uint64_t>(span); }));
  const double a = static_cast<double>(DeviceTime(world, "first", driver.xpu) - first_before);
  const double b = static_cast<double>(DeviceTime(world, "second", driver.xpu) - second_before);
  first.Stop();
  second.Stop();
  EXPECT_TRUE(first.Finish() && second.Finish());
  return 100 * a / (a + b);
}

// Runs the two and says what came of it.
double MeasuredShare(const TestDriver& driver, std::uint32_t request, Nanos first_kernel, const char* first_mode, Nanos second_kernel) {
  SliceWorld world;
  CompetingLoad load;
  const std::string first_slice = world.MakeSlice("first", {{.xpu = driver.xpu, .request = request}});
  const std::string second_slice = world.MakeSlice("second", {{.xpu = driver.xpu, .request = 1000 - request}});
  Load first(driver, first_slice, first_kernel, first_mode), second(driver, second_slice, second_kernel, "async");
  if (!first.ready()) return -1;
  const double share = ShareOfFirst(world, driver, first, second, kSecond);
  std::printf("%s: first %.2f %% of device time, asked %u; %lld : %lld kernels; %s\n", driver.word.c_str(), share, request / 10,
              first.kernels(), second.kernels(), load.Text().c_str());
  return share;
}

#define FLEXAI_SKIP_IF_MISSING(share) \
  if ((share) < 0) GTEST_SKIP() << "the driver " << GetParam() << " is not installed (tools/install-packages run python)"

TEST_P(OpenclShareTest, SeventyToThirtyWithEqualKernels) {
  const double share = MeasuredShare(driver(), 700, 300 * kMicrosecond, "async", 300 * kMicrosecond);

  FLEXAI_SKIP_IF_MISSING(share);
  EXPECT_NEAR(share, 70, 5);
}

// Short kernels share their completions, long ones do not: neither may gain by it.
TEST_P(OpenclShareTest, FiftyToFiftyWithKernelsOfVeryDifferentLength) {
  const Nanos shorter = driver().word == "rusticl" ? 300 * kMicrosecond : 20 * kMicrosecond;  // Mesa needs as much for any kernel
  const double share = MeasuredShare(driver(), 500, shorter, "async", kMillisecond);

  FLEXAI_SKIP_IF_MISSING(share);
  EXPECT_NEAR(share, 50, 5);
}

}  // namespace
}  // namespace flexai::testing
