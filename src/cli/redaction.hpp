// What may leave this machine in a support bundle, made from what the commands print here. Paths outside of system folders, names of people and values of
// variables that are called secrets are replaced; the same thing by the same word, so that a reader still sees what belongs together. Main thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.hpp"
#include "base/environment_list.hpp"

namespace flexai::cli {

class Redactor {
 public:
  /// Values of variables whose names say that they are secrets are never printed, wherever they turn up; HOME and the like are paths.
  explicit Redactor(const EnvironmentList& environment);

  /// A login name. root stays, and so does a uid.
  void HideName(std::string_view login);
  /// A path, also one with blanks; unless it lies in a system folder.
  void HideFolder(std::string_view path);
  /// The same, and its last part by itself.
  void HidePath(std::string_view path);

  [[nodiscard]] std::string Text(std::string_view text) const;
  /// Every string in `document`. Members `owner`, `user` and `other_users` are names of people; of what a slice's `command` was started with the
  /// program's name is kept, where it can be told from the rest.
  [[nodiscard]] Document Tree(const Document& document);

  /// `NAME=value` for variables that are known to hold settings, `NAME is set` for others of drivers and loaders; nothing of the rest.
  [[nodiscard]] std::string Environment(const EnvironmentList& environment) const;

  /// How many different things were replaced.
  [[nodiscard]] std::size_t Count() const noexcept { return words_.size(); }

 private:
  void Hide(std::string_view text, std::string_view kind);
  void LearnNames(const Document& document);

  mutable std::map<std::string, std::string, std::less<>> words_;  // what is replaced, and by what
  mutable std::map<std::string, int, std::less<>> kinds_;
};

}  // namespace flexai::cli
