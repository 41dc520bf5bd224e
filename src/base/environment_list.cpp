#include "base/environment_list.hpp"

#include <algorithm>

namespace flexai {
namespace {

bool Names(const std::string& entry, std::string_view key) {
  return entry.size() > key.size() && entry[key.size()] == '=' && std::string_view(entry).starts_with(key);
}

}  // namespace

EnvironmentList::EnvironmentList(const char* const* entries) {
  for (; entries != nullptr && *entries != nullptr; ++entries) entries_.emplace_back(*entries);
}

std::string_view EnvironmentList::Get(std::string_view key) const noexcept {
  for (const std::string& entry : entries_)
    if (Names(entry, key)) return std::string_view(entry).substr(key.size() + 1);
  return {};
}

void EnvironmentList::Set(std::string_view key, std::string_view value) {
  Unset(key);
  entries_.push_back(std::string(key) + "=" + std::string(value));
}

void EnvironmentList::Unset(std::string_view key) {
  std::erase_if(entries_, [key](const std::string& entry) { return Names(entry, key); });
}

void EnvironmentList::Prepend(std::string_view key, std::string_view item, char separator) {
  std::string value(item);
  if (const std::string_view old = Get(key); !old.empty()) value += separator + std::string(old);
  Set(key, value);
}

std::vector<std::string> SplitList(std::string_view list, std::string_view separators) {
  std::vector<std::string> items;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(separators), list.size());
    if (end > 0) items.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return items;
}

}  // namespace flexai
