// What the demo's report draws, as values: percentages over time, and spans on a common scale. svg.hpp draws them. No thread of its own.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace flexai::cli {

struct Point {
  double x = 0, y = 0;
};

/// A measured line, and what was asked for as steps: each holds from its x to the next one's.
struct Curve {
  std::string label;
  std::vector<Point> measured, asked;  // x seconds from 0, y percent
};

struct CurveFigure {
  std::string title;
  double seconds = 0;
  std::vector<Curve> curves;
};

/// How a span is filled: told apart without colour.
enum class Fill : std::uint8_t { kSolid, kHatched, kEmpty };

struct Span {
  double begin = 0, end = 0;
  Fill fill = Fill::kSolid;
  std::string text;
};

struct SpanRow {
  std::string label;
  std::vector<Span> spans;
  double mark = -1;  // a line across the row: what was asked; negative: none
};

struct SpanFigure {
  std::string title, unit;  // of the scale: "s", "MiB", "%"
  double length = 0;        // of the scale, from 0
  std::vector<SpanRow> rows;
};

using Figure = std::variant<CurveFigure, SpanFigure>;

}  // namespace flexai::cli
