#include "base/check.hpp"

#include <gtest/gtest.h>

namespace flexai {
namespace {

TEST(CheckDeathTest, NamesTheConditionAndThePlace) {
  const int shares = 1001;
  EXPECT_DEATH(FLEXAI_CHECK(shares <= 1000), "broken invariant shares <= 1000 at .*check_test.cpp:");
}

TEST(CheckTest, DoesNothingWhenItHolds) {
  int evaluated = 0;
  FLEXAI_CHECK(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

}  // namespace
}  // namespace flexai
