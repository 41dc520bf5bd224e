#include "core/xpu_id.hpp"

#include <gtest/gtest.h>

#include <string>

namespace flexai {
namespace {

TEST(XpuIdTest, KeepsTheTextItWasMadeFrom) {
  const auto id = XpuId::Parse("nvidia-1a2b.3_c");

  ASSERT_TRUE(id);
  EXPECT_EQ(id->view(), "nvidia-1a2b.3_c");
  EXPECT_STREQ(id->c_str(), "nvidia-1a2b.3_c");
  EXPECT_FALSE(id->empty());
}

TEST(XpuIdTest, RefusesWhatCouldLeaveTheDirectoryOrBeAnOption) {
  for (const char* text : {"", ".", "..", ".hidden", "-x", "a/b", "../a", "a b", "A", "a\n", "ä", "a:b", "a*"})
    EXPECT_FALSE(XpuId::Parse(text)) << text;
  EXPECT_FALSE(XpuId::Parse(std::string_view("a\0b", 3)));
}

TEST(XpuIdTest, HoldsSixtyThreeBytesAndNotOneMore) {
  EXPECT_TRUE(XpuId::Parse(std::string(63, 'x')));
  EXPECT_FALSE(XpuId::Parse(std::string(64, 'x')));
}

TEST(XpuIdTest, OrdersByText) {
  EXPECT_LT(*XpuId::Parse("intel-0"), *XpuId::Parse("pocl-0"));
  EXPECT_EQ(*XpuId::Parse("pocl-0"), *XpuId::Parse("pocl-0"));
  EXPECT_NE(*XpuId::Parse("pocl-0"), *XpuId::Parse("pocl-00"));
}

}  // namespace
}  // namespace flexai
