#include "digits/network.hpp"

#include <algorithm>
#include <cmath>

#include "common/noise.hpp"

namespace example {
namespace {

using Planes = std::vector<double>;

constexpr size_t TapOffset(size_t tap) { return tap / 3 * kStride + tap % 3; }  // from the corner of a plane: (-1, -1) is tap 0

// The parts of the network between which gradients flow, for one image.
struct Pass {
  Planes image, first, second;
  std::array<double, kClasses> scores{};
};

// Relu of the 3x3 convolution of `in` planes with weights [out][in][kTaps].
Planes Convolve(const Planes& planes, std::span<const float> weights, size_t in, size_t out) {
  Planes result(out * kPlane);
  for (size_t o = 0; o < out; ++o) {
    double* const to = &result[o * kPlane];
    for (size_t i = 0; i < in; ++i) {
      for (size_t tap = 0; tap < kTaps; ++tap) {
        const auto weight = static_cast<double>(weights[(o * in + i) * kTaps + tap]);
        const double* const from = &planes[i * kPlane + TapOffset(tap)];
        for (size_t y = 0; y < kSide; ++y)
          for (size_t x = 0; x < kSide; ++x) to[At(x, y)] += weight * from[y * kStride + x];
      }
    }
  }
  for (double& value : result) value = std::max(value, 0.0);
  return result;
}

// From the gradient of a convolution's result to those of its weights (added to `gradient`) and of what went in (returned, past the relu that made it).
Planes ConvolveBack(const Planes& planes, std::span<const float> weights, const Planes& delta, std::span<double> gradient, size_t in,
                    size_t out) {
  Planes result(in * kPlane);
  for (size_t o = 0; o < out; ++o) {
    const double* const back = &delta[o * kPlane];
    for (size_t i = 0; i < in; ++i) {
      for (size_t tap = 0; tap < kTaps; ++tap) {
        const auto weight = static_cast<double>(weights[(o * in + i) * kTaps + tap]);
        const double* const from = &planes[i * kPlane + TapOffset(tap)];
        double* const to = &result[i * kPlane + TapOffset(tap)];
        double sum = 0;
        for (size_t y = 0; y < kSide; ++y) {
          for (size_t x = 0; x < kSide; ++x) {
            sum += back[At(x, y)] * from[y * kStride + x];
            to[y * kStride + x] += weight * back[At(x, y)];
          }
        }
        gradient[(o * in + i) * kTaps + tap] += sum;
      }
    }
  }
  // What flowed into the border goes no further: nothing is there.
  for (size_t i = 0; i < result.size(); ++i)
    if (!(planes[i] > 0)) result[i] = 0;
  return result;
}

Pass Forward(std::span<const float> parameters, const Image& image) {
  Pass pass;
  pass.image.assign(image.begin(), image.end());
  pass.first = Convolve(pass.image, parameters.subspan(kFirstAt), 1, kFirst);
  pass.second = Convolve(pass.first, parameters.subspan(kSecondAt), kFirst, kSecond);
  const float* weight = &parameters[kDenseAt];
  for (double& score : pass.scores)
    for (size_t channel = 0; channel < kSecond; ++channel)
      for (size_t i = 0; i < kPixels; ++i)
        score += static_cast<double>(*weight++) * pass.second[channel * kPlane + At(i % kSide, i / kSide)];
  return pass;
}

}  // namespace

Parameters UntrainedParameters(std::uint32_t seed) {
  // Scaled so that activations neither die out nor grow from layer to layer (He et al. 2015).
  Noise noise(seed);
  Parameters parameters(kParameters);
  for (size_t i = 0; i < kParameters; ++i) {
    const float scale = i < kSecondAt  ? std::sqrt(6.0f / kTaps)
                        : i < kDenseAt ? std::sqrt(6.0f / (kFirst * kTaps))
                                       : std::sqrt(3.0f / (kSecond * kPixels));
    parameters[i] = noise.Next() * scale;
  }
  return parameters;
}

Scores Classify(std::span<const float> parameters, const Image& image) {
  const Pass pass = Forward(parameters, image);
  Scores scores;
  std::transform(pass.scores.begin(), pass.scores.end(), scores.begin(), [](double score) { return static_cast<float>(score); });
  return scores;
}

int Best(const Scores& scores) { return static_cast<int>(std::max_element(scores.begin(), scores.end()) - scores.begin()); }

Gradient ComputeGradient(std::span<const float> parameters, std::span<const Image> images, std::span<const int> labels) {
  std::vector<double> sums(kParameters);
  const std::span<double> gradient(sums);
  double loss = 0;
  for (size_t n = 0; n < images.size(); ++n) {
    const Pass pass = Forward(parameters, images[n]);
    // Softmax and cross-entropy: the gradient of a score is its probability, less one for the right class.
    const double highest = *std::max_element(pass.scores.begin(), pass.scores.end());
    double sum = 0;
    for (const double score : pass.scores) sum += std::exp(score - highest);
    loss += std::log(sum) + highest - pass.scores[static_cast<size_t>(labels[n])];
    Planes second(kSecond * kPlane);
    for (size_t k = 0; k < kClasses; ++k) {
      const double delta = std::exp(pass.scores[k] - highest) / sum - (static_cast<int>(k) == labels[n] ? 1.0 : 0.0);
      for (size_t i = 0; i < kSecond * kPixels; ++i) {
        const size_t place = i / kPixels * kPlane + At(i % kSide, i % kPixels / kSide);
        const size_t weight = kDenseAt + k * kSecond * kPixels + i;
        gradient[weight] += delta * pass.second[place];
        if (pass.second[place] > 0) second[place] += delta * static_cast<double>(parameters[weight]);
      }
    }
    const Planes first = ConvolveBack(pass.first, parameters.subspan(kSecondAt), second, gradient.subspan(kSecondAt), kFirst, kSecond);
    (void)ConvolveBack(pass.image, parameters.subspan(kFirstAt), first, gradient.subspan(kFirstAt), 1, kFirst);
  }
  const auto count = static_cast<double>(images.size());
  Gradient mean{.values = Parameters(kParameters), .loss = loss / count};
  std::transform(sums.begin(), sums.end(), mean.values.begin(), [count](double value) { return static_cast<float>(value / count); });
  return mean;
}

double RelativeError(std::span<const float> a, std::span<const float> b) {
  double difference = 0, length = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    const auto x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    difference += (x - y) * (x - y);
    length += y * y;
  }
  return std::sqrt(difference / length);
}

}  // namespace example
