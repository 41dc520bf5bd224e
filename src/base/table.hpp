// Rows under headings, columns as wide as their content. In a window that is too small the flexible columns give way, so that a line never wraps; into a
// pipe or file everything is written in full. Builds a string; no thread, no I/O.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/terminal.hpp"

namespace flexai {

struct TableColumn {
  std::string heading;
  bool right = false;     // numbers
  bool flexible = false;  // may be cut when the window is too small
};

struct TableCell {
  std::string text;
  Style style = Style::kPlain;

  TableCell() = default;
  // NOLINTBEGIN(google-explicit-constructor): rows are written as lists of words
  TableCell(std::string text_in, Style style_in = Style::kPlain) : text(std::move(text_in)), style(style_in) {}
  TableCell(const char* text_in, Style style_in = Style::kPlain) : text(text_in), style(style_in) {}
  // NOLINTEND(google-explicit-constructor)
};

class Table {
 public:
  explicit Table(std::vector<TableColumn> columns) : columns_(std::move(columns)) {}

  /// Missing cells at the end are empty.
  void AddRow(std::vector<TableCell> cells) { rows_.push_back({std::move(cells), {}}); }
  /// A line of its own, cut to the window; `indent` columns before it.
  void AddNote(std::string text) { rows_.push_back({{}, std::move(text)}); }
  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }

  struct Layout {
    std::size_t width = 0;  // of the window; 0: no limit
    bool color = false;
  };
  [[nodiscard]] std::string Text(const Layout& layout) const;
  /// What the columns take when the flexible ones have given all they can: in a smaller window lines would wrap.
  [[nodiscard]] std::size_t NarrowestWidth() const;

 private:
  struct Row {
    std::vector<TableCell> cells;
    std::string note;  // instead of cells
  };
  [[nodiscard]] std::vector<std::size_t> Widths(std::size_t window) const;

  std::vector<TableColumn> columns_;
  std::vector<Row> rows_;
};

}  // namespace flexai
