#include "slice/lifeline.hpp"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <ctime>

#include <climits>
#include <cstddef>

#include "core/clock.hpp"
#include "slice/region_view.hpp"

namespace flexai::slice {
namespace {

struct Start {
  std::uint32_t* alive;
  std::uint32_t result;  // futex: 0 running, 1 ready, 2 no robust lists
};

void* Live(void* argument) {
  auto* start = static_cast<Start*>(argument);
  // One entry, in our own memory: nobody else can make the kernel follow a pointer of theirs. The word lies futex_offset bytes from the entry.
  struct robust_list_head head;
  struct robust_list entry;
  head.list.next = &entry;
  entry.next = &head.list;
  head.futex_offset = reinterpret_cast<char*>(start->alive) - reinterpret_cast<char*>(&entry);
  head.list_op_pending = nullptr;
  struct robust_list_head* seen = nullptr;
  std::size_t length = 0;
  const bool works =
      syscall(SYS_set_robust_list, &head, sizeof head) == 0 && syscall(SYS_get_robust_list, 0, &seen, &length) == 0 && seen == &head;
  if (works) Atomic(*start->alive).store(static_cast<std::uint32_t>(syscall(SYS_gettid)), std::memory_order_seq_cst);
  std::uint32_t* result = &start->result;
  Atomic(*result).store(works ? 1 : 2, std::memory_order_release);
  FutexWake(result, INT_MAX);
  if (!works) return nullptr;
  for (;;) {
    const timespec long_time{86'400, 0};
    nanosleep(&long_time, nullptr);
  }
}

}  // namespace

bool StartThread(void* (*body)(void*), void* argument) noexcept {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // 256 KiB: glibc takes an application's thread-local storage out of the stack, and a small one would then be refused. Only touched pages count.
  pthread_attr_setstacksize(&attributes, std::size_t{256} * 1024);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, body, argument);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return error == 0;
}

Outcome StartLifeline(std::uint32_t* alive) noexcept {
  // Static: the thread reads it once, and callers hold the admission lock, so there is one start at a time in a process.
  static Start start;
  start.alive = alive;
  Atomic(start.result).store(0, std::memory_order_seq_cst);
  if (!StartThread(Live, &start)) return Outcome::kIo;
  std::uint32_t result = 0;
  while ((result = Atomic(start.result).load(std::memory_order_acquire)) == 0) FutexWait(&start.result, 0, MonotonicNow() + kSecond);
  return result == 1 ? Outcome::kOk : Outcome::kUnenforceable;
}

void FutexWait(std::uint32_t* word, std::uint32_t expected, std::int64_t until_ns) noexcept {
  const int saved = errno;
  const timespec until{until_ns / kSecond, until_ns % kSecond};
  // WAIT_BITSET takes an absolute CLOCK_MONOTONIC time, so a signal in between does not prolong the wait.
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, &until, nullptr, FUTEX_BITSET_MATCH_ANY);
  errno = saved;
}

void FutexWake(std::uint32_t* word, int count) noexcept {
  const int saved = errno;
  syscall(SYS_futex, word, FUTEX_WAKE, count, nullptr, nullptr, 0);
  errno = saved;
}

}  // namespace flexai::slice
