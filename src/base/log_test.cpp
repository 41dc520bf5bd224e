#include "base/log.hpp"

#include <gtest/gtest.h>

namespace flexai {
namespace {

constexpr Nanos kSomeDay = 1'790'000'000 * kSecond + 42 * kMillisecond;  // 2026-09-21T14:13:20.042Z

TEST(LogFormatterTest, WritesAJsonObjectPerLine) {
  LogFormatter formatter(LogFormatter::Form::kJson);

  EXPECT_EQ(formatter.Line(LogLevel::kInfo, "slice admitted", {{"slice", "a \"b\""}, {"quota_bytes", 7}}, 0, kSomeDay),
            "{\"time\": \"2026-09-21T14:13:20.042Z\", \"level\": \"info\", \"message\": \"slice admitted\", \"slice\": \"a \\\"b\\\"\", "
            "\"quota_bytes\": 7}\n");
}

TEST(LogFormatterTest, WritesWordsForPeople) {
  LogFormatter formatter(LogFormatter::Form::kText);

  EXPECT_EQ(
      formatter.Line(LogLevel::kWarning, "driver hung", {{"driver", "x.icd"}, {"after", "two words"}, {"none", nullptr}}, 0, kSomeDay),
      "14:13:20.042 warning driver hung  driver=x.icd  after=\"two words\"  none=null\n");
}

TEST(LogFormatterTest, CountsRepeatsInsteadOfWritingThem) {
  LogFormatter formatter(LogFormatter::Form::kText);
  int written = 0;
  for (int i = 0; i < 100; ++i) written += formatter.Line(LogLevel::kInfo, "again", {}, i, kSomeDay).empty() ? 0 : 1;

  EXPECT_EQ(written, 20);
  EXPECT_FALSE(formatter.Line(LogLevel::kInfo, "something else", {}, 100, kSomeDay).empty());
  EXPECT_NE(formatter.Line(LogLevel::kInfo, "again", {}, kSecond, kSomeDay).find("suppressed=80"), std::string::npos);
  EXPECT_EQ(formatter.Line(LogLevel::kInfo, "again", {}, kSecond + 1, kSomeDay).find("suppressed"), std::string::npos);
}

}  // namespace
}  // namespace flexai
