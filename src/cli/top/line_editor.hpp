// One line being typed: characters, the cursor, and what ends it. Pure; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "cli/top/key_decoder.hpp"

namespace flexai::cli {

class LineEditor {
 public:
  static constexpr std::size_t kLongest = 32;  // an amount is far shorter; what is beyond is not taken

  enum class Outcome : std::uint8_t { kGoesOn, kDone, kCancelled };
  Outcome Take(const Key& key);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] std::size_t cursor() const noexcept { return cursor_; }  // 0 to text().size()

 private:
  std::string text_;
  std::size_t cursor_ = 0;
};

}  // namespace flexai::cli
