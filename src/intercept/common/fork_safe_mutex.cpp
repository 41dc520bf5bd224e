#include "intercept/common/fork_safe_mutex.hpp"

#include <sched.h>

namespace flexai::intercept {
namespace {

// Guards the list of mutexes; itself part of what fork waits for.
pthread_mutex_t list_mutex = PTHREAD_MUTEX_INITIALIZER;
ForkSafeMutex* first_known = nullptr;
bool handlers_installed = false;

}  // namespace

void ForkSafeMutex::MakeKnown() noexcept {
  pthread_mutex_lock(&list_mutex);
  if (!known_.load(std::memory_order_relaxed)) {
    // Without memory for the handlers a child that forks while another thread holds a lock would hang at its first call: no worse than bare pthread.
    if (!handlers_installed) handlers_installed = pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild) == 0;
    next_known_ = first_known;
    first_known = this;
    known_.store(true, std::memory_order_release);  // pairs with the acquire in Lock
  }
  pthread_mutex_unlock(&list_mutex);
}

bool ForkSafeMutex::TryLockAll() noexcept {
  for (ForkSafeMutex* mutex = first_known; mutex != nullptr; mutex = mutex->next_known_) {
    if (pthread_mutex_trylock(&mutex->mutex_) == 0) continue;
    for (ForkSafeMutex* held = first_known; held != mutex; held = held->next_known_) pthread_mutex_unlock(&held->mutex_);
    return false;
  }
  return true;
}

// All or nothing, so that no order among the mutexes is needed.
void ForkSafeMutex::BeforeFork() noexcept {
  pthread_mutex_lock(&list_mutex);
  while (!TryLockAll()) sched_yield();
}

void ForkSafeMutex::AfterForkInParent() noexcept {
  for (ForkSafeMutex* mutex = first_known; mutex != nullptr; mutex = mutex->next_known_) pthread_mutex_unlock(&mutex->mutex_);
  pthread_mutex_unlock(&list_mutex);
}

// Made anew instead of unlocked: the child's thread has another id than the one that locked.
void ForkSafeMutex::AfterForkInChild() noexcept {
  for (ForkSafeMutex* mutex = first_known; mutex != nullptr; mutex = mutex->next_known_) mutex->mutex_ = PTHREAD_MUTEX_INITIALIZER;
  list_mutex = PTHREAD_MUTEX_INITIALIZER;
}

}  // namespace flexai::intercept
