#include "slice/runtime_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>

#include <array>

namespace flexai::slice {
namespace {

std::string_view Decimal(std::uint32_t value, std::array<char, 10>& buffer) noexcept {
  std::size_t k = buffer.size();
  do {
    buffer[--k] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  return {buffer.data() + k, buffer.size() - k};
}

bool IsShared(const struct stat& status) noexcept { return (status.st_mode & S_IWGRP) != 0; }

}  // namespace

Outcome FindRuntimeDirectory(std::string_view override_path, RuntimeDirectory& out) noexcept {
  struct stat status{};
  if (!override_path.empty()) {
    out.path = Path(override_path, "");
    if (out.path.empty()) return Outcome::kInvalid;
    if (stat(out.path.c_str(), &status) != 0) return errno == ENOENT ? Outcome::kNotFound : Outcome::kIo;
    if (!S_ISDIR(status.st_mode)) {
      errno = ENOTDIR;
      return Outcome::kIo;
    }
    if (access(out.path.c_str(), R_OK | X_OK) != 0) return Outcome::kIo;
    out.shared = IsShared(status);
    return Outcome::kOk;
  }
  constexpr std::string_view kSystem = "/run/flexai";
  if (stat(kSystem.data(), &status) == 0 && S_ISDIR(status.st_mode) && access(kSystem.data(), R_OK | W_OK | X_OK) == 0) {
    out.path = Path(kSystem, "");
    out.shared = IsShared(status);
    return Outcome::kOk;
  }
  std::array<char, 10> buffer;
  out.path = Path("/dev/shm/flexai-", Decimal(geteuid(), buffer));
  out.shared = false;
  // Others may see that a region of an XPU exists, not read it.
  if (mkdir(out.path.c_str(), 0711) == 0) (void)chmod(out.path.c_str(), 0711);  // whatever the umask says
  if (lstat(out.path.c_str(), &status) != 0) return Outcome::kIo;
  if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid()) return Outcome::kForeignOwner;
  return Outcome::kOk;
}

}  // namespace flexai::slice
