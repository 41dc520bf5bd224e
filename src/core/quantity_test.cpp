#include "core/quantity.hpp"

#include <gtest/gtest.h>

namespace flexai {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kGiB = 1ULL << 30;

std::optional<std::uint64_t> BytesOf(std::string_view text) {
  const auto amount = ParseMemory(text);
  if (!amount || amount->is_percent) return std::nullopt;
  return amount->value;
}

TEST(ParseMemoryTest, ReadsBinaryAndDecimalSuffixes) {
  EXPECT_EQ(BytesOf("512"), 512u);
  EXPECT_EQ(BytesOf("512B"), 512u);
  EXPECT_EQ(BytesOf("64Ki"), 64u << 10);
  EXPECT_EQ(BytesOf("512Mi"), 512 * kMiB);
  EXPECT_EQ(BytesOf("4Gi"), 4 * kGiB);
  EXPECT_EQ(BytesOf("4GiB"), 4 * kGiB);
  EXPECT_EQ(BytesOf("1Ti"), 1024 * kGiB);
  EXPECT_EQ(BytesOf("500k"), 500'000u);
  EXPECT_EQ(BytesOf("4G"), 4'000'000'000u);
  EXPECT_EQ(BytesOf("1T"), 1'000'000'000'000u);
}

TEST(ParseMemoryTest, RefusesWhatIsNoAmount) {
  for (const char* text :
       {"", "0", "0Gi", "-1", "+1", " 1", "1 ", "1 Gi", "Gi", "1.5Gi", "1gi", "1gb", "1GI", "1e9", "0x10", "1Gi4", "1%%", "%", "1Pi"})
    EXPECT_FALSE(ParseMemory(text)) << text;
}

TEST(ParseMemoryTest, RefusesAmountsThatDoNotFit) {
  EXPECT_EQ(BytesOf("9223372036854775807"), 9'223'372'036'854'775'807u);  // 2^63-1: the largest a signed count holds
  EXPECT_FALSE(ParseMemory("9223372036854775808"));
  EXPECT_FALSE(ParseMemory("18446744073709551616"));
  EXPECT_FALSE(ParseMemory("8388608Ti"));
  EXPECT_TRUE(ParseMemory("8388607Ti"));
}

TEST(ParseMemoryTest, RefusesBytesAfterAZero) { EXPECT_FALSE(ParseMemory(std::string_view("4Gi\0", 4))); }

TEST(ParseMemoryTest, ReadsPercentOfTheDevice) {
  const auto amount = ParseMemory("30%");

  ASSERT_TRUE(amount);
  EXPECT_TRUE(amount->is_percent);
  EXPECT_EQ(amount->On({10 * kGiB}).value, 3 * kGiB);
  EXPECT_FALSE(ParseMemory("101%"));
  EXPECT_FALSE(ParseMemory("0%"));
  EXPECT_TRUE(ParseMemory("100%"));
}

TEST(MemoryAmountTest, PercentIsRoundedDownToWholeMiBButNeverToZero) {
  EXPECT_EQ((MemoryAmount{true, 33}.On({100 * kMiB + 12345}).value), 33 * kMiB);
  EXPECT_EQ((MemoryAmount{true, 1}.On({2 * kMiB}).value), 2 * kMiB / 100);
  EXPECT_EQ((MemoryAmount{true, 100}.On({kGiB}).value), kGiB);
}

TEST(MemoryAmountTest, PercentOfTheLargestDeviceDoesNotOverflow) {
  const std::uint64_t huge = ~0ULL;
  EXPECT_LE((MemoryAmount{true, 100}.On({huge}).value), huge);
  EXPECT_GT((MemoryAmount{true, 99}.On({huge}).value), huge / 2);
}

TEST(ParsePercentTest, ReadsWholeAndTenths) {
  EXPECT_EQ(ParsePercent("0")->permille, 0u);
  EXPECT_EQ(ParsePercent("30")->permille, 300u);
  EXPECT_EQ(ParsePercent("30%")->permille, 300u);
  EXPECT_EQ(ParsePercent("0.5")->permille, 5u);
  EXPECT_EQ(ParsePercent("99.9%")->permille, 999u);
  EXPECT_EQ(ParsePercent("100")->permille, 1000u);
  EXPECT_EQ(ParsePercent("100.0")->permille, 1000u);
}

TEST(ParsePercentTest, RefusesWhatIsNoPercentage) {
  for (const char* text : {"", "%", "101", "100.1", "-1", "1.", "1.25", ".5", "1,5", "30 %", "30%%", "18446744073709551617"})
    EXPECT_FALSE(ParsePercent(text)) << text;
}

TEST(ParseCoresTest, OneNumberGuaranteesAndCaps) {
  const auto cores = ParseCores("30");

  ASSERT_TRUE(cores);
  EXPECT_EQ(cores->request.permille, 300u);
  EXPECT_EQ(cores->limit.permille, 300u);
}

TEST(ParseCoresTest, TwoNumbersAreGuaranteeAndCap) {
  const auto elastic = ParseCores("30:100");
  const auto idle_only = ParseCores("0:50");

  ASSERT_TRUE(elastic && idle_only);
  EXPECT_EQ(elastic->request.permille, 300u);
  EXPECT_EQ(elastic->limit.permille, 1000u);
  EXPECT_EQ(idle_only->request.permille, 0u);
  EXPECT_EQ(idle_only->limit.permille, 500u);
}

TEST(ParseCoresTest, RefusesImpossibleShares) {
  for (const char* text : {"", ":", "30:", ":30", "0", "0:0", "50:30", "101", "30:101", "0.5", "0.5:10", "10:0.5", "30:40:50", "thirty"})
    EXPECT_FALSE(ParseCores(text)) << text;
}

TEST(ParsePriorityTest, KnowsItsOwnNames) {
  for (const Priority priority : {Priority::kLow, Priority::kNormal, Priority::kHigh})
    EXPECT_EQ(ParsePriority(PriorityName(priority)), priority);
  EXPECT_FALSE(ParsePriority("urgent"));
  EXPECT_FALSE(ParsePriority(""));
  EXPECT_FALSE(ParsePriority("High"));
}

}  // namespace
}  // namespace flexai
