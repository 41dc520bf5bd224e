#include "cli/demo/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flexai::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

DemoReport TwoActs() {
  DemoReport report{.facts = {{"model", "A <card> & more"}}, .acts = {}, .passed = false, .seconds = 90};
  report.acts.push_back({.name = "shares", .asked = "60 %", .measured = "59.9 %", .passed = true});
  report.acts.back().heading = "1  Shares";
  report.acts.back().story = {"  train: asked <60>"};
  report.acts.back().figures = {SpanFigure{.title = "spans", .unit = "s", .length = 1, .rows = {}}};
  report.acts.push_back({.name = "two drivers", .left_out = "only one driver here"});
  return report;
}

TEST(DemoPageTest, EveryActIsInTheTableAndHasASectionWithItsStoryAndFigures) {
  const std::string page = DemoPage(TwoActs());

  EXPECT_THAT(page, HasSubstr("<a href=\"#act1\">shares</a>"));
  EXPECT_THAT(page, HasSubstr("<section id=\"act2\">"));
  EXPECT_THAT(page, HasSubstr("train: asked &lt;60&gt;"));
  EXPECT_THAT(page, HasSubstr("<svg "));
  EXPECT_THAT(page, HasSubstr("A &lt;card&gt; &amp; more"));
}

TEST(DemoPageTest, AnActThatWasLeftOutIsNoFailureAndSaysWhy) {
  EXPECT_THAT(DemoPage(TwoActs()), HasSubstr("left out: only one driver here"));
  EXPECT_FALSE(TwoActs().acts[1].failed());
  EXPECT_EQ(DemoDocument(TwoActs())["acts"].Items()[1]["result"].AsText(), "left out");
}

TEST(DemoPageTest, AFailureIsSaidInWordsNotOnlyInColour) {
  DemoReport report = TwoActs();
  report.acts[0].passed = false;

  EXPECT_THAT(DemoPage(report), HasSubstr("<td class=\"FAILED\">FAILED</td>"));
  EXPECT_THAT(DemoPage(report), HasSubstr("Not all acts passed"));
}

TEST(DemoPageTest, NothingIsFetchedFromElsewhere) {
  const std::string page = DemoPage(TwoActs());

  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("@import")));
}

}  // namespace
}  // namespace flexai::cli
