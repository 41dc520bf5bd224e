// A small convolution network for 8x8 grey images: its shape, its parameters, and what it computes and how it learns, on the CPU and in double
// precision. The device's kernels (device_network.hpp, train/trainer.hpp) compute the same and are compared with this.
//
//   image 8x8 -> conv 3x3, 16 channels, relu -> conv 3x3, 32 channels, relu -> dense, 10 classes
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "digits/digits.hpp"

namespace example {

inline constexpr size_t kFirst = 16, kSecond = 32, kTaps = 9;

// All parameters lie one behind the other, so that one buffer of a device holds them:
//   [kFirst][kTaps] | [kSecond][kFirst][kTaps] | [kClasses][kSecond][kPixels]
inline constexpr size_t kFirstAt = 0, kSecondAt = kFirstAt + kFirst * kTaps, kDenseAt = kSecondAt + kSecond * kFirst * kTaps,
                        kParameters = kDenseAt + kClasses * kSecond * kPixels;

using Parameters = std::vector<float>;  // kParameters of them
using Scores = std::array<float, kClasses>;

/// Parameters to begin training with, the same for the same seed.
[[nodiscard]] Parameters UntrainedParameters(std::uint32_t seed);

[[nodiscard]] Scores Classify(std::span<const float> parameters, const Image& image);

/// The class with the highest score, the first of several.
[[nodiscard]] int Best(const Scores& scores);

struct Gradient {
  Parameters values;  // by how much the mean loss grows with each parameter
  double loss = 0;    // mean cross-entropy
};
/// Of the images with their labels.
[[nodiscard]] Gradient ComputeGradient(std::span<const float> parameters, std::span<const Image> images, std::span<const int> labels);

/// |a - b| / |b|, the lengths of vectors.
[[nodiscard]] double RelativeError(std::span<const float> a, std::span<const float> b);

}  // namespace example
