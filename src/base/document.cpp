#include "base/document.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
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
  static const std::set<std::string, std::less<>> reserved{"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
  if (text.empty() || text.back() == ' ') return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!letter(text.front())) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!letter(c) && !(c >= '0' && c <= '9') && std::string_view("_-./ ()+@,").find(c) == std::string_view::npos) return false;
  }
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return !reserved.contains(lower);
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
    if (std::isfinite(value))
      AppendNumber(out_, value);
    else
      out_ += "null";  // JSON has no word for it
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

Result<Document> Convert(const boost::json::value& json) {
  switch (json.kind()) {
    case boost::json::kind::null: return Document();
    case boost::json::kind::bool_: return Document(json.get_bool());
    case boost::json::kind::int64: return Document(json.get_int64());
    case boost::json::kind::uint64: return Document(json.get_uint64());
    case boost::json::kind::double_: return Document(json.get_double());
    case boost::json::kind::string: return Document(std::string_view(json.get_string().data(), json.get_string().size()));
    case boost::json::kind::array: {
      Document array = Document::EmptyArray();
      for (const auto& item : json.get_array()) {
        FLEXAI_TRY(Document converted, Convert(item));
        array.Add(std::move(converted));
      }
      return array;
    }
    case boost::json::kind::object: {
      Document object = Document::EmptyObject();
      for (const auto& member : json.get_object()) {
        FLEXAI_TRY(Document converted, Convert(member.value()));
        object.Add(std::string(member.key().data(), member.key().size()), std::move(converted));
      }
      return object;
    }
  }
  return Fail(ErrorCode::kCorrupt, "JSON of an unknown kind");
}

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
  boost::json::error_code error;
  const boost::json::value json = boost::json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return Fail(ErrorCode::kCorrupt, "malformed JSON: " + error.message());
  return Convert(json);
}

}  // namespace flexai
