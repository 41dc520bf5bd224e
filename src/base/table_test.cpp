#include "base/table.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace flexai {
namespace {

Table Sample() {
  Table table({{.heading = "XPU"}, {.heading = "MODEL", .flexible = true}, {.heading = "MEMORY", .right = true}, {.heading = "NOTE"}});
  table.AddRow({"pocl-0", "pthread-skylake-avx512-AMD EPYC", "5.1Gi", "ok"});
  table.AddRow({"x",
                "gr\xc3\xb6\xc3\x9f"
                "er",
                "-"});
  return table;
}

TEST(TableTest, AlignsColumnsAndLeavesNoSpacesAtTheEnd) {
  EXPECT_EQ(Sample().Text({}),
            "XPU     MODEL                            MEMORY  NOTE\n"
            "pocl-0  pthread-skylake-avx512-AMD EPYC   5.1Gi  ok\n"
            "x       gr\xc3\xb6\xc3\x9f"
            "er                                -\n");
}

TEST(TableTest, CutsFlexibleColumnsToTheWindow) {
  std::istringstream lines(Sample().Text({.width = 40}));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(DisplayWidth(line), 40u) << line;
  EXPECT_NE(Sample().Text({.width = 40}).find("pthread-skylake-a…"), std::string::npos);
}

TEST(TableTest, SaysTheNarrowestWindowItFitsInto) {
  const std::size_t narrowest = Sample().NarrowestWidth();

  std::istringstream lines(Sample().Text({.width = narrowest}));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(DisplayWidth(line), narrowest) << line;
  EXPECT_EQ(Sample().Text({.width = narrowest - 1}), Sample().Text({.width = narrowest}));
  EXPECT_NE(Sample().Text({.width = narrowest + 1}), Sample().Text({.width = narrowest}));
}

TEST(TableTest, ColoursOnlyWhenAsked) {
  Table table({{.heading = "A"}});
  table.AddRow({{"bad", Style::kBad}});

  EXPECT_EQ(table.Text({}).find('\x1b'), std::string::npos);
  EXPECT_NE(table.Text({.color = true}).find("\x1b[31mbad\x1b[0m"), std::string::npos);
}

TEST(TableTest, NotesStandOnTheirOwnLine) {
  Table table({{.heading = "A"}, {.heading = "B"}});
  table.AddRow({"1", "2"});
  table.AddNote("  nobody has a slice");

  EXPECT_EQ(table.Text({}), "A  B\n1  2\n  nobody has a slice\n");
}

TEST(FittedTest, ReplacesWhatMovesTheCursor) {
  EXPECT_EQ(Fitted("a\x1b[2Jb\n", 20), "a?[2Jb?");
  EXPECT_EQ(Fitted("a\xc2\x9b"
                   "2Jb",
                   20),
            "a?2Jb")
      << "CSI as one character";
  EXPECT_EQ(Fitted("\xc2\xa7 1", 20), "\xc2\xa7 1");
  EXPECT_EQ(Fitted("abcdef", 4), "abc…");
  EXPECT_EQ(Fitted("abcd", 4), "abcd");
  EXPECT_EQ(Fitted("abcd", 0), "");
}

TEST(BarTest, ShowsThePartDone) {
  EXPECT_EQ(Bar(0, 4, 10), "[--------]");
  EXPECT_EQ(Bar(2, 4, 10), "[####----]");
  EXPECT_EQ(Bar(9, 4, 10), "[########]");
  EXPECT_EQ(Bar(1, 0, 10), "[--------]");
}

TEST(TerminalTest, APipeIsNoTerminal) {
  EXPECT_FALSE(IsTerminal(-1));
  EXPECT_EQ(TerminalWidth(-1), 0u);
  EXPECT_FALSE(ColorAllowed(-1, {.term = "xterm"}));
}

}  // namespace
}  // namespace flexai
