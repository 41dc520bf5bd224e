#include "cli/top/state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/top/testing/sample.hpp"

namespace flexai::cli {
namespace {

using ::testing::HasSubstr;
using Kind = Key::Kind;

TopFrame Sample() { return MakeTopFrame(SampleInventory(), SampleBaseline(), "14:03:22"); }

TopState Shown() {
  TopState state(kSecond);
  state.Show(Sample());
  return state;
}

// By name: batch, late, training.
std::string SelectedName(const TopState& state) {
  for (const TopXpu& xpu : state.frame().xpus)
    for (const TopShare& share : xpu.shares)
      if (state.IsSelected(xpu.id, share)) return share.slice.name;
  return "(none)";
}

TopAction Press(TopState& state, char character) { return state.OnKey({.character = character}); }
TopAction Type(TopState& state, std::string_view text) {
  for (const char c : text) (void)Press(state, c);
  return state.OnKey({.kind = Kind::kEnter});
}

const TopChange& ChangeIn(const TopAction& action) {
  const auto* change = std::get_if<TopChange>(&action);
  EXPECT_NE(change, nullptr);
  static const TopChange kNone;
  return change == nullptr ? kNone : *change;
}

TEST(TopStateTest, SelectsWithArrowsAndLettersWithinTheRows) {
  TopState state = Shown();
  EXPECT_EQ(SelectedName(state), "batch");
  (void)state.OnKey({.kind = Kind::kUp});
  EXPECT_EQ(SelectedName(state), "batch");
  (void)state.OnKey({.kind = Kind::kDown});
  EXPECT_EQ(SelectedName(state), "late");
  (void)Press(state, 'j');
  (void)Press(state, 'j');
  EXPECT_EQ(SelectedName(state), "training");
  (void)Press(state, 'k');
  EXPECT_EQ(SelectedName(state), "late");
  (void)state.OnKey({.kind = Kind::kHome});
  EXPECT_EQ(SelectedName(state), "batch");
}

TEST(TopStateTest, TheSelectionFollowsItsSliceThroughSortingAndNewPictures) {
  TopState state = Shown();
  (void)Press(state, 's');  // measured: training, batch, late
  EXPECT_EQ(SelectedName(state), "batch");
  (void)state.OnKey({.kind = Kind::kUp});
  EXPECT_EQ(SelectedName(state), "training");

  Inventory inventory = SampleInventory();
  inventory.entries[0].region->slices.erase(inventory.entries[0].region->slices.begin());
  state.Show(MakeTopFrame(inventory, {}, ""));
  EXPECT_EQ(SelectedName(state), "batch");  // the one in its place
  inventory.entries[0].region.reset();
  state.Show(MakeTopFrame(inventory, {}, ""));
  EXPECT_EQ(SelectedName(state), "(none)");
}

TEST(TopStateTest, PlusAndMinusMoveAGuaranteeAndKeepTheCapOfWhoMayBorrow) {
  TopState state = Shown();
  const TopAction more = Press(state, '+');
  EXPECT_EQ(ChangeIn(more).slice, "batch");
  EXPECT_EQ(ChangeIn(more).xpu, "pocl-0");
  EXPECT_EQ(ChangeIn(more).wanted.cores->request.permille, 650u);
  EXPECT_EQ(ChangeIn(more).wanted.cores->limit.permille, 1000u);

  (void)Press(state, 'j');  // late, 0:50
  EXPECT_EQ(ChangeIn(Press(state, '-')).wanted.cores->request.permille, 0u);

  (void)Press(state, 'j');  // training, 30
  const TopAction less = Press(state, '-');
  EXPECT_EQ(ChangeIn(less).wanted.cores->request.permille, 250u);
  EXPECT_EQ(ChangeIn(less).wanted.cores->limit.permille, 250u);
}

TEST(TopStateTest, ACappedSliceKeepsTheSmallestShare) {
  Inventory inventory = SampleInventory();
  for (SliceSnapshot& slice : inventory.entries[0].region->slices) slice.request_permille = slice.limit_permille = 30;
  TopState state(kSecond);
  state.Show(MakeTopFrame(inventory, {}, ""));

  EXPECT_EQ(ChangeIn(Press(state, '-')).wanted.cores->request.permille, 10u);
}

TEST(TopStateTest, PriorityGoesRound) {
  TopState state = Shown();
  EXPECT_EQ(ChangeIn(Press(state, 'p')).wanted.priority, Priority::kLow);  // batch is high
  (void)Press(state, 'j');
  EXPECT_EQ(ChangeIn(Press(state, 'p')).wanted.priority, Priority::kHigh);
}

TEST(TopStateTest, TypedAmountsAreChangesAndWhatCannotBeReadStaysToBeMended) {
  TopState state = Shown();
  (void)Press(state, 'c');
  ASSERT_TRUE(state.prompt());
  EXPECT_THAT(state.prompt()->question, HasSubstr("cores of batch (now 60:100)"));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(Type(state, "q")));
  EXPECT_TRUE(state.message().is_refusal);
  EXPECT_THAT(state.message().text, HasSubstr("is no share"));
  ASSERT_TRUE(state.prompt());
  (void)state.OnKey({.kind = Kind::kEraseLine});
  const TopAction cores = Type(state, "20:40");
  EXPECT_EQ(ChangeIn(cores).wanted.cores->limit.permille, 400u);
  EXPECT_FALSE(state.prompt());

