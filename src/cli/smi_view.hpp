// The inventory as people and programs read it. Pure: every number that is shown comes in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/document.hpp"
#include "base/table.hpp"
#include "cli/inventory.hpp"

namespace flexai::cli {

/// What was measured: snapshots of the regions at the beginning of the interval, by XPU. Empty: nothing to compare with, shares are since each slice began.
using Baseline = std::vector<RegionSnapshot>;

struct SmiOptions {
  bool wide = false;
  Table::Layout layout;
};

/// The XPUs, the slices, and what is wrong, for a terminal.
[[nodiscard]] std::string SmiText(const Inventory& inventory, const Baseline& before, const SmiOptions& options);

/// The slices alone; `names` empty: all. Empty text when there are none.
[[nodiscard]] std::string SlicesText(const Inventory& inventory, const Baseline& before, const SmiOptions& options,
                                     const std::vector<std::string>& names);

/// The form described in docs/smi.md.
[[nodiscard]] Document SmiDocument(const Inventory& inventory, const Baseline& before);
[[nodiscard]] Document SlicesDocument(const Inventory& inventory, const Baseline& before, const std::vector<std::string>& names);

/// A sentence for every driver that is broken.
[[nodiscard]] std::vector<std::string> DriverWarnings(const Inventory& inventory);
/// A sentence for every user who has slices of this XPU that are not counted here.
[[nodiscard]] std::vector<std::string> OtherUserWarnings(const XpuEntry& entry);
/// All of them, and what is wrong with the runtime directory and with regions.
[[nodiscard]] std::vector<std::string> Warnings(const Inventory& inventory);

/// What to do on a machine without any XPU.
[[nodiscard]] std::string NothingHere(const Inventory& inventory);

/// What `slice` used over the interval that began with `before`; nothing where no time passed.
[[nodiscard]] std::optional<MeasuredShare> MeasureIn(const Baseline& before, const RegionSnapshot& region, const SliceSnapshot& slice);

// Cells of a row about a slice. `29.6`: permille as percent, always with a decimal.
[[nodiscard]] std::string PermilleText(std::uint32_t permille);
/// `100 python3, 104 python3`, without the keeper; `-` when there are none.
[[nodiscard]] std::string ProcessesText(const SliceSnapshot& slice);
/// `1Gi of 4Gi`, or `1Gi` where nothing is reserved.
[[nodiscard]] std::string MemoryText(const SliceSnapshot& slice);

/// "driver stamps", "host marks" or "unknown yet".
[[nodiscard]] std::string_view StampsName(std::uint32_t stamps) noexcept;

}  // namespace flexai::cli
