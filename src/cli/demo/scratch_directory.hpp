// A directory for the files that programs of a demo hand to each other. Removed with its files when the object goes, and when SIGINT, SIGTERM or SIGHUP ends
// the process. One at a time; main thread.
#pragma once

#include <string>

#include "base/result.hpp"

namespace flexai::cli {

class ScratchDirectory {
 public:
  /// In `parent`, with a name of its own, for this user alone. `file`: the one name that will be used in it.
  [[nodiscard]] static Result<ScratchDirectory> Make(const std::string& parent, const std::string& file);
  ScratchDirectory(ScratchDirectory&& other) noexcept;
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace flexai::cli
