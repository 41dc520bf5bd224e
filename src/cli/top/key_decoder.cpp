#include "cli/top/key_decoder.hpp"

#include <optional>

namespace flexai::cli {
namespace {

using Kind = Key::Kind;

constexpr unsigned char kEscapeByte = 0x1b;
constexpr std::size_t kLongestParameters = 16;

// `ESC [ … final` and `ESC O final`: cursor keys have a letter, the others a number before `~`. Modifiers come after a semicolon and change nothing here.
std::optional<Kind> KindOf(unsigned char final, std::string_view parameters) {
  switch (final) {
    case 'A': return Kind::kUp;
    case 'B': return Kind::kDown;
    case 'C': return Kind::kRight;
    case 'D': return Kind::kLeft;
    case 'H': return Kind::kHome;
    case 'F': return Kind::kEnd;
    case '~': break;
    default: return std::nullopt;
  }
  const std::string_view number = parameters.substr(0, parameters.find(';'));
  if (number == "1" || number == "7") return Kind::kHome;
  if (number == "4" || number == "8") return Kind::kEnd;
  if (number == "3") return Kind::kDelete;
  if (number == "5") return Kind::kPageUp;
  if (number == "6") return Kind::kPageDown;
  return std::nullopt;
}

}  // namespace

std::vector<Key> KeyDecoder::Feed(std::string_view bytes) {
  std::vector<Key> keys;
  for (const char byte : bytes) Take(static_cast<unsigned char>(byte), keys);
  return keys;
}

std::vector<Key> KeyDecoder::Flush() {
  const bool lone = state_ == State::kEscape;
  state_ = State::kGround;
  if (lone) return {{.kind = Kind::kEscape}};
  return {};
}

void KeyDecoder::Take(unsigned char byte, std::vector<Key>& keys) {
  if (state_ != State::kGround && byte == kEscapeByte) {  // whatever had begun is over
    if (state_ == State::kEscape) keys.push_back({.kind = Kind::kEscape});
    state_ = State::kEscape;
    return;
  }
  switch (state_) {
    case State::kGround: return TakePlain(byte, keys);
    case State::kEscape:
      parameters_.clear();
      if (byte == '[') {
        state_ = State::kParameters;
      } else if (byte == 'O') {
        state_ = State::kSingleShift;
      } else {  // Alt and a key
        state_ = State::kGround;
        keys.push_back({.kind = Kind::kEscape});
        TakePlain(byte, keys);
      }
      return;
    case State::kParameters:
      if (byte >= 0x20 && byte <= 0x3f) {
        if (parameters_.size() < kLongestParameters) parameters_ += static_cast<char>(byte);
        return;
      }
      break;
    case State::kSingleShift: break;
  }
  state_ = State::kGround;
  if (byte < 0x20 || byte >= 0x7f) return TakePlain(byte, keys);  // broken off by something else
  if (const auto kind = KindOf(byte, parameters_)) keys.push_back({.kind = *kind});
}

void KeyDecoder::TakePlain(unsigned char byte, std::vector<Key>& keys) {
  switch (byte) {
    case kEscapeByte: state_ = State::kEscape; return;
    case '\r':
    case '\n': keys.push_back({.kind = Kind::kEnter}); return;
    case 0x08:
    case 0x7f: keys.push_back({.kind = Kind::kBackspace}); return;
    case 0x01: keys.push_back({.kind = Kind::kHome}); return;
    case 0x05: keys.push_back({.kind = Kind::kEnd}); return;
    case 0x0c: keys.push_back({.kind = Kind::kRedraw}); return;
    case 0x15: keys.push_back({.kind = Kind::kEraseLine}); return;
    default: break;
  }
  if (byte >= 0x20 && byte < 0x7f) keys.push_back({.character = static_cast<char>(byte)});
}

}  // namespace flexai::cli
