#include "cli/top/line_editor.hpp"

namespace flexai::cli {

LineEditor::Outcome LineEditor::Take(const Key& key) {
  using Kind = Key::Kind;
  switch (key.kind) {
    case Kind::kEnter: return Outcome::kDone;
    case Kind::kEscape: return Outcome::kCancelled;
    case Kind::kCharacter:
      if (text_.size() < kLongest) text_.insert(cursor_++, 1, key.character);
      break;
    case Kind::kBackspace:
      if (cursor_ > 0) text_.erase(--cursor_, 1);
      break;
    case Kind::kDelete:
      if (cursor_ < text_.size()) text_.erase(cursor_, 1);
      break;
    case Kind::kLeft:
      if (cursor_ > 0) --cursor_;
      break;
    case Kind::kRight:
      if (cursor_ < text_.size()) ++cursor_;
      break;
    case Kind::kHome: cursor_ = 0; break;
    case Kind::kEnd: cursor_ = text_.size(); break;
    case Kind::kEraseLine:
      text_.erase(0, cursor_);
      cursor_ = 0;
      break;
    case Kind::kUp:
    case Kind::kDown:
    case Kind::kPageUp:
    case Kind::kPageDown:
    case Kind::kRedraw: break;
  }
  return Outcome::kGoesOn;
}

}  // namespace flexai::cli
