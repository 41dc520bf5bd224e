#include "slice/slice_file.hpp"

#include <gtest/gtest.h>

#include <string>

#include "slice/testing/temporary_region.hpp"

namespace flexai::slice {
namespace {

constexpr std::string_view kGood = "flexai-slice 1\nname train\nshare intel-0 3 7 99\nshare pocl-0 127 1 18446744073709551615\n";

TEST(SliceFileTest, ReadsWhatItNames) {
  SliceFile slice;

  ASSERT_EQ(ParseSliceFile(kGood, slice), Outcome::kOk);
  EXPECT_STREQ(slice.name, "train");
  ASSERT_EQ(slice.count, 2u);
  EXPECT_EQ(slice.shares[0].xpu.view(), "intel-0");
  EXPECT_EQ(slice.shares[1].ref.slot, 127u);
  EXPECT_EQ(slice.shares[1].pair_id, UINT64_MAX);
}

TEST(SliceFileTest, EveryPrefixOfAGoodFileIsCorruptUnlessItEndsAfterAShare) {
  SliceFile slice;
  for (std::size_t length = 0; length < kGood.size(); ++length) {
    const bool ends_after_first_share = length == kGood.find("share pocl");
    EXPECT_EQ(ParseSliceFile(kGood.substr(0, length), slice), ends_after_first_share ? Outcome::kOk : Outcome::kCorrupt) << length;
  }
}

TEST(SliceFileTest, RefusesWhatIsOutOfRange) {
  SliceFile slice;
  const auto parse = [&](std::string_view share) { return ParseSliceFile("flexai-slice 1\nname a\n" + std::string(share) + "\n", slice); };

  EXPECT_EQ(parse("share pocl-0 1 1 1"), Outcome::kOk);
  EXPECT_EQ(parse("share pocl-0 128 1 1"), Outcome::kCorrupt) << "slot";
  EXPECT_EQ(parse("share pocl-0 1 4294967296 1"), Outcome::kCorrupt) << "generation";
  EXPECT_EQ(parse("share pocl-0 1 1 0"), Outcome::kCorrupt) << "pair id";
  EXPECT_EQ(parse("share ../etc 1 1 1"), Outcome::kCorrupt) << "xpu";
  EXPECT_EQ(parse("share pocl-0 1 1 1 1"), Outcome::kCorrupt) << "too many words";
  EXPECT_EQ(parse("share pocl-0 -1 1 1"), Outcome::kCorrupt) << "sign";
  EXPECT_EQ(parse("share b-0 1 1 1\nshare a-0 1 1 1"), Outcome::kCorrupt) << "not ascending";
  EXPECT_EQ(parse("share a-0 1 1 1\nshare a-0 1 1 1"), Outcome::kCorrupt) << "twice";
  EXPECT_EQ(parse("shares pocl-0 1 1 1"), Outcome::kCorrupt) << "unknown key";
}

TEST(SliceFileTest, TellsAnotherVersionFromCorruption) {
  SliceFile slice;
  EXPECT_EQ(ParseSliceFile("flexai-slice 2\nname a\n", slice), Outcome::kWrongVersion);
  EXPECT_EQ(ParseSliceFile("something 1\nname a\n", slice), Outcome::kCorrupt);
}

TEST(SliceFileTest, WritesWhatItReads) {
  TemporaryRegion region;
  SlotRef ref{5, 77};
  const std::string path = region.WriteSlice("mine", ref);
  SliceFile slice;

  ASSERT_EQ(ReadSliceFile(path.c_str(), slice), Outcome::kOk);
  EXPECT_STREQ(slice.name, "mine");
  EXPECT_EQ(slice.shares[0].ref.slot, 5u);
  EXPECT_EQ(slice.shares[0].ref.generation, 77u);
}

TEST(SliceFileTest, AMissingFileAndADirectoryAreErrors) {
  TemporaryRegion region;
  SliceFile slice;
  EXPECT_EQ(ReadSliceFile((region.directory() + "/none").c_str(), slice), Outcome::kNotFound);
  EXPECT_NE(ReadSliceFile(region.directory().c_str(), slice), Outcome::kOk);
}

TEST(SliceNameTest, IsAFileNameWithoutSurprises) {
  EXPECT_TRUE(IsSliceName("train-1.b_C"));
  for (const char* bad : {"", ".hidden", "-option", "a/b", "a b", "a\n", "..", "\xc3\xa4"}) EXPECT_FALSE(IsSliceName(bad)) << bad;
  EXPECT_TRUE(IsSliceName(std::string(63, 'x')));
  EXPECT_FALSE(IsSliceName(std::string(64, 'x')));
}

}  // namespace
}  // namespace flexai::slice
