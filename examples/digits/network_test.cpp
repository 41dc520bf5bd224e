#include "digits/network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace example {
namespace {

constexpr size_t kImages = 3;

struct Sample {
  std::vector<Image> images;
  std::vector<int> labels;
};

Sample FewDigits() {
  Sample sample;
  const Digits digits = LoadDigits();
  for (size_t i = 0; i < kImages; ++i) {
    sample.images.push_back(digits.training[i].image);
    sample.labels.push_back(digits.training[i].label);
  }
  return sample;
}

TEST(NetworkTest, PassesAnImageThroughAKernelThatCopies) {
  Parameters parameters(kParameters);
  parameters[kFirstAt + 4] = 1;                            // the middle of the first kernel: channel 0 is the image
  parameters[kSecondAt + 3] = 1;                           // the left neighbour: moved to the right by one
  parameters[kDenseAt + 6 * kSecond * kPixels + 9] = 0.5;  // class 6 looks at pixel (1, 1)
  Image image{};
  image[At(0, 1)] = 0.75;

  const Scores scores = Classify(parameters, image);

  EXPECT_EQ(scores[6], 0.375f);
  EXPECT_EQ(std::count(scores.begin(), scores.end(), 0.0f), 9);
  EXPECT_EQ(Best(scores), 6);
}

TEST(NetworkTest, TakesTheBorderOfAnImageForEmpty) {
  Parameters parameters(kParameters);
  std::fill_n(parameters.begin() + kFirstAt, kTaps, 1.0f);
  parameters[kSecondAt + 4] = 1;
  parameters[kDenseAt] = 1;  // class 0 looks at pixel (0, 0), whose neighbours are four with itself
  Image image{};
  for (size_t i = 0; i < kPixels; ++i) image[At(i % kSide, i / kSide)] = 1;

  EXPECT_EQ(Classify(parameters, image)[0], 4.0f);
}

TEST(NetworkTest, GivesTheGradientThatSmallStepsShow) {
  const Sample sample = FewDigits();
  const Parameters parameters = UntrainedParameters(5);
  const Gradient gradient = ComputeGradient(parameters, sample.images, sample.labels);
  const auto loss_with = [&](size_t place, float step) {
    Parameters moved = parameters;
    moved[place] += step;
    return ComputeGradient(moved, sample.images, sample.labels).loss;
  };

  double largest = 0;
  for (const float value : gradient.values) largest = std::max(largest, std::fabs(static_cast<double>(value)));
  // Steps in each layer; a prime apart, so that every tap, channel and class has its turn.
  size_t felt = 0;
  for (const auto& [begin, end, apart] :
       {std::array{kFirstAt, kSecondAt, size_t{11}}, {kSecondAt, kDenseAt, 421}, {kDenseAt, kParameters, 1511}}) {
    for (size_t place = begin; place < end; place += apart) {
      constexpr float kStep = 1.0f / 4096;
      const double seen = (loss_with(place, kStep) - loss_with(place, -kStep)) / static_cast<double>(2 * kStep);
      EXPECT_NEAR(static_cast<double>(gradient.values[place]), seen, 1e-3 * largest) << place;
      felt += std::fabs(seen) > 1e-2 * largest ? 1 : 0;
    }
  }
  EXPECT_GT(felt, 10u) << "or else nothing was compared but zeros";
}

TEST(NetworkTest, LearnsAFewImagesByHeart) {
  const Sample sample = FewDigits();
  Parameters parameters = UntrainedParameters(5);
  const double before = ComputeGradient(parameters, sample.images, sample.labels).loss;

  for (int step = 0; step < 20; ++step) {
    const Gradient gradient = ComputeGradient(parameters, sample.images, sample.labels);
    for (size_t i = 0; i < kParameters; ++i) parameters[i] -= 0.05f * gradient.values[i];
  }

  EXPECT_LT(ComputeGradient(parameters, sample.images, sample.labels).loss, before / 4);
  for (size_t i = 0; i < kImages; ++i) EXPECT_EQ(Best(Classify(parameters, sample.images[i])), sample.labels[i]);
}

TEST(NetworkTest, BeginsTheSameForTheSameSeedAlone) {
  EXPECT_EQ(UntrainedParameters(3), UntrainedParameters(3));
  EXPECT_GT(RelativeError(UntrainedParameters(3), UntrainedParameters(4)), 0.5);
}

}  // namespace
}  // namespace example
