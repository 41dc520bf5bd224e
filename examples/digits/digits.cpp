#include "digits/digits.hpp"

#include <cstdio>
#include <cstdlib>

#include "digits/embedded.hpp"

namespace example {
namespace {

constexpr int kInk = 16;  // the darkest value of a pixel

// 0 to 16, or -1.
int PixelValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'g') return c - 'a' + 10;
  return -1;
}

// False when `line` is not a digit.
bool ParseLine(std::string_view line, Digit& digit) {
  if (line.size() != 2 + kPixels || line[0] < '0' || line[0] > '9' || line[1] != ' ') return false;
  digit.label = line[0] - '0';
  digit.image.fill(0);
  for (size_t i = 0; i < kPixels; ++i) {
    const int value = PixelValue(line[2 + i]);
    if (value < 0) return false;
    digit.image[At(i % kSide, i / kSide)] = static_cast<float>(value) / kInk;
  }
  return true;
}

}  // namespace

ParsedDigits ParseDigits(std::string_view text) {
  ParsedDigits parsed;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    Digit digit{};
    if (end == std::string_view::npos || !ParseLine(text.substr(0, end), digit)) {
      parsed.problem = "line " + std::to_string(number) + " of the digits is not a label, a blank and 64 pixels 0-9a-g";
      break;
    }
    parsed.digits.push_back(digit);
    text.remove_prefix(end + 1);
  }
  return parsed;
}

Digits LoadDigits() {
  ParsedDigits parsed = ParseDigits(kDigitsText);
  if (parsed.problem.empty() && parsed.digits.size() != kTrainingDigits + kTestDigits)
    parsed.problem = "there are " + std::to_string(parsed.digits.size()) + " digits";
  if (!parsed.problem.empty()) {
    std::fprintf(stderr, "The data compiled into this program is damaged: %s.\n", parsed.problem.c_str());
    std::exit(2);
  }
  const auto split = parsed.digits.begin() + kTrainingDigits;
  return {.training = {parsed.digits.begin(), split}, .test = {split, parsed.digits.end()}};
}

}  // namespace example
