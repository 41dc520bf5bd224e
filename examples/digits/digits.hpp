// The handwritten digits that the network learns and is asked about: 1,797 images of 8x8 pixels with their labels, compiled in from digits.txt.
// Where they come from and under which licence: README.md. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace example {

inline constexpr size_t kSide = 8, kPixels = kSide * kSide, kClasses = 10;

// Images and all that is computed from them lie in planes with a border of one zero pixel, so that a 3x3 convolution need not ask where the edge is.
inline constexpr size_t kStride = kSide + 2, kPlane = kStride * kStride;

/// The place of pixel (x, y) in a plane; one step beyond an edge is the border.
constexpr size_t At(size_t x, size_t y) { return (y + 1) * kStride + x + 1; }

using Image = std::array<float, kPlane>;  // 0 (paper) to 1 (ink)

struct Digit {
  Image image;
  int label;  // 0 to 9
};

struct ParsedDigits {
  std::vector<Digit> digits;
  std::string problem;  // a sentence on the first line that is not one; else empty
};

/// A line each: the label, a blank, 64 characters 0-9 and a-g for 0 to 16.
[[nodiscard]] ParsedDigits ParseDigits(std::string_view text);

inline constexpr size_t kTrainingDigits = 1500, kTestDigits = 297;

/// The first kTrainingDigits are learnt from, the rest are to test with.
struct Digits {
  std::vector<Digit> training, test;
};

/// Those compiled in. Ends the program with status 2 and a sentence when they are damaged.
[[nodiscard]] Digits LoadDigits();

}  // namespace example
