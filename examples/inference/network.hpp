// A small convolution network for 8x8 grey images: its shape, its parameters, and what it computes, on the CPU. The device's kernels compute the same.
//
//   image 8x8 -> conv 3x3, 16 channels, relu -> conv 3x3, 32 channels, relu -> dense, 10 classes
//
// Used by the inference example; a program that trains the network fills the same Parameters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace example {

inline constexpr size_t kSide = 8, kPixels = kSide * kSide, kFirst = 16, kSecond = 32, kClasses = 10, kTaps = 9;

struct Parameters {
  std::vector<float> first;   // [kFirst][kTaps]
  std::vector<float> second;  // [kSecond][kFirst][kTaps]
  std::vector<float> dense;   // [kClasses][kSecond * kPixels]
};

using Image = std::array<float, kPixels>;
using Scores = std::array<float, kClasses>;

/// Parameters that were not trained, the same at every call.
[[nodiscard]] Parameters UntrainedParameters();

/// Image number `index` of an endless series, the same at every call.
[[nodiscard]] Image SyntheticImage(std::uint32_t index);

[[nodiscard]] Scores Classify(const Parameters& parameters, const Image& image);

}  // namespace example
