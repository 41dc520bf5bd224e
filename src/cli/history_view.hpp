// What became of slices: those that run and those that ended, each with the device time it asked for, used, and left idle although it was guaranteed.
// Pure: every number that is shown comes in with the inventory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/document.hpp"
#include "cli/inventory.hpp"
#include "cli/smi_view.hpp"

namespace flexai::cli {

/// In the order they began; `names` empty: all. Empty text when there are none.
[[nodiscard]] std::string HistoryText(const Inventory& inventory, const SmiOptions& options, const std::vector<std::string>& names);
/// The form described in docs/smi.md.
[[nodiscard]] Document HistoryDocument(const Inventory& inventory, const std::vector<std::string>& names);

/// Whether a slice of this name runs, or ran and can still be told of.
[[nodiscard]] bool IsRemembered(const Inventory& inventory, std::string_view name);

}  // namespace flexai::cli
