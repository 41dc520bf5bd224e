// The time of one XPU as a bar: who used it, who lent it, what is left. Readable without colour: a slice's part begins with its letter, and each kind of
// part has a sign of its own. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace flexai::cli {

struct BarShare {
  char letter = '\0';  // none: the part has no letter
  std::uint32_t request_permille = 0;
  std::optional<std::uint32_t> used_permille;
};

/// The signs: one column each.
struct BarSigns {
  const char* used;      // within the guarantee
  const char* borrowed;  // beyond it
  const char* idle;      // guaranteed, and used by nobody
  const char* free;      // guaranteed to nobody, and used by nobody
  const char* unknown;   // guaranteed; how much is used is unknown
};
inline constexpr BarSigns kUtf8Signs{"█", "▚", "░", "·", "?"};
inline constexpr BarSigns kAsciiSigns{"#", "+", "-", ".", "?"};

struct BarLook {
  std::size_t width = 0;
  const BarSigns* signs = &kAsciiSigns;
  bool color = false;
};

/// `width` columns for the whole XPU. A guarantee that is idle is shown as far as nobody else uses it; uses that add up to more than the XPU (overlap) are
/// shown in proportion.
[[nodiscard]] std::string ShareBar(std::span<const BarShare> shares, const BarLook& look);

}  // namespace flexai::cli
