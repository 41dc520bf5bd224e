#include "inference/network.hpp"

#include <algorithm>
#include <cmath>

namespace example {
namespace {

float Noise(std::uint32_t& state) {
  state = state * 1664525u + 1013904223u;
  return static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
}

std::vector<float> NoiseVector(size_t count, float scale, std::uint32_t seed) {
  std::vector<float> values(count);
  for (float& value : values) value = Noise(seed) * scale;
  return values;
}

// One output pixel of a 3x3 convolution over `channels` planes, zero outside the image.
float Convolve(std::span<const float> planes, std::span<const float> weights, size_t channels, int x, int y) {
  float sum = 0;
  for (size_t channel = 0; channel < channels; ++channel) {
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        const int px = x + dx, py = y + dy;
        if (px < 0 || py < 0 || px >= static_cast<int>(kSide) || py >= static_cast<int>(kSide)) continue;
        sum += planes[channel * kPixels + static_cast<size_t>(py) * kSide + static_cast<size_t>(px)] *
               weights[channel * kTaps + static_cast<size_t>((dy + 1) * 3 + dx + 1)];
      }
    }
  }
  return std::max(sum, 0.0f);
}

std::vector<float> Layer(std::span<const float> planes, std::span<const float> weights, size_t in, size_t out) {
  std::vector<float> result(out * kPixels);
  for (size_t channel = 0; channel < out; ++channel)
    for (size_t pixel = 0; pixel < kPixels; ++pixel)
      result[channel * kPixels + pixel] = Convolve(planes, weights.subspan(channel * in * kTaps, in * kTaps), in,
                                                   static_cast<int>(pixel % kSide), static_cast<int>(pixel / kSide));
  return result;
}

}  // namespace

Parameters UntrainedParameters() {
  // Scaled so that activations neither die out nor grow from layer to layer (He et al. 2015).
  return {.first = NoiseVector(kFirst * kTaps, std::sqrt(6.0f / kTaps), 1),
          .second = NoiseVector(kSecond * kFirst * kTaps, std::sqrt(6.0f / (kFirst * kTaps)), 2),
          .dense = NoiseVector(kClasses * kSecond * kPixels, std::sqrt(3.0f / (kSecond * kPixels)), 3)};
}

Image SyntheticImage(std::uint32_t index) {
  Image image;
  std::uint32_t state = index * 2654435761u + 1;
  for (float& pixel : image) pixel = Noise(state) * 0.5f + 0.5f;
  return image;
}

Scores Classify(const Parameters& parameters, const Image& image) {
  const std::vector<float> first = Layer(image, parameters.first, 1, kFirst);
  const std::vector<float> second = Layer(first, parameters.second, kFirst, kSecond);
  Scores scores{};
  for (size_t k = 0; k < kClasses; ++k)
    for (size_t i = 0; i < second.size(); ++i) scores[k] += second[i] * parameters.dense[k * second.size() + i];
  return scores;
}

}  // namespace example
