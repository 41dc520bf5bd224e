// Figures as SVG: one self-contained element each, readable in print, without colour and without scripts. Pure.
#pragma once

#include <string>
#include <string_view>

#include "cli/demo/figure.hpp"

namespace flexai::cli {

/// `text` for HTML, XML and attribute values. Control characters become blanks: names of devices come from drivers.
[[nodiscard]] std::string EscapeMarkup(std::string_view text);

[[nodiscard]] std::string DrawSvg(const Figure& figure);

}  // namespace flexai::cli
