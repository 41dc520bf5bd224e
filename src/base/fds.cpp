#include "base/fds.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace flexai {

void UniqueFd::Reset(int fd) noexcept {
  if (fd_ >= 0) {
    const int error_number = errno;
    close(fd_);
    errno = error_number;  // a destructor on an error path must not change the error
  }
  fd_ = fd;
}

Result<Pipe> MakePipe() {
  std::array<int, 2> fds{};
  if (pipe2(fds.data(), O_CLOEXEC) != 0) return FailErrno("making a pipe", errno);
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Result<std::string> ReadFile(const std::string& path, std::size_t limit) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    const int error_number = errno;
    auto failure = FailErrno("reading " + path, error_number);
    if (error_number == ENOENT || error_number == ENOTDIR) failure.value().code = ErrorCode::kNotFound;
    return failure;
  }
  std::string bytes;
  std::array<char, 16384> block{};
  for (;;) {
    const ssize_t n = read(fd.get(), block.data(), block.size());
    if (n == 0) return bytes;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno("reading " + path, errno);
    bytes.append(block.data(), static_cast<std::size_t>(n));
    if (bytes.size() > limit) return Fail(ErrorCode::kInvalid, "reading " + path + ": longer than " + std::to_string(limit) + " bytes");
  }
}

bool WriteAll(int fd, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace flexai
