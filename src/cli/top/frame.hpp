// What `flexai top` shows, as it was at one moment: the XPUs, their shares, what each used. Plain values made from the inventory, so that a frozen picture
// stays while the machine goes on. Main thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/inventory.hpp"
#include "cli/smi_view.hpp"

namespace flexai::cli {

struct TopShare {
  SliceSnapshot slice;
  std::string owner;
  std::optional<MeasuredShare> measured;

  /// The slice in bars and rows: the same as long as it lives, since it comes from its slot; from the 63rd slot on letters come again.
  [[nodiscard]] char letter() const noexcept;
  /// Permille beyond the cap (above 0) or short of the guarantee (below); nothing when it is unknown, or when the slice asked for no time.
  [[nodiscard]] std::optional<std::int64_t> error_permille() const noexcept;
};

struct TopXpu {
  std::string id, kind, model;
  std::optional<std::uint64_t> memory_bytes, free_memory_bytes;
  std::optional<std::uint32_t> free_permille;  // nothing: the region cannot be read
  std::string trouble;                         // a sentence, then
  std::vector<TopShare> shares;

  /// Of all shares; nothing when that of one is unknown.
  [[nodiscard]] std::optional<std::uint64_t> used_permille() const noexcept;
};

struct TopFrame {
  std::string clock;  // "14:03:22"
  std::vector<TopXpu> xpus;
  std::string nothing_here;           // what to do, when there is no XPU
  std::vector<std::string> warnings;  // but for regions, which say it in their place

  /// A slice with shares of several XPUs counts once.
  [[nodiscard]] std::size_t slice_count() const;
};

enum class TopSort : std::uint8_t { kName, kMeasured, kMemory, kAsked, kOwner };
inline constexpr int kTopSorts = 5;
[[nodiscard]] std::string_view TopSortName(TopSort sort) noexcept;

/// `clock`: the time of day in words.
[[nodiscard]] TopFrame MakeTopFrame(const Inventory& inventory, const Baseline& before, std::string clock);

/// Orders the shares of each XPU: by name and owner from the first letter on, by numbers from the largest on; equals stay as they began.
void SortShares(TopFrame& frame, TopSort sort);

}  // namespace flexai::cli
