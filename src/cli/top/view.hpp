// The picture of `flexai top`, as lines: for a window, which they fit, or in full for a pipe or a file. Pure; main thread.
#pragma once

#include <string>
#include <vector>

#include "base/document.hpp"
#include "cli/top/screen.hpp"
#include "cli/top/state.hpp"

namespace flexai::cli {

struct TopLook {
  bool utf8 = false;  // bars of blocks; else ASCII and nothing but
  bool color = false;
};

/// At most `size.lines` lines of at most `size.columns` columns. A window too small for a picture gets the sentence that says so.
[[nodiscard]] std::vector<std::string> TopLines(const TopState& state, Screen::Size size, const TopLook& look);

/// A frame in full, without a selection and without keys; ends with a line break.
[[nodiscard]] std::string TopText(const TopFrame& frame, const TopLook& look);

/// The form of `flexai smi`, with the time: docs/top.md.
[[nodiscard]] Document TopDocument(const Inventory& inventory, const Baseline& before, std::int64_t unix_s);

}  // namespace flexai::cli
