// A set of unset user events, as bits: what a command, a queue or a barrier waits for. Each unset user event of the process has a bit; beyond 256 of them
// bits are shared, and then a command counts as waiting until all events of its bit are set. Plain data.
#pragma once

#include <cstdint>

namespace flexai::opencl {

class UserEventSet {
 public:
  static constexpr std::uint32_t kBits = 256;

  constexpr void Add(std::uint32_t bit) noexcept { words_[bit / 64 % kWords] |= 1ULL << bit % 64; }
  constexpr void Remove(std::uint32_t bit) noexcept { words_[bit / 64 % kWords] &= ~(1ULL << bit % 64); }
  [[nodiscard]] constexpr bool Has(std::uint32_t bit) const noexcept { return (words_[bit / 64 % kWords] >> bit % 64 & 1) != 0; }
  constexpr void Add(const UserEventSet& other) noexcept {
    for (std::uint32_t i = 0; i < kWords; ++i) words_[i] |= other.words_[i];
  }
  [[nodiscard]] constexpr bool empty() const noexcept {
    std::uint64_t any = 0;
    for (const std::uint64_t word : words_) any |= word;
    return any == 0;
  }
  /// Whether nothing is left once `bit` is taken away.
  [[nodiscard]] constexpr bool IsOnly(std::uint32_t bit) const noexcept {
    UserEventSet rest = *this;
    rest.Remove(bit);
    return Has(bit) && rest.empty();
  }

 private:
  static constexpr std::uint32_t kWords = kBits / 64;
  std::uint64_t words_[kWords] = {};
};

}  // namespace flexai::opencl
