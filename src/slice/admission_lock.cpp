#include "slice/admission_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <ctime>

#include <algorithm>
#include <atomic>

#include "core/clock.hpp"

namespace flexai::slice {
namespace {

// The pid of the process whose thread is inside, 0 if none. A pid and not a flag: a child forked while another thread was inside finds its parent's
// number and may step over it.
std::atomic<std::int32_t> inside{0};

constexpr Nanos kPatience = kSecond;

void Nap(Nanos length) noexcept {
  const timespec time{0, static_cast<long>(length)};
  nanosleep(&time, nullptr);
}

bool EnterProcess(Nanos deadline) noexcept {
  const std::int32_t self = getpid();
  for (;;) {
    std::int32_t seen = inside.load(std::memory_order_relaxed);
    if (seen != self && inside.compare_exchange_strong(seen, self, std::memory_order_acquire)) return true;
    if (MonotonicNow() > deadline) return false;
    Nap(20 * kMicrosecond);
  }
}

}  // namespace

Outcome AdmissionLock::Acquire(const char* path, std::int32_t& holder_pid) noexcept {
  holder_pid = 0;
  const Nanos deadline = MonotonicNow() + kPatience;
  if (!EnterProcess(deadline)) {
    holder_pid = getpid();
    return Outcome::kBusy;
  }
  // Created with the directory's own rights: group members of a shared directory must be able to lock too.
  int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 && errno == ENOENT) {
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat status{};
    if (fd >= 0 && fstat(fd, &status) == 0) {
      char directory[512];
      const std::size_t length = strlen(path);
      std::size_t slash = std::min(length, sizeof directory - 1);
      while (slash > 0 && path[slash] != '/') --slash;
      std::copy_n(path, slash, directory);
      directory[slash] = '\0';
      struct stat parent{};
      if (stat(directory, &parent) == 0 && (parent.st_mode & S_IWGRP) != 0) (void)fchmod(fd, 0660);
    }
  }
  Outcome outcome = fd < 0 ? Outcome::kIo : Outcome::kBusy;
  for (Nanos nap = 20 * kMicrosecond; outcome == Outcome::kBusy; nap = std::min(nap * 2, kMillisecond)) {
    struct flock request{};
    request.l_type = F_WRLCK;
    request.l_whence = SEEK_SET;
    if (fcntl(fd, F_SETLK, &request) == 0) {
      fd_ = fd;
      return Outcome::kOk;
    }
    if (errno != EACCES && errno != EAGAIN && errno != EINTR) {
      outcome = Outcome::kIo;
    } else if (MonotonicNow() > deadline) {
      struct flock holder{};
      holder.l_type = F_WRLCK;
      holder.l_whence = SEEK_SET;
      if (fcntl(fd, F_GETLK, &holder) == 0 && holder.l_type != F_UNLCK) holder_pid = holder.l_pid > 0 ? holder.l_pid : 0;
      break;
    } else {
      Nap(nap);
    }
  }
  const int error = errno;
  if (fd >= 0) close(fd);
  inside.store(0, std::memory_order_release);
  errno = error;
  return outcome;
}

AdmissionLock::~AdmissionLock() {
  if (fd_ < 0) return;
  close(fd_);  // closing releases a record lock
  inside.store(0, std::memory_order_release);
}

}  // namespace flexai::slice
