// Numbers that look random and are the same on every machine: what std::shuffle and the distributions of <random> do not promise.
#pragma once

#include <cstddef>
#include <cstdint>

namespace example {

class Noise {
 public:
  explicit Noise(std::uint32_t seed) : state_(seed) {}

  /// From -1 up to, not including, 1.
  float Next() { return static_cast<float>(Bits()) / 8388608.0f - 1.0f; }

  /// From 0 up to, not including, `count`, which is far below 2^24.
  size_t Below(size_t count) { return static_cast<size_t>((std::uint64_t{Bits()} * count) >> 24); }

 private:
  std::uint32_t Bits() {
    state_ = state_ * 1664525u + 1013904223u;
    return state_ >> 8;
  }

  std::uint32_t state_;
};

}  // namespace example
