#include "cli/top/view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/top/testing/sample.hpp"

namespace flexai::cli {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TopFrame Sample() { return MakeTopFrame(SampleInventory(), SampleBaseline(), "14:03:22"); }

TopState Shown() {
  TopState state(kSecond);
  state.Show(Sample());
  return state;
}

void Press(TopState& state, std::string_view keys) {
  for (const char key : keys) (void)state.OnKey({.character = key});
}

std::string Text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(TopViewTest, ShowsTheBarAndARowForEachSlice) {
  const std::string text = TopText(Sample(), {.utf8 = true});

  EXPECT_THAT(text, StartsWith("flexai top  14:03:22  1 XPU  3 slices\n"));
  EXPECT_THAT(text, HasSubstr("pocl-0  cpu  AMD EPYC  used 50.0%  cores free 10%  memory free 4Gi of 8Gi\n"));
  EXPECT_THAT(text, HasSubstr("[a████████████████b███████████░░░░░░░░░░░░░░░░░░░░░░░······]"));
  EXPECT_THAT(text, HasSubstr("  a training"));
  EXPECT_THAT(text, HasSubstr("    30     30.0%  ███·······    0.0  1Mi         normal       0.0%   0.0%  100 python3\n"));
  EXPECT_THAT(text, HasSubstr("60:100     20.0%  ██░░░░····  -40.0  1Gi of 4Gi  high         0.0%  80.0%  101 python3\n"));
  EXPECT_THAT(text, HasSubstr("  0:50     0.0%*  ··········   idle"));
}

TEST(TopViewTest, WithoutUtf8ThereIsAsciiAlone) {
  const std::string text = TopText(Sample(), {});

  EXPECT_THAT(text, HasSubstr("[a################b###########-----------------------......]"));
  TopState state = Shown();
  state.Answer({}, "cores 1 → 2");
  for (const std::string& line : TopLines(state, {.columns = 50, .lines = 20}, {}))
    for (const char c : line) EXPECT_TRUE(c >= ' ' && c <= '~') << line;
}

TEST(TopViewTest, UnknownIsADashNeverZero) {
  Inventory inventory = SampleInventory();
  inventory.entries[0].xpu->memory.reset();
  inventory.entries[0].region->device_memory_bytes = 0;
  inventory.entries[0].region->taken_ns = 0;  // no time has passed: nothing is measured
  const std::string text = TopText(MakeTopFrame(inventory, {}, ""), {});

  EXPECT_THAT(text, HasSubstr("used -  cores free 10%  memory free - of -\n"));
  EXPECT_THAT(text, HasSubstr("    30         -  ???.......      -"));
  EXPECT_THAT(text, HasSubstr("normal          -      -  100 python3\n"));
}

TEST(TopViewTest, NoLineIsWiderThanTheWindowAndEveryLineIsThere) {
  TopState state = Shown();
  state.Answer(
      Fail(ErrorCode::kExhausted, std::string(40, 'x') + " pocl-0 has 10% of its compute left to guarantee, 65% are asked for; see smi"),
      "");
  for (std::size_t columns = 1; columns < 200; ++columns)
    for (const std::size_t lines : {1u, 7u, 8u, 12u, 50u}) {
      const auto picture = TopLines(state, {.columns = columns, .lines = lines}, {.utf8 = true});
      EXPECT_LE(picture.size(), lines);
      for (const std::string& line : picture) EXPECT_LE(DisplayWidth(line), columns) << line;
    }
}

TEST(TopViewTest, ANarrowWindowLosesColumnsAndKeepsSharesAndNames) {
  const std::string narrow = Text(TopLines(Shown(), {.columns = 44, .lines = 20}, {}));
  EXPECT_THAT(narrow, HasSubstr("SLICE"));
  EXPECT_THAT(narrow, HasSubstr("training"));
  EXPECT_THAT(narrow, HasSubstr("CORES"));
  EXPECT_THAT(narrow, HasSubstr("30.0%"));
  EXPECT_THAT(narrow, Not(HasSubstr("PROCESSES")));
  EXPECT_THAT(narrow, Not(HasSubstr("OVERLAP")));
  EXPECT_THAT(Text(TopLines(Shown(), {.columns = 140, .lines = 20}, {})), HasSubstr("PROCESSES"));
}

TEST(TopViewTest, AWindowTooSmallSaysSo) {
  EXPECT_THAT(Text(TopLines(Shown(), {.columns = 39, .lines = 20}, {})), HasSubstr("flexai top needs a window"));
  EXPECT_THAT(Text(TopLines(Shown(), {.columns = 80, .lines = 7}, {})), HasSubstr("flexai top needs a window"));
}

TEST(TopViewTest, MarksTheSelectedSliceAlsoWithoutColour) {
  TopState state = Shown();
  Press(state, "j");
  EXPECT_THAT(TopLines(state, {.columns = 100, .lines = 20}, {}), Contains(StartsWith("> c late")));
  EXPECT_THAT(Text(TopLines(state, {.columns = 100, .lines = 20}, {.color = true})), HasSubstr("\x1b[7m> c late"));
}

TEST(TopViewTest, KeepsTheSelectedSliceInALowWindow) {
  Inventory inventory = SampleInventory();
  std::vector<SliceSnapshot>& slices = inventory.entries[0].region->slices;
  for (std::uint32_t i = 3; i < 60; ++i) {
    slices.push_back(slices[2]);
    slices.back().ref.slot = i;
    slices.back().name = "zz-" + std::to_string(i + 10);
  }
  TopState state(kSecond);
  state.Show(MakeTopFrame(inventory, {}, ""));
  for (int i = 0; i < 60; ++i) {
    const auto lines = TopLines(state, {.columns = 80, .lines = 10}, {});
    EXPECT_THAT(lines, Contains(StartsWith("> "))) << i;
    EXPECT_THAT(lines.back(), HasSubstr("q quit"));
    Press(state, "j");
  }
}

TEST(TopViewTest, TheFootShowsWhatIsTypedAndWhatWasRefused) {
  TopState state = Shown();
  Press(state, "c12");
  EXPECT_EQ(TopLines(state, {.columns = 80, .lines = 20}, {}).back(), "cores of batch (now 60:100): 12_");
  (void)state.OnKey({.kind = Key::Kind::kEscape});
  state.Answer(Fail(ErrorCode::kExhausted, "no room"), "");
  const auto lines = TopLines(state, {.columns = 80, .lines = 20}, {});
  EXPECT_EQ(lines[lines.size() - 2], "no room");
  EXPECT_THAT(lines.back(), StartsWith("q quit"));
}

TEST(TopViewTest, SaysWhenThePictureIsFrozenAndHowItIsSorted) {
  TopState state = Shown();
  EXPECT_THAT(TopLines(state, {}, {}).front(), HasSubstr("every 1 s  by name"));
  Press(state, "fs");
  EXPECT_THAT(TopLines(state, {}, {}).front(), HasSubstr("FROZEN  every 1 s  by measured"));
}

TEST(TopViewTest, HelpNamesTheKeys) {
  TopState state = Shown();
  Press(state, "?");
  EXPECT_THAT(Text(TopLines(state, {}, {})), HasSubstr("freeze the picture"));
}

TEST(TopViewTest, DocumentsAreThoseOfSmiWithTheTime) {
  const Document document = TopDocument(SampleInventory(), SampleBaseline(), 1'700'000'000);

  EXPECT_EQ(document["schema"].AsText(), "flexai.top/1");
  EXPECT_EQ(document["unix_s"].AsInt(), 1'700'000'000);
  EXPECT_EQ(document["xpus"].Items()[0]["slices"].Items()[0]["measured"]["permille"].AsInt(), 300);
}

}  // namespace
}  // namespace flexai::cli
