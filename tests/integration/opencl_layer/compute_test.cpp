// Programs in a slice do what they do without it, on every driver, and leave nothing in flight.
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "slice/liveness.hpp"
#include "tests/integration/opencl_layer/load.hpp"

namespace flexai::testing {
namespace {

// Everything a program prints up to "idle".
std::string Answer(Shell& shell) {
  std::string all;
  for (;;) {
    const std::string line = shell.ReadLine();
    if (line == "idle") return all;
    all += line + "\n";
    if (line == "(died)" || line == "(silent)") return all;
  }
}

// What the region says of work that is not over, for messages.
std::string InFlight(SliceWorld& world, const std::string& xpu) {
  const slice::RegionView& region = world.region(xpu).view();
  const slice::Lease lease = slice::Lease::Unpack(slice::Load(region.state->header.lease));
  std::string text = "lease of holder " + std::to_string(lease.holder) + " with " + std::to_string(lease.in_flight);
  for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i) {
    if (slice::StateOf(region.process(i)) != FLEXAI_PROCESS_LIVE || slice::Load(region.process(i).in_flight) == 0) continue;
    text += ", process " + std::to_string(i) + " with " + std::to_string(slice::Load(region.process(i).in_flight));
  }
  return text;
}

bool NothingInFlight(SliceWorld& world, const std::string& xpu) {
  const slice::RegionView& region = world.region(xpu).view();
  if (slice::Lease::Unpack(slice::Load(region.state->header.lease)).in_flight != 0) return false;
  for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i) {
    if (slice::StateOf(region.process(i)) == FLEXAI_PROCESS_LIVE && slice::Load(region.process(i).in_flight) != 0) return false;
  }
  return true;
}

class OpenclComputeTest : public ::testing::TestWithParam<std::tuple<const char*, const char*>> {
 protected:
  const TestDriver& driver() const { return DriverNamed(std::get<0>(GetParam())); }
  std::string scenario() const { return std::get<1>(GetParam()); }
  std::vector<std::string> Program() const { return {FLEXAI_BUILD_DIR "/tests/opencl_scenarios", driver().platform, scenario()}; }
};

TEST_P(OpenclComputeTest, AnswersAsItDoesBare) {
  Shell bare(Program(), LayerEnvironment(driver().word, ""));
  const std::string expected = Answer(bare);
  bare.Finish();
  if (expected.starts_with("no device"))
    GTEST_SKIP() << "the driver " << driver().word << " is not installed (tools/install-packages run python)";

  SliceWorld world;
  Shell sliced(Program(), LayerEnvironment(driver().word, world.MakeSlice("test", {{.xpu = driver().xpu}})));
  const std::string answer = Answer(sliced);

  EXPECT_EQ(answer, expected) << sliced.Errors();
  EXPECT_TRUE(WaitUntil([&] { return NothingInFlight(world, driver().xpu); })) << InFlight(world, driver().xpu);
  EXPECT_EQ(sliced.Finish(), 0) << sliced.Errors();
  // Where the driver can do it at all, it went through the gate.
  const bool nothing_ran = answer.starts_with("none") || answer.starts_with("no ") || scenario() == "failed_user_event";
  EXPECT_TRUE(nothing_ran || slice::Load(world.account("test", driver().xpu).commands) != 0);
}

INSTANTIATE_TEST_SUITE_P(On, OpenclComputeTest,
                         ::testing::Combine(::testing::Values("pocl", "intel", "rusticl"),
                                            ::testing::Values("blocking_map", "flood", "bursts", "released_queues", "user_events",
                                                              "many_user_events", "failed_user_event", "set_in_another_thread",
                                                              "out_of_order", "threads", "profiling", "references", "errors",
                                                              "callbacks_that_enqueue", "callbacks_that_set_user_events", "native_kernel",
                                                              "shared_memory", "images", "sub_device", "fork")),
                         [](const auto& each) { return std::string(std::get<0>(each.param)) + "_" + std::get<1>(each.param); });

class OpenclEndTest : public ::testing::TestWithParam<const char*> {
 protected:
  const TestDriver& driver() const { return DriverNamed(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(On, OpenclEndTest, ::testing::Values("pocl", "intel", "rusticl"),
                         [](const auto& driver) { return std::string(driver.param); });

// Whether a driver survives that is its own business (PoCL and Mesa crash now and then, bare too); it must end, and the lease must go on.
TEST_P(OpenclEndTest, ExitWithWorkInFlightEnds) {
  SliceWorld world;
  Shell shell({FLEXAI_BUILD_DIR "/tests/opencl_scenarios", driver().platform, "exit_in_flight"},
              LayerEnvironment(driver().word, world.MakeSlice("test", {{.xpu = driver().xpu}})));
  const std::string line = shell.ReadLine();
  if (line == "no device") GTEST_SKIP() << "the driver " << GetParam() << " is not installed (tools/install-packages run python)";
  EXPECT_EQ(line, "leaving");

  const int status = shell.Finish();

  EXPECT_TRUE(status == 0 || status == 128 + SIGSEGV || status == 128 + SIGABRT) << status;
}

TEST_P(OpenclEndTest, AfterSigkillInsideItsLeaseTheOtherGoesOn) {
  SliceWorld world;
  const std::string first_slice = world.MakeSlice("first", {{.xpu = driver().xpu, .request = 500}});
  const std::string second_slice = world.MakeSlice("second", {{.xpu = driver().xpu, .request = 500}});
  Load first(driver(), first_slice, 300 * kMicrosecond, "async"), second(driver(), second_slice, 300 * kMicrosecond, "async");
  if (!first.ready()) GTEST_SKIP() << "the driver " << GetParam() << " is not installed (tools/install-packages run python)";
  first.Go();
  second.Go();
  const auto time_of = [&](const char* name) { return slice::Load(world.account(name, driver().xpu).device_ns); };
  ASSERT_TRUE(WaitUntil([&] { return time_of("first") != 0 && time_of("second") != 0; }));

  // The lease word names the holder by process; the first slice's process is the one that is killed.
  const slice::RegionView& region = world.region(driver().xpu).view();
  const std::uint32_t slot = world.slot("first", driver().xpu).slot;
  ASSERT_TRUE(WaitUntil([&] {
    const slice::Lease lease = slice::Lease::Unpack(slice::Load(region.state->header.lease));
    return lease.holder != 0 && lease.in_flight != 0 && region.slot_of(lease.holder - 1) == slot;
  }));
  first.Kill();
  const std::uint64_t before = time_of("second");

  EXPECT_TRUE(WaitUntil([&] { return time_of("second") > before + static_cast<std::uint64_t>(100 * kMillisecond); }));
  second.Stop();
  EXPECT_TRUE(second.Finish());
}

}  // namespace
}  // namespace flexai::testing
