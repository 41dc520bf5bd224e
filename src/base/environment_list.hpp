// The environment of a program about to be started: KEY=VALUE strings that can be looked up and changed. Never reads our own environment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace flexai {

class EnvironmentList {
 public:
  EnvironmentList() = default;
  explicit EnvironmentList(std::vector<std::string> entries) : entries_(std::move(entries)) {}
  /// A copy of a null-terminated array such as `environ`.
  explicit EnvironmentList(const char* const* entries);

  /// Empty when it is not set: nothing we look for tells the two apart.
  [[nodiscard]] std::string_view Get(std::string_view key) const noexcept;
  void Set(std::string_view key, std::string_view value);
  void Unset(std::string_view key);
  /// Puts `item` in front of a list, keeping what is there.
  void Prepend(std::string_view key, std::string_view item, char separator);

  [[nodiscard]] const std::vector<std::string>& entries() const noexcept { return entries_; }

 private:
  std::vector<std::string> entries_;
};

/// The items of a list such as LD_LIBRARY_PATH, without empty ones.
[[nodiscard]] std::vector<std::string> SplitList(std::string_view list, std::string_view separators);

}  // namespace flexai
