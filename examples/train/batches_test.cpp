#include "train/batches.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace example {
namespace {

// Digits with one pixel of ink in the middle; the label is the only difference.
std::vector<Digit> Dots(int count) {
  std::vector<Digit> dots(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    dots[static_cast<size_t>(i)].image[At(4, 4)] = 1;
    dots[static_cast<size_t>(i)].label = i;
  }
  return dots;
}

std::multiset<int> LabelsOfAnEpoch(Batches& batches, std::vector<int>& order) {
  Batch batch;
  order.clear();
  for (size_t i = 0; i < batches.per_epoch(); ++i) {
    batches.Next(batch);
    order.insert(order.end(), batch.labels.begin(), batch.labels.end());
  }
  return {order.begin(), order.end()};
}

TEST(BatchesTest, MovesAnImageAndLosesWhatLeavesIt) {
  Image image{};
  image[At(0, 0)] = 1;
  image[At(7, 3)] = 2;

  const Image right = Moved(image, 1, 0), up = Moved(image, 0, -1);

  Image expected_right{}, expected_up{};
  expected_right[At(1, 0)] = 1;
  expected_up[At(7, 2)] = 2;
  EXPECT_EQ(right, expected_right);
  EXPECT_EQ(up, expected_up);
  EXPECT_EQ(Moved(image, 0, 0), image);
}

TEST(BatchesTest, ShowsEachImageOnceAnEpochInAnotherOrder) {
  const std::vector<Digit> dots = Dots(24);
  Batches batches(dots, 8, 1);
  std::vector<int> first, second;

  const std::multiset<int> labels = LabelsOfAnEpoch(batches, first);

  EXPECT_EQ(labels.size(), 24u);
  EXPECT_EQ(std::set<int>(first.begin(), first.end()).size(), 24u);
  EXPECT_EQ(LabelsOfAnEpoch(batches, second), labels);
  EXPECT_NE(first, second);
  EXPECT_FALSE(std::is_sorted(first.begin(), first.end()));
}

TEST(BatchesTest, LeavesARestThatFillsNoBatch) {
  const std::vector<Digit> dots = Dots(10);
  Batches batches(dots, 4, 1);
  std::vector<int> order;

  EXPECT_EQ(batches.per_epoch(), 2u);
  for (int epoch = 0; epoch < 3; ++epoch) {
    (void)LabelsOfAnEpoch(batches, order);
    EXPECT_EQ(std::set<int>(order.begin(), order.end()).size(), 8u) << "none twice";
  }
}

TEST(BatchesTest, MovesImagesToAllNinePlacesAndNoOther) {
  const std::vector<Digit> dots = Dots(300);
  Batches batches(dots, 300, 1);
  Batch batch;
  batches.Next(batch);

  std::set<size_t> places;
  for (const Image& image : batch.images) places.insert(static_cast<size_t>(std::max_element(image.begin(), image.end()) - image.begin()));

  std::set<size_t> expected;
  for (size_t y = 3; y <= 5; ++y)
    for (size_t x = 3; x <= 5; ++x) expected.insert(At(x, y));
  EXPECT_EQ(places, expected);
}

TEST(BatchesTest, AreTheSameForTheSameSeedAlone) {
  const std::vector<Digit> dots = Dots(24);
  Batches one(dots, 8, 1), same(dots, 8, 1), other(dots, 8, 2);
  Batch a, b, c;
  one.Next(a);
  same.Next(b);
  other.Next(c);

  EXPECT_EQ(a.labels, b.labels);
  EXPECT_EQ(a.images, b.images);
  EXPECT_NE(a.labels, c.labels);
}

}  // namespace
}  // namespace example
