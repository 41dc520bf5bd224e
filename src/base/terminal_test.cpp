#include "base/terminal.hpp"

#include <gtest/gtest.h>

namespace flexai {
namespace {

TEST(IsUtf8LocaleTest, TheFirstVariableThatIsSetCounts) {
  EXPECT_TRUE(IsUtf8Locale({.lc_all = "C.UTF-8"}));
  EXPECT_TRUE(IsUtf8Locale({.lc_ctype = "de_DE.utf8@euro", .lang = "C"}));
  EXPECT_TRUE(IsUtf8Locale({.lang = "en_US.UTF-8"}));
  EXPECT_FALSE(IsUtf8Locale({.lc_all = "C", .lang = "en_US.UTF-8"}));
}

TEST(IsUtf8LocaleTest, NothingElseIsUtf8) {
  for (const char* locale : {"", "C", "POSIX", "UTF-8", "de_DE.ISO-8859-1", "ja_JP.UTF-16", "x.utf", "x.utf88"})
    EXPECT_FALSE(IsUtf8Locale({.lang = locale})) << locale;
}

}  // namespace
}  // namespace flexai
