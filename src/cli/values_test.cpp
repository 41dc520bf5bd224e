#include "cli/values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flexai::cli {
namespace {

using ::testing::HasSubstr;

TEST(ReadCoresTest, SaysWhatIsWrongWithAShare) {
  EXPECT_EQ(ReadCores("30:100")->limit.permille, 1000u);
  EXPECT_THAT(ReadCores("120").error().message, HasSubstr("'120' is no share"));
  EXPECT_THAT(ReadCores("50:30").error().message, HasSubstr("guarantees more than it allows"));
  EXPECT_THAT(ReadCores("0").error().message, HasSubstr("would never run"));
  EXPECT_THAT(ReadCores("0.5").error().message, HasSubstr("smallest share is 1 percent"));
  EXPECT_THAT(ReadCores("").error().message, HasSubstr("such as 30"));
  EXPECT_EQ(ReadCores("x").error().code, ErrorCode::kInvalid);
}

TEST(ReadMemoryTest, SaysWhatAnAmountLooksLike) {
  EXPECT_EQ(ReadMemory("4Gi")->value, 4ULL << 30);
  for (const char* text : {"4gb", "-1", "", "0", "four", "99999999999999999999"}) {
    EXPECT_THAT(ReadMemory(text).error().message, HasSubstr("4Gi")) << text;
    EXPECT_EQ(ReadMemory(text).error().code, ErrorCode::kInvalid);
  }
}

TEST(ReadMemoryTest, ALongValueIsNotRepeatedInFull) { EXPECT_LT(ReadMemory(std::string(10'000, 'x')).error().message.size(), 300u); }

TEST(ReadIntervalTest, TakesSecondsWithDecimals) {
  EXPECT_EQ(ReadInterval("1").value(), kSecond);
  EXPECT_EQ(ReadInterval("0.1").value(), 100 * kMillisecond);
  EXPECT_EQ(ReadInterval("2.25").value(), 2250 * kMillisecond);
  EXPECT_EQ(ReadInterval("60").value(), 60 * kSecond);
  for (const char* text : {"", "0", "0.01", "61", "60.5", "1s", "-1", "1.", ".5", "1.1234", "1e3", "99999999999999999999"})
    EXPECT_FALSE(ReadInterval(text)) << text;
}

TEST(ReadSliceNameTest, AcceptsWhatFitsAFileName) {
  EXPECT_EQ(ReadSliceName("train-1.b_c").value(), "train-1.b_c");
  for (const char* text : {"", "-x", ".x", "a/b", "a b", "ä"}) EXPECT_FALSE(ReadSliceName(text)) << text;
  EXPECT_FALSE(ReadSliceName(std::string(64, 'a')));
}

TEST(ShowTest, BytesAreShortAndNeverRoundedUp) {
  EXPECT_EQ(ShowBytes(0), "0");
  EXPECT_EQ(ShowBytes(1023), "1023");
  EXPECT_EQ(ShowBytes(1024), "1Ki");
  EXPECT_EQ(ShowBytes(6805467136), "6.3Gi");
  EXPECT_EQ(ShowBytes(512ULL << 20), "512Mi");
  EXPECT_EQ(ShowBytes((1ULL << 30) - 1), "1023Mi");
  EXPECT_EQ(ShowBytes(~0ULL), "15.9Ei");
}

TEST(ShowTest, DeviceTimeIsSecondsNeverRoundedUp) {
  EXPECT_EQ(ShowSeconds(0), "0.00");
  EXPECT_EQ(ShowSeconds(19'999'999), "0.01");
  EXPECT_EQ(ShowSeconds(1'080'259'000'000), "1080.25");
}

TEST(ShowTest, TimesAreThoseOfThisMachineAndNonsenseStaysANumber) {
  EXPECT_EQ(ShowTime(1'700'000'000).size(), std::string("2023-11-14 22:13:20").size());
  EXPECT_EQ(ShowTime(INT64_MAX), "9223372036854775807");
}

TEST(ShowTest, SharesReadAsTheyAreWritten) {
  EXPECT_EQ(ShowCores(300, 300), "30");
  EXPECT_EQ(ShowCores(10, 1000), "1:100");
  EXPECT_EQ(ShowCores(0, 995), "0:99.5");
}

}  // namespace
}  // namespace flexai::cli
