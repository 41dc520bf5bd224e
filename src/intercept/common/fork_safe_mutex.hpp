// A mutex that a child of fork finds free, with what it guards in order: fork waits until no thread holds any of them (pthread_atfork), as it does for
// malloc's own locks. Plain pthread mutexes, because std::mutex needs libstdc++; constant-initialised and never destroyed, so it may be a member of
// static objects.
//
// Rules for holders: no call into a driver, no callback, no second lock, nothing that blocks or forks. Any thread.
#pragma once

#include <pthread.h>

#include <atomic>

namespace flexai::intercept {

class ForkSafeMutex {
 public:
  constexpr ForkSafeMutex() = default;
  ForkSafeMutex(const ForkSafeMutex&) = delete;
  ForkSafeMutex& operator=(const ForkSafeMutex&) = delete;

  void Lock() noexcept {
    if (!known_.load(std::memory_order_acquire)) MakeKnown();
    pthread_mutex_lock(&mutex_);
  }
  void Unlock() noexcept { pthread_mutex_unlock(&mutex_); }

 private:
  // Puts the mutex on the list that fork walks.
  void MakeKnown() noexcept;
  static void BeforeFork() noexcept;
  static void AfterForkInParent() noexcept;
  static void AfterForkInChild() noexcept;
  static bool TryLockAll() noexcept;

  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  std::atomic<bool> known_{false};
  ForkSafeMutex* next_known_ = nullptr;
};

/// Holds a mutex for a scope.
class ForkSafeLock {
 public:
  explicit ForkSafeLock(ForkSafeMutex& mutex) noexcept : mutex_(mutex) { mutex_.Lock(); }
  ~ForkSafeLock() { mutex_.Unlock(); }
  ForkSafeLock(const ForkSafeLock&) = delete;
  ForkSafeLock& operator=(const ForkSafeLock&) = delete;

 private:
  ForkSafeMutex& mutex_;
};

}  // namespace flexai::intercept
