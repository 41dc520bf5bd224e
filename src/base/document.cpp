#include "base/document.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

namespace flexai {
namespace {

const Document kNothing;
const Document::Array kNoItems;
const Document::Object kNoMembers;

void AppendNumber(std::string& out, auto value) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

// Length of the valid UTF-8 sequence that `text` begins with; 0 when there is none (RFC 3629: no surrogates, nothing overlong).
std::size_t SequenceLength(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) { return byte(i) >= low && byte(i) <= high; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool second = follows(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
    return second && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool second = follows(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    const char c = text.front();
    if (length == 0) {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
      continue;
    }
    if (length > 1) {
      out += text.substr(0, length);
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      constexpr std::string_view kHex = "0123456789abcdef";
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[c & 0xf];
    } else {
      out += c;
    }
    text.remove_prefix(length);
  }
  out += '"';
}

// Plain only where no YAML reader, of 1.1 or 1.2, takes it for a number, a truth value, a date or syntax.
bool PlainInYaml(std::string_view text) {
  static const std::set<std::string, std::less<>> kReserved{"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
  if (text.empty() || text.back() == ' ') return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!letter(text.front())) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!letter(c) && !(c >= '0' && c <= '9') && std::string_view("_-./ ()+@,").find(c) == std::string_view::npos) return false;
  }
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return !kReserved.contains(lower);
}

class JsonText {
 public:
  explicit JsonText(bool pretty) : pretty_(pretty) {}

  std::string Of(const Document& document) {
    Write(document);
    return std::move(out_);
  }

 private:
  void Write(const Document& document) {
    std::visit([this](const auto& value) { WriteValue(value); }, document.value());
  }
  void WriteValue(std::monostate) { out_ += "null"; }
  void WriteValue(bool value) { out_ += value ? "true" : "false"; }
  void WriteValue(std::int64_t value) { AppendNumber(out_, value); }
  void WriteValue(std::uint64_t value) { AppendNumber(out_, value); }
  void WriteValue(double value) {
    if (!std::isfinite(value))
      out_ += "null";  // JSON has no word for it
    else if (value == 0 && std::signbit(value))
      out_ += "-0.0";  // "-0" would be read as an integer, which has no sign there
    else
      AppendNumber(out_, value);
  }
  void WriteValue(const std::string& text) { AppendQuoted(out_, text); }
  void WriteValue(const Document::Array& items) {
    WriteGroup(items, '[', ']', [this](const Document& item) { Write(item); });
  }
  void WriteValue(const Document::Object& members) {
    WriteGroup(members, '{', '}', [this](const Document::Member& member) {
      AppendQuoted(out_, member.first);
      out_ += ": ";
      Write(member.second);
    });
  }
  void WriteGroup(const auto& items, char open, char close, const auto& write_item) {
    out_ += open;
    ++depth_;
    bool first = true;
    for (const auto& item : items) {
      if (!first) out_ += pretty_ ? "," : ", ";
      first = false;
      Break();
      write_item(item);
    }
    --depth_;
    if (!first) Break();
    out_ += close;
  }
  void Break() {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(depth_ * 2, ' ');
  }

  std::string out_;
  bool pretty_;
  std::size_t depth_ = 0;
};

// Scalars stand on the line of their key; what has members stands under it.
class YamlText {
 public:
  std::string Of(const Document& document) {
    if (IsGroup(document))
      WriteGroup(document, 0);
    else
      WriteScalar(document);
    if (!out_.empty() && out_.back() == '\n') out_.pop_back();
    return std::move(out_);
  }

 private:
  static bool IsGroup(const Document& document) { return !document.Items().empty() || !document.Members().empty(); }

  void WriteScalar(const Document& document) {
    const auto text = document.AsText();
    if (text && PlainInYaml(*text))
      out_ += *text;
    else
      out_ += document.ToJson();  // JSON's scalars, [] and {} are YAML
  }
  void WriteKey(std::string_view key) {
    if (PlainInYaml(key))
      out_ += key;
    else
      AppendQuoted(out_, key);
    out_ += ':';
  }
  // Begins on a line that already has `depth` levels of indentation.
  void WriteGroup(const Document& document, std::size_t depth) {
    bool first = true;
    const auto indent = [&] {
      if (!first) out_.append(depth * 2, ' ');
      first = false;
    };
    for (const Document& item : document.Items()) {
      indent();
      out_ += "- ";
      if (IsGroup(item)) {
        WriteGroup(item, depth + 1);
        continue;
      }
      WriteScalar(item);
      out_ += '\n';
    }
    for (const Document::Member& member : document.Members()) {
      indent();
      WriteKey(member.first);
      if (IsGroup(member.second)) {
        out_ += '\n';
        out_.append((depth + 1) * 2, ' ');
        WriteGroup(member.second, depth + 1);
        continue;
      }
      out_ += ' ';
      WriteScalar(member.second);
      out_ += '\n';
    }
  }

  std::string out_;
};

// Builds a Document from the events of Boost's parser. Not through boost::json::value: its doubles are off by a bit in the last
// place (Boost 1.81), so that a number would not survive being written and read again.
class JsonReader {
 public:
  // Limits that the parser asks for; the length of the text is the limit here.
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  using ErrorOut = boost::json::error_code&;
  using Text = boost::json::string_view;

  Document TakeResult() { return std::move(root_); }

