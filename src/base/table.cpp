#include "base/table.hpp"

#include <algorithm>
#include <numeric>

namespace flexai {
namespace {

constexpr std::size_t kGap = 2;       // spaces between columns
constexpr std::size_t kSmallest = 6;  // a flexible column is never cut below this

std::size_t TotalOf(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), (widths.empty() ? 0 : widths.size() - 1) * kGap);
}

}  // namespace

std::vector<std::size_t> Table::Widths(std::size_t window) const {
  std::vector<std::size_t> widths;
  for (const TableColumn& column : columns_) widths.push_back(DisplayWidth(column.heading));
  for (const Row& row : rows_)
    for (std::size_t i = 0; i < row.cells.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], DisplayWidth(row.cells[i].text));
  if (window == 0) return widths;

  while (TotalOf(widths) > window) {
    // The widest flexible column gives one.
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i)
      if (columns_[i].flexible && widths[i] > kSmallest && (widest == widths.size() || widths[i] > widths[widest])) widest = i;
    if (widest == widths.size()) break;
    --widths[widest];
  }
  return widths;
}

std::size_t Table::NarrowestWidth() const { return TotalOf(Widths(1)); }

std::string Table::Text(const Layout& layout) const {
  const std::vector<std::size_t> widths = Widths(layout.width);
  std::string out;
  const auto append_row = [&](auto cell_of) {
    std::string line;
    std::size_t padding = 0;  // written only when something follows: no spaces at the end of a line
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const TableCell cell = cell_of(i);
      const std::string text = Fitted(cell.text, widths[i]);
      const std::size_t missing = widths[i] - std::min(widths[i], DisplayWidth(text));
      if (columns_[i].right) padding += missing;
      if (!text.empty()) {
        line.append(padding, ' ');
        line += Styled(text, cell.style, layout.color);
        padding = 0;
      }
      if (!columns_[i].right) padding += missing;
      padding += kGap;
    }
    out += line + "\n";
  };
  append_row([&](std::size_t i) { return TableCell(columns_[i].heading, Style::kBold); });
  for (const Row& row : rows_) {
    if (row.cells.empty()) {
      out += Styled(layout.width == 0 ? row.note : Fitted(row.note, layout.width), Style::kDim, layout.color) + "\n";
      continue;
    }
    append_row([&](std::size_t i) { return i < row.cells.size() ? row.cells[i] : TableCell(); });
  }
  return out;
}

}  // namespace flexai
