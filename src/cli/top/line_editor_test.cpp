#include "cli/top/line_editor.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace flexai::cli {
namespace {

using Kind = Key::Kind;

void Type(LineEditor& editor, std::string_view text) {
  for (const char c : text) ASSERT_EQ(editor.Take({.character = c}), LineEditor::Outcome::kGoesOn);
}
void Press(LineEditor& editor, std::initializer_list<Kind> kinds) {
  for (const Kind kind : kinds) ASSERT_EQ(editor.Take({.kind = kind}), LineEditor::Outcome::kGoesOn);
}

TEST(LineEditorTest, EditsAtTheCursor) {
  LineEditor editor;
  Type(editor, "310");
  Press(editor, {Kind::kLeft, Kind::kBackspace});
  Type(editor, "0:1");
  Press(editor, {Kind::kEnd});
  Type(editor, "0x");
  Press(editor, {Kind::kLeft, Kind::kDelete, Kind::kDelete});

  EXPECT_EQ(editor.text(), "30:100");
  EXPECT_EQ(editor.cursor(), 6u);
}

TEST(LineEditorTest, ErasesWhatIsBeforeTheCursor) {
  LineEditor editor;
  Type(editor, "abc");
  Press(editor, {Kind::kLeft, Kind::kEraseLine});
  EXPECT_EQ(editor.text(), "c");
  Press(editor, {Kind::kBackspace, Kind::kLeft, Kind::kHome});
  EXPECT_EQ(editor.text(), "c");
}

TEST(LineEditorTest, EndsWithEnterOrEscape) {
  LineEditor editor;
  EXPECT_EQ(editor.Take({.kind = Kind::kEnter}), LineEditor::Outcome::kDone);
  EXPECT_EQ(editor.Take({.kind = Kind::kEscape}), LineEditor::Outcome::kCancelled);
}

TEST(LineEditorTest, TakesNoMoreThanItsRoom) {
  LineEditor editor;
  Type(editor, std::string(LineEditor::kLongest + 5, '1'));
  EXPECT_EQ(editor.text().size(), LineEditor::kLongest);
}

}  // namespace
}  // namespace flexai::cli
