#include "cli/top/frame.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/top/testing/sample.hpp"

namespace flexai::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Names(const TopFrame& frame) {
  std::vector<std::string> names;
  for (const TopXpu& xpu : frame.xpus)
    for (const TopShare& share : xpu.shares) names.push_back(share.slice.name);
  return names;
}

TEST(TopFrameTest, MeasuresOverTheIntervalAndSinceABegin) {
  const TopFrame frame = MakeTopFrame(SampleInventory(), SampleBaseline(), "14:03:22");

  ASSERT_EQ(frame.xpus.size(), 1u);
  EXPECT_EQ(frame.slice_count(), 3u);
  const TopXpu& xpu = frame.xpus[0];
  EXPECT_EQ(xpu.shares[0].measured->permille, 300u);
  EXPECT_FALSE(xpu.shares[0].measured->since_begin);
  EXPECT_TRUE(xpu.shares[2].measured->since_begin);
  EXPECT_EQ(xpu.used_permille(), 300u + 200u + 0u);
  EXPECT_EQ(xpu.free_permille, 100u);
}

TEST(TopFrameTest, TheErrorIsBeyondTheCapOrShortOfTheGuarantee) {
  TopShare share;
  share.slice.request_permille = 300;
  share.slice.limit_permille = 500;
  EXPECT_EQ(share.error_permille(), std::nullopt);
  for (const auto& [used, error] : {std::pair{250u, -50}, {300u, 0}, {420u, 0}, {500u, 0}, {530u, 30}}) {
    share.measured = MeasuredShare{.permille = used};
    EXPECT_EQ(share.error_permille(), error) << used;
  }
  share.measured = MeasuredShare{};
  EXPECT_EQ(share.error_permille(), std::nullopt) << "it asked for nothing";
  share.measured->wait_permille = 1000;
  EXPECT_EQ(share.error_permille(), -300);
}

TEST(TopFrameTest, ARegionThatCannotBeReadIsUnknownNotFree) {
  Inventory inventory = SampleInventory();
  inventory.entries[0].region.reset();
  inventory.entries[0].region_trouble = "the region of pocl-0 is damaged";
  const TopFrame frame = MakeTopFrame(inventory, {}, "");

  EXPECT_EQ(frame.xpus[0].free_permille, std::nullopt);
  EXPECT_EQ(frame.xpus[0].free_memory_bytes, std::nullopt);
  EXPECT_EQ(frame.xpus[0].trouble, "the region of pocl-0 is damaged");
}

TEST(TopFrameTest, AMachineWithoutXpusIsToldWhatToInstall) { EXPECT_THAT(MakeTopFrame({}, {}, "").nothing_here, HasSubstr("apt install")); }

TEST(TopFrameTest, SortsByEachKeyAndEqualsByTheirBegin) {
  TopFrame frame = MakeTopFrame(SampleInventory(), SampleBaseline(), "");
  SortShares(frame, TopSort::kName);
  EXPECT_THAT(Names(frame), ElementsAre("batch", "late", "training"));
  SortShares(frame, TopSort::kMeasured);
  EXPECT_THAT(Names(frame), ElementsAre("training", "batch", "late"));
  SortShares(frame, TopSort::kMemory);
  EXPECT_THAT(Names(frame), ElementsAre("batch", "training", "late"));
  SortShares(frame, TopSort::kAsked);
  EXPECT_THAT(Names(frame), ElementsAre("batch", "training", "late"));
  SortShares(frame, TopSort::kOwner);
  EXPECT_THAT(Names(frame), ElementsAre("training", "batch", "late"));
}

TEST(TopFrameTest, ALetterStaysWithItsSlot) {
  TopShare share;
  EXPECT_EQ(share.letter(), 'a');
  share.slice.ref.slot = 61;
  EXPECT_EQ(share.letter(), '9');
  share.slice.ref.slot = 62;
  EXPECT_EQ(share.letter(), 'a');
}

}  // namespace
}  // namespace flexai::cli