  (void)Press(state, 'm');
  const TopAction memory = Type(state, "2Gi");
  EXPECT_EQ(ChangeIn(memory).wanted.memory->value, 2ULL << 30);
  EXPECT_FALSE(ChangeIn(memory).wanted.cores);
}

TEST(TopStateTest, EscapeAndAnEmptyLineChangeNothing) {
  TopState state = Shown();
  (void)Press(state, 'c');
  (void)Press(state, '5');
  EXPECT_TRUE(std::holds_alternative<std::monostate>(state.OnKey({.kind = Kind::kEscape})));
  EXPECT_FALSE(state.prompt());
  (void)Press(state, 'm');
  EXPECT_TRUE(std::holds_alternative<std::monostate>(Type(state, "")));
  EXPECT_FALSE(state.prompt());
}

TEST(TopStateTest, AFrozenPictureIsNotWhatIsChanged) {
  TopState state = Shown();
  (void)Press(state, 'f');
  EXPECT_TRUE(state.frozen());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(Press(state, '+')));
  EXPECT_THAT(state.message().text, HasSubstr("frozen"));
  (void)Press(state, ' ');
  EXPECT_FALSE(state.frozen());
  EXPECT_TRUE(std::holds_alternative<TopChange>(Press(state, '+')));
}

TEST(TopStateTest, AnswersAreSaidUntilTheNextKey) {
  TopState state = Shown();
  state.Answer({}, "batch: cores 65");
  EXPECT_EQ(state.message().text, "batch: cores 65");
  EXPECT_FALSE(state.message().is_refusal);
  state.Answer(Fail(ErrorCode::kExhausted, "no room"), "");
  EXPECT_TRUE(state.message().is_refusal);
  (void)Press(state, 'j');
  EXPECT_EQ(state.message().text, "");
}

TEST(TopStateTest, TheIntervalCanBeTyped) {
  TopState state = Shown();
  (void)Press(state, 'd');
  (void)Type(state, "2.5");
  EXPECT_EQ(state.interval(), 2500 * kMillisecond);
}

TEST(TopStateTest, QuitsAlsoFromTheHelp) {
  TopState state = Shown();
  (void)Press(state, '?');
  EXPECT_TRUE(state.shows_help());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(Press(state, '+')));  // goes back, and no more
  EXPECT_FALSE(state.shows_help());
  (void)Press(state, '?');
  EXPECT_TRUE(std::holds_alternative<TopQuit>(Press(state, 'q')));
}

TEST(TopStateTest, WithoutSlicesThereIsNothingToChange) {
  TopState state(kSecond);
  state.Show({});
  for (const char key : {'+', '-', 'p', 'c', 'm'}) {
    EXPECT_TRUE(std::holds_alternative<std::monostate>(Press(state, key)));
    EXPECT_TRUE(state.message().is_refusal);
  }
  (void)state.OnKey({.kind = Kind::kDown});
}

}  // namespace
}  // namespace flexai::cli
