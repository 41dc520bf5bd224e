#include "train/batches.hpp"

#include <numeric>
#include <utility>

namespace example {

Image Moved(const Image& image, int dx, int dy) {
  Image moved{};
  for (int y = 0; y < static_cast<int>(kSide); ++y)
    for (int x = 0; x < static_cast<int>(kSide); ++x)
      moved[At(static_cast<size_t>(x), static_cast<size_t>(y))] = image[At(static_cast<size_t>(x - dx), static_cast<size_t>(y - dy))];
  return moved;
}

Batches::Batches(std::span<const Digit> digits, size_t size, std::uint32_t seed)
    : digits_(digits), size_(size), next_(digits.size()), noise_(seed), order_(digits.size()) {
  std::iota(order_.begin(), order_.end(), size_t{0});
}

void Batches::Shuffle() {
  for (size_t i = order_.size() - 1; i > 0; --i) std::swap(order_[i], order_[noise_.Below(i + 1)]);
  next_ = 0;
}

void Batches::Next(Batch& batch) {
  if (next_ + size_ > order_.size()) Shuffle();
  batch.images.clear();
  batch.labels.clear();
  for (size_t i = 0; i < size_; ++i) {
    const Digit& digit = digits_[order_[next_++]];
    const int dx = static_cast<int>(noise_.Below(3)) - 1, dy = static_cast<int>(noise_.Below(3)) - 1;
    batch.images.push_back(Moved(digit.image, dx, dy));
    batch.labels.push_back(digit.label);
  }
}

}  // namespace example
