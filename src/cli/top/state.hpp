// What a person does to `flexai top`: keys come in, and the state of the picture and wishes for changes come out. Pure: no terminal, no clock, no region;
// main thread.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "cli/share_change.hpp"
#include "cli/top/frame.hpp"
#include "cli/top/key_decoder.hpp"
#include "cli/top/line_editor.hpp"

namespace flexai::cli {

struct TopQuit {};
struct TopRedraw {};  // something else wrote into the window
/// To be asked of admission; Answer() takes what it says.
struct TopChange {
  std::string slice, xpu;
  WantedChange wanted;
  std::string done;  // what to say when it was granted
};
using TopAction = std::variant<std::monostate, TopQuit, TopRedraw, TopChange>;

class TopState {
 public:
  explicit TopState(Nanos interval) : interval_(interval) {}

  /// The picture of a new moment. The selected share stays selected; when it ended, the one in its place is.
  void Show(TopFrame frame);
  [[nodiscard]] TopAction OnKey(const Key& key);
  /// How a TopChange ended: said at the foot until the next key.
  void Answer(const Status& status, const std::string& done);

  [[nodiscard]] const TopFrame& frame() const noexcept { return frame_; }
  [[nodiscard]] bool IsSelected(const std::string& xpu, const TopShare& share) const noexcept;
  [[nodiscard]] TopSort sort() const noexcept { return sort_; }
  [[nodiscard]] bool frozen() const noexcept { return frozen_; }
  [[nodiscard]] bool shows_help() const noexcept { return help_; }
  [[nodiscard]] Nanos interval() const noexcept { return interval_; }

  struct Message {
    std::string text;
    bool is_refusal = false;
  };
  [[nodiscard]] const Message& message() const noexcept { return message_; }

  /// The line being typed, with the question before it.
  struct Prompt {
    enum class Kind : std::uint8_t { kCores, kMemory, kInterval };
    Kind kind = Kind::kCores;
    std::string question, slice, xpu;
    LineEditor editor;
  };
  [[nodiscard]] const std::optional<Prompt>& prompt() const noexcept { return prompt_; }

 private:
  struct Place {  // of a share, in the order of rows
    const TopXpu* xpu = nullptr;
    const TopShare* share = nullptr;
  };
  struct Selection {
    std::string xpu;
    slice::SlotRef ref;
    std::size_t row = 0;
  };
  [[nodiscard]] std::vector<Place> Places() const;
  [[nodiscard]] Place Selected() const;
  void Select(std::size_t row);
  void Move(std::ptrdiff_t by);
  [[nodiscard]] TopAction OnCharacter(char character);
  [[nodiscard]] TopAction OnPromptKey(const Key& key);
  [[nodiscard]] TopAction OnPromptDone();
  [[nodiscard]] TopAction ChangeCores(int points);
  [[nodiscard]] TopAction CyclePriority();
  void Ask(Prompt::Kind kind);
  [[nodiscard]] bool MayChange();
  void Refuse(std::string sentence) { message_ = {.text = std::move(sentence), .is_refusal = true}; }

  TopFrame frame_;
  std::optional<Selection> selection_;
  TopSort sort_ = TopSort::kName;
  bool frozen_ = false, help_ = false;
  Nanos interval_;
  Message message_;
  std::optional<Prompt> prompt_;
};

}  // namespace flexai::cli
