// The name of one XPU: `pocl-0`, `intel-0`, `nvidia-<uuid>`. A fixed buffer, so that it can live in shared memory and in applications.
// Lower-case letters, digits, '-', '.', '_'; 1 to 63 bytes; it is a file name in the runtime directory.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace flexai {

class XpuId {
 public:
  static constexpr std::size_t kMaxLength = 63;

  constexpr XpuId() = default;

  /// The id spelled by `text`, or nothing when a character or the length is not allowed.
  [[nodiscard]] static constexpr std::optional<XpuId> Parse(std::string_view text) noexcept {
    if (text.empty() || text.size() > kMaxLength || text.front() == '.' || text.front() == '-') return std::nullopt;
    XpuId id;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
      if (!allowed) return std::nullopt;
      id.text_[i] = c;
    }
    return id;
  }

  [[nodiscard]] constexpr std::string_view view() const noexcept { return {text_.data()}; }
  [[nodiscard]] constexpr const char* c_str() const noexcept { return text_.data(); }
  [[nodiscard]] constexpr bool empty() const noexcept { return text_[0] == '\0'; }

  friend constexpr bool operator==(const XpuId& a, const XpuId& b) noexcept { return a.view() == b.view(); }
  friend constexpr auto operator<=>(const XpuId& a, const XpuId& b) noexcept { return a.view() <=> b.view(); }

 private:
  std::array<char, kMaxLength + 1> text_{};
};

}  // namespace flexai
