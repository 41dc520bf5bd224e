#include "digits/digits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace example {
namespace {

std::string Line(char label, char pixel) { return std::string{label, ' '} + std::string(kPixels, pixel) + '\n'; }

TEST(DigitsTest, ReadsALabelAndSixtyFourPixelsALine) {
  std::string text = Line('7', '0') + Line('0', 'g');
  text[2 + 1 + 2 * kSide] = '8';  // x 1, y 2

  const ParsedDigits parsed = ParseDigits(text);

  ASSERT_EQ(parsed.problem, "");
  ASSERT_EQ(parsed.digits.size(), 2u);
  EXPECT_EQ(parsed.digits[0].label, 7);
  EXPECT_EQ(parsed.digits[0].image[At(1, 2)], 0.5f);
  EXPECT_EQ(std::count(parsed.digits[0].image.begin(), parsed.digits[0].image.end(), 0.0f), kPlane - 1);
  EXPECT_EQ(std::count(parsed.digits[1].image.begin(), parsed.digits[1].image.end(), 1.0f), kPixels) << "the border stays empty";
}

TEST(DigitsTest, NamesTheFirstLineThatIsNone) {
  const std::string good = Line('1', '0');
  const std::string short_line = good.substr(1), long_line = "1" + good, no_label = "x" + good.substr(1), no_blank = "10" + good.substr(2);
  std::string bad_pixel = good;
  bad_pixel[10] = 'h';
  for (const std::string& bad :
       {short_line, long_line, no_label, no_blank, bad_pixel, std::string("\n"), good.substr(0, good.size() - 1)}) {
    const ParsedDigits parsed = ParseDigits(good + bad);

    EXPECT_TRUE(parsed.problem.starts_with("line 2 ")) << '\'' << bad << "': " << parsed.problem;
    EXPECT_EQ(parsed.digits.size(), 1u);
  }
}

TEST(DigitsTest, HasEachDigitOftenInBothParts) {
  const Digits digits = LoadDigits();

  EXPECT_EQ(digits.training.size(), 1500u);
  EXPECT_EQ(digits.test.size(), 297u);
  for (const auto* part : {&digits.training, &digits.test}) {
    std::array<size_t, kClasses> counts{};
    for (const Digit& digit : *part) ++counts[static_cast<size_t>(digit.label)];
    for (const size_t count : counts) EXPECT_GT(count, part->size() / 15);
  }
}

}  // namespace
}  // namespace example
