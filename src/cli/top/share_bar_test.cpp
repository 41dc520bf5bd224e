#include "cli/top/share_bar.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "base/terminal.hpp"

namespace flexai::cli {
namespace {

std::string Plain(const std::vector<BarShare>& shares, std::size_t width = 20) { return ShareBar(shares, {.width = width}); }

TEST(ShareBarTest, ShowsUsedIdleAndFree) {
  EXPECT_EQ(Plain({{'a', 300, 200}, {'b', 200, 200}}), "a###--b###..........");
  EXPECT_EQ(Plain({}), "....................");
}

TEST(ShareBarTest, MarksWhatIsBorrowed) { EXPECT_EQ(Plain({{'a', 300, 500}, {'b', 200, 0}}), "a#####++++b---......"); }

TEST(ShareBarTest, AGuaranteeThatOthersUseIsNotShownAsIdle) {
  EXPECT_EQ(Plain({{'a', 700, 0}, {'b', 300, 1000}}), "b#####++++++++++++++");
  EXPECT_EQ(Plain({{'a', 700, 100}, {'b', 300, 800}}), "a#--b#####++++++++++");
}

TEST(ShareBarTest, MoreThanTheWholeIsShownInProportion) {
  EXPECT_EQ(Plain({{'a', 500, 1000}, {'b', 500, 1000}}), "a####+++++b####+++++");
  EXPECT_EQ(DisplayWidth(Plain({{'a', 500, 4'000'000'000}, {'b', 500, 1}})), 20u);
}

TEST(ShareBarTest, WhatIsUnknownIsNotShownAsIdle) { EXPECT_EQ(Plain({{'a', 500, std::nullopt}}), "a?????????.........."); }

TEST(ShareBarTest, AlwaysHasItsWidth) {
  for (std::size_t width = 0; width < 90; ++width)
    for (const std::uint32_t used : {0u, 1u, 7u, 333u, 999u, 1000u, 1500u}) {
      const std::vector<BarShare> shares{{'a', 10, used}, {'b', 333, used / 2}, {'c', 0, 5}, {'d', 100, std::nullopt}};
      EXPECT_EQ(DisplayWidth(Plain(shares, width)), width) << used;
      EXPECT_EQ(DisplayWidth(ShareBar(shares, {.width = width, .signs = &kUtf8Signs})), width) << used;
    }
}

TEST(ShareBarTest, ColoursOnlyWhenAsked) {
  const std::array<BarShare, 1> shares{BarShare{'a', 500, 500}};
  EXPECT_EQ(ShareBar(shares, {.width = 4}).find('\x1b'), std::string::npos);
  EXPECT_EQ(ShareBar(shares, {.width = 4, .color = true}), "\x1b[1ma\x1b[0m\x1b[32m#\x1b[0m\x1b[2m..\x1b[0m");
}

}  // namespace
}  // namespace flexai::cli
