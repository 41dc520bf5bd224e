#include "core/units.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "core/clock.hpp"
#include "core/outcome.hpp"

namespace flexai {
namespace {

TEST(UnitsTest, BytesAddSubtractAndCompare) {
  EXPECT_EQ((Bytes{3} + Bytes{4}).value, 7u);
  EXPECT_EQ((Bytes{7} - Bytes{4}).value, 3u);
  EXPECT_LT(Bytes{3}, Bytes{4});
}

TEST(UnitsTest, AShareWithoutWishesGuaranteesOnePercentAndMayUseAll) {
  const ShareSpec share;

  EXPECT_EQ(share.request.permille, 10u);
  EXPECT_EQ(share.limit, kWholeXpu);
  EXPECT_FALSE(share.reserves_memory);
}

TEST(ClockTest, NeverGoesBack) {
  Nanos last = MonotonicNow();
  for (int i = 0; i < 1000; ++i) {
    const Nanos now = MonotonicNow();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(OutcomeTest, EveryOutcomeHasItsOwnText) {
  std::set<std::string_view> texts;
  for (int i = 0; i <= static_cast<int>(Outcome::kIo); ++i) texts.insert(OutcomeText(static_cast<Outcome>(i)));

  EXPECT_EQ(texts.size(), static_cast<std::size_t>(Outcome::kIo) + 1);
  EXPECT_EQ(texts.count("unknown outcome"), 0u);
}

}  // namespace
}  // namespace flexai
