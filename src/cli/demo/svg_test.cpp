#include "cli/demo/svg.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace flexai::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t Count(const std::string& text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

TEST(SvgTest, MarkupInTextIsEscapedAndControlCharactersAreGone) {
  EXPECT_EQ(EscapeMarkup("<a b='c' d=\"e\"> & \x1b[1m"), "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt; &amp;  [1m");
}

TEST(SvgTest, ACurveIsALineWithItsLabelAndItsAskedSteps) {
  const CurveFigure figure{.title = "shares",
                           .seconds = 10,
                           .curves = {{.label = "train <60>", .measured = {{1, 58}, {2, 61}}, .asked = {{0, 30}, {5, 60}}},
                                      {.label = "batch", .measured = {{1, 59}, {2, 61}}, .asked = {}}}};

  const std::string svg = DrawSvg(figure);

  EXPECT_EQ(Count(svg, "<polyline"), 2u);
  EXPECT_EQ(Count(svg, "stroke-dasharray='2 4'"), 2u);
  EXPECT_THAT(svg, HasSubstr("train &lt;60&gt;"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(SvgTest, LabelsOfCurvesThatEndTogetherStandBelowEachOther) {
  CurveFigure figure{.title = "", .seconds = 1, .curves = {}};
  for (const char* label : {"a", "b", "c"}) figure.curves.push_back({.label = label, .measured = {{0, 50}, {1, 50}}, .asked = {}});

  const std::string svg = DrawSvg(figure);

  const auto line_of = [&](std::string_view label) {
    const std::size_t end = svg.find(">" + std::string(label) + "</text>"), begin = svg.rfind("y='", end);
    return std::strtod(svg.c_str() + begin + 3, nullptr);
  };
  EXPECT_GE(line_of("b") - line_of("a"), 12);
  EXPECT_GE(line_of("c") - line_of("b"), 12);
}

TEST(SvgTest, SpansStayOnTheScaleWhateverTheirNumbers) {
  const SpanFigure figure{
      .title = "spans",
      .unit = "s",
      .length = 10,
      .rows = {{.label = "row", .spans = {{.begin = -5, .end = 1e12, .fill = Fill::kHatched, .text = "long"}}, .mark = 4}}};

  const std::string svg = DrawSvg(figure);

  EXPECT_THAT(svg, HasSubstr("x='96.0'"));
  EXPECT_THAT(svg, HasSubstr("width='514.0'"));
  EXPECT_THAT(svg, HasSubstr("url(#hatch)"));
}

TEST(SvgTest, NothingMeasuredIsAnEmptyFigure) {
  EXPECT_THAT(DrawSvg(CurveFigure{}), HasSubstr("</svg>"));
  EXPECT_THAT(DrawSvg(SpanFigure{}), HasSubstr("</svg>"));
}

}  // namespace
}  // namespace flexai::cli
