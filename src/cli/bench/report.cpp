#include "cli/bench/report.hpp"

namespace flexai::cli {
BenchLine BenchLine::Skipped(std::string row, const XpuId& xpu, std::string what, std::string why) {
  BenchLine line;
  line.row = std::move(row);
  line.xpu = xpu.view();
  line.what = std::move(what);
  line.note = std::move(why);
  return line;
}

Table BenchReport::AsTable() const {
  Table table(
      {{"ROW"}, {"XPU"}, {"WHAT", false, true}, {"GOAL"}, {"MEASURED", true}, {"SPREAD", true}, {"FOREIGN", true}, {"", false, true}});
  for (const BenchLine& line : lines_) {
    const bool measured = line.met.has_value() || line.spread.count > 0;
    const std::string spread = line.spread.count < 2
                                   ? std::string("-")
                                   : FixedPoint(line.spread.least, line.decimals) + "…" + FixedPoint(line.spread.most, line.decimals);
    TableCell verdict = !line.met ? TableCell(line.note) : *line.met ? TableCell("met", Style::kGood) : TableCell("not met", Style::kBad);
    if (line.met && !line.note.empty()) verdict.text += ": " + line.note;
    table.AddRow({line.row, line.xpu, line.what, line.goal,
                  measured ? FixedPoint(line.value, line.decimals) + " " + line.unit : std::string("-"), spread,
                  measured ? FixedPoint(line.foreign_cores, 2) : std::string("-"), verdict});
  }
  return table;
}

Document BenchReport::AsDocument() const {
  Document lines = Document::EmptyArray();
  for (const BenchLine& line : lines_) {
    const bool measured = line.met.has_value() || line.spread.count > 0;
    lines.Add(Document::Of({{"row", line.row},
                            {"xpu", line.xpu},
                            {"what", line.what},
                            {"goal", line.goal.empty() ? Document() : Document(line.goal)},
                            {"value", measured ? Document(line.value) : Document()},
                            {"unit", line.unit},
                            {"met", line.met},
                            {"note", line.note.empty() ? Document() : Document(line.note)},
                            {"spread", Describe(line.spread)},
                            {"foreign_cores", measured ? Document(line.foreign_cores) : Document()},
                            {"details", line.details}}));
  }
  return lines;
}

}  // namespace flexai::cli
