// "Did you mean …": the nearest of a few known words. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace flexai::cli {

/// How many letters to insert, remove, replace or swap with their neighbour to get from `a` to `b` (Damerau–Levenshtein, neighbours only).
[[nodiscard]] std::size_t EditDistance(std::string_view a, std::string_view b);

/// The known word that `word` is most likely a slip of, or nothing when none is near. The first of equals.
[[nodiscard]] std::optional<std::string> Nearest(std::string_view word, std::span<const std::string> known);

}  // namespace flexai::cli
