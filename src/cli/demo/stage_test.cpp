#include "cli/demo/stage.hpp"

#include <gtest/gtest.h>

namespace flexai::cli {
namespace {

TEST(DemoStageTest, FieldsOfALineAreReadByKey) {
  auto fields = ReadFields("result jobs=12 rate=3.50 unit=products/s wrong=0");

  EXPECT_EQ(fields["jobs"], "12");
  EXPECT_EQ(fields["rate"], "3.50");
  EXPECT_EQ(fields["unit"], "products/s");
  EXPECT_EQ(fields["wrong"], "0");
  EXPECT_EQ(fields.size(), 4u + 0u);
}

TEST(DemoStageTest, ValuesInQuotesMayHoldBlanks) {
  auto fields = ReadFields("device name=\"AMD EPYC\" platform=\"Intel(R) OpenCL\"");

  EXPECT_EQ(fields["name"], "AMD EPYC");
  EXPECT_EQ(fields["platform"], "Intel(R) OpenCL");
}

TEST(DemoStageTest, NonsenseHasNoFields) {
  EXPECT_TRUE(ReadFields("").empty());
  EXPECT_TRUE(ReadFields("   ").empty());
  EXPECT_TRUE(ReadFields("result").empty());
  EXPECT_EQ(ReadFields("a=").size(), 1u);
  EXPECT_EQ(ReadFields("a=\"open").at("a"), "open");
}

}  // namespace
}  // namespace flexai::cli
