#include "cli/demo/svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/measure/statistics.hpp"

namespace flexai::cli {
namespace {

constexpr double kWidth = 760, kLeft = 96, kRight = 150, kTop = 34;
constexpr double kPlot = kWidth - kLeft - kRight;
constexpr double kCurveHeight = 220, kRowHeight = 30, kAxis = 34;
constexpr double kLabelSpacing = 15;

// Told apart by colour where there is one, by dashes where not.
struct Look {
  const char* color;
  const char* dashes;
};
constexpr std::array<Look, 5> kLooks{
    {{"#0b5fa5", "none"}, {"#b3541e", "9 3"}, {"#2f7d4f", "3 3"}, {"#7a3e9d", "12 3 3 3"}, {"#444444", "1 4"}}};

std::string Number(double value) { return FixedPoint(value, 1); }

std::string Text(double x, double y, std::string_view text, std::string_view more = "") {
  return "<text x='" + Number(x) + "' y='" + Number(y) + "' " + std::string(more) + ">" + EscapeMarkup(text) + "</text>\n";
}

std::string Line(double x1, double y1, double x2, double y2, std::string_view more) {
  return "<line x1='" + Number(x1) + "' y1='" + Number(y1) + "' x2='" + Number(x2) + "' y2='" + Number(y2) + "' " + std::string(more) +
         "/>\n";
}

std::string Open(std::string_view title, double height) {
  return "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 " + Number(kWidth) + " " + Number(height) + "' role='img' aria-label='" +
         EscapeMarkup(title) + "' font-family='system-ui, sans-serif' font-size='12' fill='#222'>\n" +
         "<defs><pattern id='hatch' width='6' height='6' patternUnits='userSpaceOnUse' patternTransform='rotate(45)'>"
         "<rect width='6' height='6' fill='#fff'/><line x1='0' y1='0' x2='0' y2='6' stroke='#0b5fa5' "
         "stroke-width='3'/></pattern></defs>\n" +
         "<rect width='100%' height='100%' fill='#fff'/>\n" + Text(8, 20, title, "font-weight='bold' font-size='14'");
}

// Distances between the lines of a scale of this length: 1, 2 or 5 times a power of ten, some five of them.
double Tick(double length) {
  if (!(length > 0)) return 1;
  const double rough = length / 5, power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (rough <= factor * power) return factor * power;
  return 10 * power;
}

std::string Scale(double length, std::string_view unit, double top, double bottom) {
  std::string text;
  const double tick = Tick(length);
  for (int i = 0; i * tick <= length * 1.0001; ++i) {
    const double x = kLeft + kPlot * i * tick / length;
    text += Line(x, top, x, bottom, "stroke='#ddd'");
    text += Text(x, bottom + 16, FixedPoint(i * tick, tick < 1 ? 1 : 0) + (i == 0 ? " " + std::string(unit) : ""), "text-anchor='middle'");
  }
  return text;
}

std::string Draw(const CurveFigure& figure) {
  const double bottom = kTop + kCurveHeight, length = std::max(figure.seconds, 0.1);
  const auto at_x = [&](double seconds) { return kLeft + kPlot * std::clamp(seconds / length, 0.0, 1.0); };
  const auto at_y = [&](double percent) { return bottom - kCurveHeight * std::clamp(percent / 100, 0.0, 1.0); };
  std::string svg = Open(figure.title, bottom + kAxis) + Scale(length, "s", kTop, bottom);
  for (int percent = 0; percent <= 100; percent += 20) {
    svg += Line(kLeft, at_y(percent), kLeft + kPlot, at_y(percent), "stroke='#ddd'");
    svg += Text(kLeft - 8, at_y(percent) + 4, std::to_string(percent) + " %", "text-anchor='end'");
  }
  struct Label {
    double y;
    std::string text;
    const char* color;
  };
  std::vector<Label> labels;
  for (std::size_t i = 0; i < figure.curves.size(); ++i) {
    const Curve& curve = figure.curves[i];
    const Look& look = kLooks[i % kLooks.size()];
    for (std::size_t step = 0; step < curve.asked.size(); ++step) {
      const double end = step + 1 < curve.asked.size() ? curve.asked[step + 1].x : length;
      svg += Line(at_x(curve.asked[step].x), at_y(curve.asked[step].y), at_x(end), at_y(curve.asked[step].y),
                  "stroke='#888' stroke-dasharray='2 4'");
    }
    if (curve.measured.empty()) continue;
    std::string points;
    for (const Point& point : curve.measured) points += Number(at_x(point.x)) + "," + Number(at_y(point.y)) + " ";
    svg += "<polyline points='" + points + "' fill='none' stroke='" + look.color + "' stroke-width='2' stroke-dasharray='" + look.dashes +
           "'/>\n";
    labels.push_back({at_y(curve.measured.back().y) + 4, curve.label, look.color});
  }
  // Side by side where the curves end close together.
  std::sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) { return a.y < b.y; });
  double free_from = 0;
  for (const Label& label : labels) {
    const double y = std::max(label.y, free_from);
    svg += Text(kLeft + kPlot + 8, y, label.text, "fill='" + std::string(label.color) + "'");
    free_from = y + kLabelSpacing;
  }
  return svg + "</svg>\n";
}

const char* Paint(Fill fill) {
  switch (fill) {
    case Fill::kSolid: return "fill='#0b5fa5'";
    case Fill::kHatched: return "fill='url(#hatch)' stroke='#0b5fa5'";
    case Fill::kEmpty: return "fill='#fff' stroke='#888'";
  }
  return "";
}

std::string Draw(const SpanFigure& figure) {
  const double bottom = kTop + kRowHeight * static_cast<double>(figure.rows.size()), length = figure.length > 0 ? figure.length : 1;
  const auto at_x = [&](double value) { return kLeft + kPlot * std::clamp(value / length, 0.0, 1.0); };
  std::string svg = Open(figure.title, bottom + kAxis) + Scale(length, figure.unit, kTop, bottom);
  for (std::size_t i = 0; i < figure.rows.size(); ++i) {
    const SpanRow& row = figure.rows[i];
    const double top = kTop + kRowHeight * static_cast<double>(i);
    svg += Text(kLeft - 8, top + kRowHeight / 2 + 4, row.label, "text-anchor='end'");
    double end = 0;
    std::string texts;
    for (const Span& span : row.spans) {
      svg += "<rect x='" + Number(at_x(span.begin)) + "' y='" + Number(top + 5) + "' width='" +
             Number(std::max(at_x(span.end) - at_x(span.begin), 1.0)) + "' height='" + Number(kRowHeight - 10) + "' " + Paint(span.fill) +
             "/>\n";
      end = std::max(end, span.end);
      if (!span.text.empty()) texts += (texts.empty() ? "" : ", ") + span.text;
    }
    if (row.mark >= 0) svg += Line(at_x(row.mark), top, at_x(row.mark), top + kRowHeight, "stroke='#222' stroke-width='2'");
    if (!texts.empty()) svg += Text(std::max(at_x(end), at_x(row.mark)) + 6, top + kRowHeight / 2 + 4, texts);
  }
  return svg + "</svg>\n";
}

}  // namespace

std::string EscapeMarkup(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f ? ' ' : c;
    }
  }
  return escaped;
}

std::string DrawSvg(const Figure& figure) {
  return std::visit([](const auto& kind) { return Draw(kind); }, figure);
}

}  // namespace flexai::cli
