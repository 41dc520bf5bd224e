// A platform with two devices: PoCL shows the machine's cores as several when told so.
#include "fixture.hpp"

namespace flexai::testing {
namespace {

class SeveralXpusTest : public OpenclMemoryTest {
 protected:
  void SetUp() override {
    OpenclMemoryTest::SetUp();
    if (IsSkipped()) return;
    if (DevicesShown(driver(), Joined(Bare(), kTwo)) != 2) GTEST_SKIP() << "this PoCL makes no two devices of POCL_DEVICES";
  }

  std::unique_ptr<Shell> StartWithTwo(const std::string& slice) { return StartShell(Joined(Sliced(slice), kTwo)); }

  const std::vector<std::string> kTwo = {"POCL_DEVICES=pthread pthread"};
};
INSTANTIATE_TEST_SUITE_P(On, SeveralXpusTest, ::testing::Values("pocl"), [](const auto& tested) { return std::string(tested.param); });

TEST_P(SeveralXpusTest, AnXpuIsKnownByItsPlaceInTheDriversListNotInTheApplications) {
  const auto shell = StartWithTwo(world().MakeSlice("memory", {{.xpu = "pocl-1", .memory = 64 * kMiB}}));

  ASSERT_EQ(shell->Ask(UseCommand(driver())), "0");
  EXPECT_EQ(shell->Ask("devices 0xFFFFFFFF 4"), "0 count 1 filled 1");
  EXPECT_EQ(shell->Ask("context c"), "0 devices 1");
  EXPECT_EQ(shell->Ask("buffer a 4096"), kOk);
  EXPECT_EQ(world().Held("memory", "pocl-1"), 4096u);
}

TEST_P(SeveralXpusTest, TheFirstGrantedDeviceIsTheDefaultWhereTheDriversIsHidden) {
  const auto shell = StartWithTwo(world().MakeSlice("memory", {{.xpu = "pocl-1", .memory = 64 * kMiB}}));

  ASSERT_EQ(shell->Ask(UseCommand(driver())), "0");
  EXPECT_EQ(shell->Ask("devices 1 4"), "0 count 1 filled 1");
  EXPECT_EQ(shell->Ask("context-type c 1"), "0 devices 1");
}

TEST_P(SeveralXpusTest, AContextOfATypeHoldsTheGrantedDevicesOnly) {
  const auto shell = StartWithTwo(world().MakeSlice("memory", {{.xpu = "pocl-1", .memory = 64 * kMiB}}));

  ASSERT_EQ(shell->Ask(UseCommand(driver())), "0");
  EXPECT_EQ(shell->Ask("context-type c 0xFFFFFFFF"), "0 devices 1");
  EXPECT_EQ(shell->Ask("context-type c 2"), "0 devices 1");
  EXPECT_EQ(shell->Ask("buffer a 4096"), kOk);
  EXPECT_EQ(world().Held("memory", "pocl-1"), 4096u);
  ASSERT_EQ(shell->Ask(UseCommand(driver(), "steal", 0)), "0");
  EXPECT_EQ(shell->Ask("context d"), kBadDevice);
}

TEST_P(SeveralXpusTest, MemoryOfAContextOverBothIsChargedOnEach) {
  const auto shell =
      StartWithTwo(world().MakeSlice("memory", {{.xpu = "pocl-0", .memory = 64 * kMiB}, {.xpu = "pocl-1", .memory = 48 * kMiB}}));
  ASSERT_EQ(shell->Ask(UseCommand(driver())), "0");
  ASSERT_EQ(shell->Ask("context c all"), "0 devices 2");

  EXPECT_EQ(shell->Ask(Command("buffer", "a", 40 * kMiB)), kOk);
  EXPECT_EQ(world().Held("memory", "pocl-0"), 40 * kMiB);
  EXPECT_EQ(world().Held("memory", "pocl-1"), 40 * kMiB);

  EXPECT_EQ(shell->Ask(Command("buffer", "b", 20 * kMiB)), kNoRoom) << "the second has no room";
  EXPECT_EQ(world().Held("memory", "pocl-0"), 40 * kMiB);
  EXPECT_EQ(world().Held("memory", "pocl-1"), 40 * kMiB);

  EXPECT_EQ(shell->Ask("release a"), kOk);
  EXPECT_EQ(world().Held("memory", "pocl-0"), 0u);
  EXPECT_EQ(world().Held("memory", "pocl-1"), 0u);

  EXPECT_EQ(shell->Ask(Command("buffer", "a", 64 * kMiB)), kNoRoom) << "one of the devices could";
  EXPECT_EQ(shell->Ask(Command("buffer", "a", 64 * kMiB + 1)), kTooLarge) << "none of the devices can";
}

TEST_P(SeveralXpusTest, AContextOverOneIsChargedThere) {
  const auto shell =
      StartWithTwo(world().MakeSlice("memory", {{.xpu = "pocl-0", .memory = 64 * kMiB}, {.xpu = "pocl-1", .memory = 48 * kMiB}}));
  ASSERT_EQ(shell->Ask(UseCommand(driver(), "use", 1)), "0");
  ASSERT_EQ(shell->Ask("context c"), "0 devices 1");

  EXPECT_EQ(shell->Ask(Command("buffer", "a", 48 * kMiB)), kOk);
  EXPECT_EQ(shell->Ask("buffer b 1"), kNoRoom);
  EXPECT_EQ(world().Held("memory", "pocl-0"), 0u);
}

}  // namespace
}  // namespace flexai::testing