  bool on_document_begin(ErrorOut) { return true; }
  bool on_document_end(ErrorOut) { return true; }
  bool on_object_begin(ErrorOut) { return Open(Document::EmptyObject()); }
  bool on_array_begin(ErrorOut) { return Open(Document::EmptyArray()); }
  bool on_array_end(std::size_t, ErrorOut) { return Close(); }
  bool on_object_end(std::size_t, ErrorOut) {
    open_.back().value = KeepLastOfEachName(open_.back().value.Members());
    return Close();
  }
  bool on_key_part(Text part, std::size_t, ErrorOut) { return Append(part); }
  bool on_key(Text part, std::size_t, ErrorOut) {
    Append(part);
    open_.back().key = std::exchange(text_, {});
    return true;
  }
  bool on_string_part(Text part, std::size_t, ErrorOut) { return Append(part); }
  bool on_string(Text part, std::size_t, ErrorOut) {
    Append(part);
    return Put(std::exchange(text_, {}));
  }
  bool on_number_part(Text part, ErrorOut) { return Append(part); }
  bool on_int64(std::int64_t value, Text, ErrorOut) { return PutNumber(value); }
  bool on_uint64(std::uint64_t value, Text, ErrorOut) { return PutNumber(value); }
  bool on_double(double nearly, Text part, ErrorOut error) {
    Append(part);
    double value = nearly;
    // Too small for a double leaves `nearly`, which then is 0 or the smallest.
    std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (!std::isfinite(value)) {
      error = boost::json::error::exponent_overflow;
      return false;
    }
    return PutNumber(value);
  }
  bool on_bool(bool value, ErrorOut) { return Put(value); }
  bool on_null(ErrorOut) { return Put(Document()); }
  bool on_comment_part(Text, ErrorOut) { return true; }
  bool on_comment(Text, ErrorOut) { return true; }

 private:
  struct Level {
    Document value;
    std::string key;  // of the member that is read next
  };

  bool Append(Text part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool PutNumber(auto value) {
    text_.clear();
    return Put(value);
  }
  bool Put(Document value) {
    if (open_.empty())
      root_ = std::move(value);
    else if (open_.back().value.IsObject())
      open_.back().value.Add(std::move(open_.back().key), std::move(value));
    else
      open_.back().value.Add(std::move(value));
    return true;
  }
  bool Open(Document group) {
    open_.push_back({std::move(group), {}});
    return true;
  }
  bool Close() {
    Document value = std::move(open_.back().value);
    open_.pop_back();
    return Put(std::move(value));
  }
  static Document KeepLastOfEachName(const Document::Object& members) {
    std::set<std::string_view> seen;
    Document::Object kept;
    for (auto member = members.rbegin(); member != members.rend(); ++member)
      if (seen.insert(member->first).second) kept.push_back(*member);
    std::reverse(kept.begin(), kept.end());
    return kept;
  }

  Document root_;
  std::vector<Level> open_;
  std::string text_;  // of a key, string or number that comes in parts
};

}  // namespace

Document& Document::Add(Document item) {
  if (IsNull()) value_ = Array{};
  std::get<Array>(value_).push_back(std::move(item));
  return *this;
}

Document& Document::Add(std::string key, Document value) {
  if (IsNull()) value_ = Object{};
  std::get<Object>(value_).emplace_back(std::move(key), std::move(value));
  return *this;
}

const Document& Document::operator[](std::string_view key) const noexcept {
  for (const Member& member : Members())
    if (member.first == key) return member.second;
  return kNothing;
}

const Document::Array& Document::Items() const noexcept {
  const auto* items = std::get_if<Array>(&value_);
  return items != nullptr ? *items : kNoItems;
}

const Document::Object& Document::Members() const noexcept {
  const auto* members = std::get_if<Object>(&value_);
  return members != nullptr ? *members : kNoMembers;
}

std::optional<std::string_view> Document::AsText() const noexcept {
  const auto* text = std::get_if<std::string>(&value_);
  if (text == nullptr) return std::nullopt;
  return *text;
}

std::optional<bool> Document::AsBool() const noexcept {
  const auto* value = std::get_if<bool>(&value_);
  if (value == nullptr) return std::nullopt;
  return *value;
}

std::optional<std::int64_t> Document::AsInt() const noexcept {
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return *value;
  if (const auto* value = std::get_if<std::uint64_t>(&value_))
    if (*value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return static_cast<std::int64_t>(*value);
  return std::nullopt;
}

std::optional<std::uint64_t> Document::AsUnsigned() const noexcept {
  if (const auto* value = std::get_if<std::uint64_t>(&value_)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&value_))
    if (*value >= 0) return static_cast<std::uint64_t>(*value);
  return std::nullopt;
}

std::optional<double> Document::AsDouble() const noexcept {
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<std::uint64_t>(&value_)) return static_cast<double>(*value);
  return std::nullopt;
}

std::string Document::ToJson() const { return JsonText(false).Of(*this); }
std::string Document::ToPrettyJson() const { return JsonText(true).Of(*this); }
std::string Document::ToYaml() const { return YamlText().Of(*this); }

Result<Document> Document::ParseJson(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = 32;
  boost::json::basic_parser<JsonReader> parser(options);
  boost::json::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = boost::json::error::extra_data;
  if (error) return Fail(ErrorCode::kCorrupt, "malformed JSON: " + error.message());
  return parser.handler().TakeResult();
}

}  // namespace flexai
