#include "cli/top/view.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "base/table.hpp"
#include "cli/top/share_bar.hpp"
#include "cli/values.hpp"

namespace flexai::cli {
namespace {

constexpr const char* kUnknown = "-";
constexpr std::size_t kSmallBar = 10, kTextBar = 60;
constexpr Screen::Size kSmallest{.columns = 40, .lines = 8};
constexpr std::size_t kMessageLines = 5;
constexpr std::string_view kKeys = "q quit  ? help  j k select  + - cores  c cores  m memory  p priority  s sort  f freeze  d interval";

constexpr std::array<std::string_view, 15> kHelp{"Keys",
                                                 "  j k, arrows       select a slice",
                                                 "  + -               5 percent more or less of its XPU, guaranteed",
                                                 "  c                 type its cores: 30, or 30:100",
                                                 "  m                 type its memory: 4Gi",
                                                 "  p                 its priority: low, normal, high",
                                                 "  s                 sort by name, measured, memory, asked, owner",
                                                 "  f, space          freeze the picture, or go on",
                                                 "  d                 type the seconds between looks",
                                                 "  q, Ctrl-C         quit",
                                                 "",
                                                 "MEASURED is device time since the last look; *: since the slice began. ERROR is",
                                                 "how far it is above the cap (+) or below the guarantee (-), in percent of the",
                                                 "XPU. OVERLAP is time beside other slices, WAITS time of threads at the gate.",
                                                 "A dash is a value that nobody knows."};

const BarSigns& SignsOf(const TopLook& look) { return look.utf8 ? kUtf8Signs : kAsciiSigns; }

// One column for each character that is more than ASCII, so widths stay.
std::string AsciiOnly(const std::string& line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto byte = static_cast<unsigned char>(line[i]);
    if (byte < 0x80)
      out += line[i];
    else if ((byte & 0xc0) != 0x80)
      out += line.compare(i, 3, "…") == 0 ? '~' : line.compare(i, 3, "→") == 0 ? '>' : '?';
  }
  return out;
}

std::string Count(std::size_t count, const char* noun) { return std::to_string(count) + " " + noun + (count == 1 ? "" : "s"); }

std::string Seconds(Nanos interval) {
  const auto tenths = static_cast<std::uint32_t>(interval / (100 * kMillisecond));
  return ShowPercent(tenths) + " s";
}

// Cells of one share. A column is left out as a whole, so the heading and the cell stand together.
struct Column {
  TableColumn column;
  std::function<TableCell(const TopShare&)> cell;
};

TableCell PartOf(const TopShare& share, std::uint32_t MeasuredShare::* part) {
  return {share.measured ? PermilleText((*share.measured).*part) + "%" : std::string(kUnknown)};
}

TableCell MeasuredCell(const TopShare& share) {
  TableCell cell = PartOf(share, &MeasuredShare::permille);
  if (share.measured && share.measured->since_begin) cell.text += "*";
  return cell;
}

TableCell ErrorCell(const TopShare& share) {
  constexpr std::int64_t kNotice = 50;  // permille
  const auto error = share.error_permille();
  if (!share.measured) return {kUnknown};
  if (!error) return {"idle", Style::kDim};
  const std::string text = PermilleText(static_cast<std::uint32_t>(std::abs(*error)));
  // Short of the guarantee counts only when threads had to wait: who does not ask gets less.
  const bool notable = *error > kNotice || (*error < -kNotice && share.measured->wait_permille != 0);
  return {*error == 0 ? text : (*error > 0 ? "+" : "-") + text, notable ? Style::kWarning : Style::kPlain};
}

// In the order of columns; `worth` says which goes first where the window is narrow: the one that is worth least.
struct RankedColumn {
  Column column;
  int worth;
};
std::vector<RankedColumn> AllColumns(const TopLook& look, const std::function<bool(const TopShare&)>& is_selected) {
  constexpr int kAlways = 100;
  return {
      {{{.heading = "  SLICE"},
        [is_selected](const TopShare& share) {
          const bool selected = is_selected(share);
          const std::string name = share.slice.name + (share.slice.is_gang ? " (gang)" : "");
          return TableCell((selected ? "> " : "  ") + std::string(1, share.letter()) + " " + name,
                           selected ? Style::kSelected : Style::kPlain);
        }},
       kAlways},
      {{{.heading = "OWNER"}, [](const TopShare& share) { return TableCell(share.owner); }}, 5},
      {{{.heading = "CORES", .right = true},
        [](const TopShare& share) { return TableCell(ShowCores(share.slice.request_permille, share.slice.limit_permille)); }},
       kAlways},
      {{{.heading = "MEASURED", .right = true}, MeasuredCell}, kAlways},
      {{{.heading = ""},
        [look](const TopShare& share) {
          const std::array<BarShare, 1> bar{
              BarShare{.request_permille = share.slice.request_permille,
                       .used_permille = share.measured ? std::optional(share.measured->permille) : std::nullopt}};
          return TableCell(ShareBar(bar, {.width = kSmallBar, .signs = &SignsOf(look)}));
        }},
       4},
      {{{.heading = "ERROR", .right = true}, ErrorCell}, 7},
      {{{.heading = "MEMORY"}, [](const TopShare& share) { return TableCell(MemoryText(share.slice)); }}, 8},
      {{{.heading = "PRIORITY"}, [](const TopShare& share) { return TableCell(std::string(PriorityName(share.slice.priority))); }}, 6},
      {{{.heading = "OVERLAP", .right = true}, [](const TopShare& share) { return PartOf(share, &MeasuredShare::overlap_permille); }}, 2},
      {{{.heading = "WAITS", .right = true}, [](const TopShare& share) { return PartOf(share, &MeasuredShare::wait_permille); }}, 3},
      {{{.heading = "PROCESSES", .flexible = true}, [](const TopShare& share) { return TableCell(ProcessesText(share.slice)); }}, 1},
  };
}

Table TableOf(const TopFrame& frame, const std::vector<RankedColumn>& columns) {
  std::vector<TableColumn> headings;
  for (const RankedColumn& ranked : columns) headings.push_back(ranked.column.column);
  Table table(std::move(headings));
  for (const TopXpu& xpu : frame.xpus)
    for (const TopShare& share : xpu.shares) {
      std::vector<TableCell> row;
      for (const RankedColumn& ranked : columns) row.push_back(ranked.column.cell(share));
      table.AddRow(std::move(row));
    }
  return table;
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// The heading and a line for each share. `width` 0: everything.
std::vector<std::string> ShareLines(const TopFrame& frame, std::vector<RankedColumn> columns, const Table::Layout& layout) {
  Table table = TableOf(frame, columns);
  while (layout.width != 0 && table.NarrowestWidth() > layout.width) {
    const auto least =
        std::min_element(columns.begin(), columns.end(), [](const RankedColumn& a, const RankedColumn& b) { return a.worth < b.worth; });
    if (least == columns.begin()) {  // only what is always there is left: names give way
      columns.front().column.column.flexible = true;
      table = TableOf(frame, columns);
      break;
    }
    columns.erase(least);
    table = TableOf(frame, columns);
  }
  return LinesOf(table.Text(layout));
}

std::string XpuLine(const TopXpu& xpu, std::size_t width, const TopLook& look) {
  const auto used = xpu.used_permille();
  const std::string kind = "  " + xpu.kind + (xpu.model.empty() ? "" : "  " + xpu.model);
  std::string numbers =
      "  used " + (used ? PermilleText(static_cast<std::uint32_t>(std::min<std::uint64_t>(*used, 999'999))) + "%" : kUnknown);
  numbers += "  cores free " + (xpu.free_permille ? ShowPercent(*xpu.free_permille) + "%" : kUnknown);
  numbers += "  memory free " + (xpu.free_memory_bytes ? ShowBytes(*xpu.free_memory_bytes) : kUnknown) + " of " +
             (xpu.memory_bytes ? ShowBytes(*xpu.memory_bytes) : kUnknown);
  if (width == 0)
    return Styled(Fitted(xpu.id, DisplayWidth(xpu.id)), Style::kBold, look.color) + Fitted(kind, DisplayWidth(kind)) + numbers;
  // The numbers stay, the model gives way first.
  const std::size_t room = width - std::min(width, DisplayWidth(xpu.id) + DisplayWidth(numbers));
  const std::string shown_kind = DisplayWidth(kind) <= room ? kind : room > 8 ? Fitted(kind, room) : std::string();
  const std::string id = Fitted(xpu.id, std::min(width, DisplayWidth(xpu.id)));
  return Styled(id, Style::kBold, look.color) +
         Fitted(shown_kind + numbers, std::min(width - DisplayWidth(id), DisplayWidth(shown_kind) + DisplayWidth(numbers)));
}

std::string XpuBar(const TopXpu& xpu, std::size_t width, const TopLook& look) {
  std::vector<const TopShare*> shares;  // as they began: sorting rows does not move the parts of the bar
  for (const TopShare& share : xpu.shares) shares.push_back(&share);
  std::sort(shares.begin(), shares.end(), [](const TopShare* a, const TopShare* b) {
    return std::pair(a->slice.created_ns, a->slice.ref.slot) < std::pair(b->slice.created_ns, b->slice.ref.slot);
  });
  std::vector<BarShare> parts;
  for (const TopShare* share : shares)
    parts.push_back({.letter = share->letter(),
                     .request_permille = share->slice.request_permille,
                     .used_permille = share->measured ? std::optional(share->measured->permille) : std::nullopt});
  return "[" + ShareBar(parts, {.width = width - 2, .signs = &SignsOf(look), .color = look.color}) + "]";
}

std::string Fit(const std::string& text, std::size_t width) {
  return Fitted(text, width == 0 ? DisplayWidth(text) : std::min(width, DisplayWidth(text)));
}

struct Body {
  std::string heading;  // empty without slices
  std::vector<std::string> lines;
  std::size_t selected = 0;  // its line
};

Body MakeBody(const TopFrame& frame, const std::function<bool(const TopXpu&, const TopShare&)>& is_selected, std::size_t width,
              const TopLook& look) {
  Body body;
  const TopXpu* current = nullptr;
  // The table knows shares; which XPU each is of follows from the order.
  std::vector<std::pair<const TopXpu*, const TopShare*>> rows;
  for (const TopXpu& xpu : frame.xpus)
    for (const TopShare& share : xpu.shares) rows.emplace_back(&xpu, &share);
  const auto selected = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return is_selected(*row.first, *row.second); });
  const TopShare* selected_share = selected == rows.end() ? nullptr : selected->second;
  std::vector<std::string> share_lines;
  if (!rows.empty()) {
    share_lines = ShareLines(frame, AllColumns(look, [&](const TopShare& share) { return &share == selected_share; }),
                             {.width = width, .color = look.color});
    body.heading = share_lines.front();
  }
  std::size_t next = 1;
  for (const TopXpu& xpu : frame.xpus) {
    if (current != nullptr) body.lines.emplace_back();
    current = &xpu;
    body.lines.push_back(XpuLine(xpu, width, look));
    if (xpu.trouble.empty())
      body.lines.push_back(XpuBar(xpu, width == 0 ? kTextBar : std::min(width, kTextBar * 2), look));
    else
      body.lines.push_back(Styled(Fit(xpu.trouble, width), Style::kWarning, look.color));
    for (const TopShare& share : xpu.shares) {
      if (&share == selected_share) body.selected = body.lines.size();
      body.lines.push_back(share_lines[next++]);
    }
  }
  if (frame.xpus.empty()) body.lines.push_back(Fit(frame.nothing_here, width));
  for (const std::string& warning : frame.warnings)
    body.lines.push_back(Styled(Fit("warning: " + warning, width), Style::kWarning, look.color));
  return body;
}

std::string HeadLine(const TopFrame& frame) {
  return "flexai top  " + frame.clock + "  " + Count(frame.xpus.size(), "XPU") + "  " + Count(frame.slice_count(), "slice");
}

// Broken at spaces into lines of `width`; what does not fit into `most` lines is cut.
std::vector<std::string> Wrapped(const std::string& text, std::size_t width, std::size_t most) {
  std::vector<std::string> lines;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::size_t end = rest.size();
    if (DisplayWidth(rest) > width && lines.size() + 1 < most) {
      end = rest.rfind(' ', width);
      if (end == std::string_view::npos || end == 0) end = std::min(width, rest.size());
      while (end < rest.size() && end > 1 && (static_cast<unsigned char>(rest[end]) & 0xc0) == 0x80) --end;  // never inside a character
    }
    lines.push_back(Fit(std::string(rest.substr(0, end)), width));
    rest.remove_prefix(end);
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  }
  return lines;
}

// The cursor is drawn, the terminal's own is hidden.
std::string PromptLine(const TopState::Prompt& prompt, std::size_t width, const TopLook& look) {
  const std::string& text = prompt.editor.text();
  const std::size_t cursor = prompt.editor.cursor();
  const std::size_t room = width - std::min(width, text.size() + 1);
  const std::string under = cursor < text.size() ? text.substr(cursor, 1) : " ";
  const std::string shown = look.color ? Styled(under, Style::kSelected, look.color) : cursor < text.size() ? under : "_";
  return Fit(prompt.question, room) + text.substr(0, cursor) + shown + (cursor < text.size() ? text.substr(cursor + 1) : "");
}

std::vector<std::string> Foot(const TopState& state, Screen::Size size, const TopLook& look) {
  const std::size_t width = size.columns;
  std::vector<std::string> foot;
  // Two lines of the picture are always left.
  for (const std::string& line : Wrapped(state.message().text, width, std::min(kMessageLines, size.lines - 5)))
    foot.push_back(Styled(line, state.message().is_refusal ? Style::kBad : Style::kGood, look.color));
  if (state.prompt())
    foot.push_back(PromptLine(*state.prompt(), width, look));
  else
    foot.push_back(Styled(Fit(std::string(kKeys), width), Style::kDim, look.color));
  return foot;
}

// The part of `lines` that fits, with the line `keep` in its middle where not everything does.
std::vector<std::string> Window(const std::vector<std::string>& lines, std::size_t keep, std::size_t room) {
  if (lines.size() <= room) return lines;
  const std::size_t begin = std::min(keep - std::min(keep, room / 2), lines.size() - room);
  const auto first = lines.begin() + static_cast<std::ptrdiff_t>(begin);
  return {first, first + static_cast<std::ptrdiff_t>(room)};
}

}  // namespace

std::vector<std::string> TopLines(const TopState& state, Screen::Size size, const TopLook& look) {
  if (size.columns < kSmallest.columns || size.lines < kSmallest.lines) {
    const std::string sentence = "flexai top needs a window of " + std::to_string(kSmallest.columns) + " columns and " +
                                 std::to_string(kSmallest.lines) + " lines; q quits";
    return Wrapped(sentence, size.columns, size.lines);
  }
  const std::size_t width = size.columns;
  std::string head = HeadLine(state.frame()) + (state.frozen() ? "  FROZEN" : "") + "  every " + Seconds(state.interval()) + "  by " +
                     std::string(TopSortName(state.sort()));
  std::vector<std::string> lines{Styled(Fit(head, width), Style::kBold, look.color)};
  std::vector<std::string> foot = Foot(state, size, look);

  if (state.shows_help()) {
    lines.emplace_back();
    for (const std::string_view line : kHelp) lines.push_back(Fit(std::string(line), width));
    lines.resize(std::min(lines.size(), size.lines - 1));
    foot = {Styled("any key goes back", Style::kDim, look.color)};
  } else {
    const Body body =
        MakeBody(state.frame(), [&](const TopXpu& xpu, const TopShare& share) { return state.IsSelected(xpu.id, share); }, width, look);
    lines.push_back(body.heading);
    const std::size_t room = size.lines - lines.size() - foot.size();
    const std::vector<std::string> window = Window(body.lines, body.selected, room);
    lines.insert(lines.end(), window.begin(), window.end());
  }
  lines.resize(size.lines - foot.size());
  lines.insert(lines.end(), foot.begin(), foot.end());
  if (!look.utf8) std::transform(lines.begin(), lines.end(), lines.begin(), AsciiOnly);
  return lines;
}

std::string TopText(const TopFrame& frame, const TopLook& look) {
  const Body body = MakeBody(frame, [](const TopXpu&, const TopShare&) { return false; }, 0, look);
  std::vector<std::string> lines{Styled(HeadLine(frame), Style::kBold, look.color)};
  if (!body.heading.empty()) lines.push_back(body.heading);
  lines.insert(lines.end(), body.lines.begin(), body.lines.end());
  std::string text;
  for (const std::string& line : lines) text += (look.utf8 ? line : AsciiOnly(line)) + "\n";
  return text;
}

Document TopDocument(const Inventory& inventory, const Baseline& before, std::int64_t unix_s) {
  Document document = Document::Of({{"schema", "flexai.top/1"}, {"unix_s", unix_s}});
  const Document smi = SmiDocument(inventory, before);
  for (const Document::Member& member : smi.Members())
    if (member.first != "schema") document.Add(member.first, member.second);
  return document;
}

}  // namespace flexai::cli
