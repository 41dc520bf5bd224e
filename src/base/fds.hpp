// Owning file descriptors, and whole files read and written. Every descriptor is made close-on-exec. Any thread; an object belongs to one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace flexai {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) Reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~UniqueFd() { Reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int Release() noexcept { return std::exchange(fd_, -1); }
  void Reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

struct Pipe {
  UniqueFd read_end, write_end;
};
[[nodiscard]] Result<Pipe> MakePipe();

/// The file's bytes, at most `limit` (more is an error: nothing we read is large). kNotFound when there is no such file.
[[nodiscard]] Result<std::string> ReadFile(const std::string& path, std::size_t limit = std::size_t{1} << 20);

/// Writes all of `bytes`; false when the other side is gone or the disk is full (errno tells).
[[nodiscard]] bool WriteAll(int fd, std::string_view bytes) noexcept;

}  // namespace flexai
