// A tree of values: what `-o json|yaml` prints and what crosses the pipe between our own processes. Objects keep the order in which members were added.
// A value type; no thread of its own. Parsing takes foreign bytes (fuzzed): nesting deeper than 32 is an error, of members with one name the last counts.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace flexai {

class Document {
 public:
  using Array = std::vector<Document>;
  using Member = std::pair<std::string, Document>;
  using Object = std::vector<Member>;

  Document() = default;  // null: "unknown" is always null, never 0
  // NOLINTBEGIN(google-explicit-constructor): documents are written as literals
  Document(std::nullptr_t) {}
  template <class T>
    requires std::is_same_v<T, bool>
  Document(T value) : value_(value) {}
  template <class T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool> && std::is_signed_v<T>)
  Document(T value) : value_(static_cast<std::int64_t>(value)) {}
  template <class T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool> && std::is_unsigned_v<T>)
  Document(T value) : value_(static_cast<std::uint64_t>(value)) {}
  Document(double value) : value_(value) {}
  Document(const char* text) : value_(std::string(text)) {}
  Document(std::string_view text) : value_(std::string(text)) {}
  Document(std::string text) : value_(std::move(text)) {}
  Document(Array items) : value_(std::move(items)) {}
  Document(Object members) : value_(std::move(members)) {}
  template <class T>
  Document(const std::optional<T>& value) {
    if (value) *this = Document(*value);
  }
  // NOLINTEND(google-explicit-constructor)

  /// `Document::Of({{"name", "a"}, {"bytes", 7}})`.
  [[nodiscard]] static Document Of(std::initializer_list<Member> members) { return Object(members); }
  [[nodiscard]] static Document EmptyArray() { return Array{}; }
  [[nodiscard]] static Document EmptyObject() { return Object{}; }

  /// Appends to an array, or a member to an object; a null document becomes one first.
  Document& Add(Document item);
  Document& Add(std::string key, Document value);

  [[nodiscard]] bool IsNull() const noexcept { return std::holds_alternative<std::monostate>(value_); }
  [[nodiscard]] bool IsObject() const noexcept { return std::holds_alternative<Object>(value_); }
  [[nodiscard]] bool IsArray() const noexcept { return std::holds_alternative<Array>(value_); }

  /// The member, or a null document where there is none (also in what is no object): reading optional members needs no test.
  [[nodiscard]] const Document& operator[](std::string_view key) const noexcept;
  [[nodiscard]] const Array& Items() const noexcept;     // empty when it is no array
  [[nodiscard]] const Object& Members() const noexcept;  // empty when it is no object
  [[nodiscard]] std::optional<std::string_view> AsText() const noexcept;
  [[nodiscard]] std::optional<bool> AsBool() const noexcept;
  [[nodiscard]] std::optional<std::int64_t> AsInt() const noexcept;  // nothing when it does not fit
  [[nodiscard]] std::optional<std::uint64_t> AsUnsigned() const noexcept;
  [[nodiscard]] std::optional<double> AsDouble() const noexcept;  // of any number

  /// Without a line break at the end. Bytes that are no UTF-8 (a driver's strings) become U+FFFD.
  [[nodiscard]] std::string ToJson() const;        // one line
  [[nodiscard]] std::string ToPrettyJson() const;  // two spaces a level
  [[nodiscard]] std::string ToYaml() const;        // block style, YAML 1.2; every string that could be read as something else is quoted

  [[nodiscard]] static Result<Document> ParseJson(std::string_view text);

  using Value = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object>;
  [[nodiscard]] const Value& value() const noexcept { return value_; }

 private:
  Value value_;
};

}  // namespace flexai
