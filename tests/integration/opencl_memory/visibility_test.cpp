// A program sees what its slice holds, and nothing else, through every loader.
#include "fixture.hpp"

namespace flexai::testing {
namespace {

class VisibilityTest : public OpenclMemoryTest {};
FLEXAI_ON_EVERY_DRIVER(VisibilityTest);

TEST_P(VisibilityTest, OnlyGrantedXpusAppear) {
  const std::string slice = MakeSlice(64 * kMiB);

  for (const TestLoader& loader : TestLoaders()) {
    const auto environment = Joined(DriverEnvironment(), loader.environment);
    const std::string bare = StartShell(Joined(environment, kBare))->Ask("platforms");
    const std::string sliced = StartShell(Joined(environment, InSlice(slice)))->Ask("platforms");
    for (const TestDriver& other : TestDrivers()) {
      const int without = DevicesIn(bare, other);
      EXPECT_EQ(DevicesIn(sliced, other), other.word == driver().word ? 1
                                          : without < 0               ? without
                                                                      : -1)
          << other.word << " through the loader " << loader.name;
    }
  }
}

TEST_P(VisibilityTest, ThePlatformLeftEmptyHasNoDeviceOfAnyType) {
  const std::string slice = world().MakeSlice("memory", {{.xpu = "other-0"}});
  const auto shell = StartShell(Sliced(slice));

  EXPECT_EQ(shell->Ask(UseCommand(driver())), "-1");
  for (const char* type : {"1", "2", "0xFFFFFFFF"}) {
    EXPECT_TRUE(shell->Ask(std::string("devices ") + type + " 1").starts_with("-1 ")) << type;
    EXPECT_EQ(shell->Ask(std::string("context-type c ") + type), "-1") << type;
  }
}

TEST_P(VisibilityTest, ADeviceTakenBehindTheLoadersBackMakesNoContextAndIsCounted) {
  const std::string slice = world().MakeSlice("memory", {{.xpu = "other-0"}});
  const auto shell = StartShell(Sliced(slice));
  ASSERT_EQ(shell->Ask(UseCommand(driver(), "steal")), "0");

  EXPECT_EQ(shell->Ask("context c"), kBadDevice);
  EXPECT_EQ(world().account("memory", "other-0").bypass_attempts, 1u);
  EXPECT_EQ(shell->Ask("subdevice"), kBadDevice);
  EXPECT_EQ(world().account("memory", "other-0").bypass_attempts, 2u);
}

TEST_P(VisibilityTest, PartsOfADeviceBelongToItsSlice) {
  const auto shell = StartShell(Sliced(MakeSlice(64 * kMiB)));
  ASSERT_EQ(shell->Ask(UseCommand(driver())), "0");
  if (shell->Ask("subdevice") != "0") GTEST_SKIP() << "the driver makes no sub-devices";

  EXPECT_EQ(shell->Ask("info 0x101F 8"), "0 8 " + std::to_string(64 * kMiB));
  EXPECT_EQ(shell->Ask("context c"), "0 devices 1");
  EXPECT_EQ(shell->Ask(Command("buffer", "a", 64 * kMiB)), kOk);
  EXPECT_EQ(Held(), 64 * kMiB);
  EXPECT_EQ(shell->Ask("buffer b 1"), kNoRoom);
}

TEST_P(VisibilityTest, ClinfoShowsTheSlicedDevice) {
  if (RunProgram({"sh", "-c", "command -v clinfo"}, {}).first != 0) GTEST_SKIP() << "clinfo is not installed (tools/install-packages test)";
  const std::string slice = MakeSlice(64 * kMiB);

  for (const TestLoader& loader : TestLoaders()) {
    const auto [status, text] = RunProgram({"clinfo", "--raw"}, Joined(Sliced(slice), loader.environment));

    EXPECT_EQ(status, 0);
    std::size_t devices = 0;
    for (std::size_t at = text.find("CL_DEVICE_GLOBAL_MEM_SIZE "); at != text.npos; at = text.find("CL_DEVICE_GLOBAL_MEM_SIZE ", at + 1))
      ++devices;
    EXPECT_EQ(devices, 1u) << loader.name;
    EXPECT_NE(text.find(std::to_string(64 * kMiB)), text.npos) << loader.name;
  }
}

}  // namespace
}  // namespace flexai::testing
