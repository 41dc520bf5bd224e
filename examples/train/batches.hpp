// What a data loader does: the training images in another order each epoch, in batches, each image moved by up to one pixel so that the network
// does not learn places by heart. One thread.
#pragma once

#include <span>
#include <vector>

#include "common/noise.hpp"
#include "digits/digits.hpp"

namespace example {

struct Batch {
  std::vector<Image> images;
  std::vector<int> labels;
};

/// `image` moved by (dx, dy), each -1, 0 or 1; what leaves it is lost.
[[nodiscard]] Image Moved(const Image& image, int dx, int dy);

class Batches {
 public:
  /// Of `size` of `digits`, which must outlive this and be at least as many.
  Batches(std::span<const Digit> digits, size_t size, std::uint32_t seed);

  /// Full batches in an epoch; a rest that fills none is left for another epoch's order.
  [[nodiscard]] size_t per_epoch() const { return digits_.size() / size_; }

  /// The next batch. After the last of an epoch the next epoch's first.
  void Next(Batch& batch);

 private:
  void Shuffle();

  std::span<const Digit> digits_;
  size_t size_, next_;
  Noise noise_;
  std::vector<size_t> order_;
};

}  // namespace example
