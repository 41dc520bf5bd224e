// The bytes a terminal sends, as keys. A sequence may arrive in pieces, and a lone Escape looks like the beginning of one: whoever waits for input asks
// HasPending() and calls Flush() when nothing follows within a moment. The bytes are foreign (fuzzed): what is no key is left out. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flexai::cli {

struct Key {
  enum class Kind : std::uint8_t {
    kCharacter,
    kEnter,
    kEscape,
    kBackspace,
    kDelete,
    kUp,
    kDown,
    kLeft,
    kRight,
    kHome,
    kEnd,
    kPageUp,
    kPageDown,
    kEraseLine,  // Ctrl-U
    kRedraw,     // Ctrl-L
  };
  Kind kind = Kind::kCharacter;
  char character = '\0';  // with kCharacter: printable ASCII; nothing else has a meaning here

  friend bool operator==(const Key&, const Key&) = default;
};

class KeyDecoder {
 public:
  /// The keys that `bytes` complete, in order.
  [[nodiscard]] std::vector<Key> Feed(std::string_view bytes);
  /// A sequence has begun and not ended.
  [[nodiscard]] bool HasPending() const noexcept { return state_ != State::kGround; }
  /// Nothing follows: a lone Escape is the key, a broken sequence is nothing.
  [[nodiscard]] std::vector<Key> Flush();

 private:
  enum class State : std::uint8_t { kGround, kEscape, kParameters, kSingleShift };
  void Take(unsigned char byte, std::vector<Key>& keys);
  void TakePlain(unsigned char byte, std::vector<Key>& keys);

  State state_ = State::kGround;
  std::string parameters_;  // of a control sequence (ECMA-48 5.4), cut at a length no key needs
};

}  // namespace flexai::cli
