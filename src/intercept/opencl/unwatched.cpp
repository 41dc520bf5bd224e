#include "intercept/opencl/unwatched.hpp"

#include "intercept/common/fork_safe_mutex.hpp"
#include "intercept/opencl/attach.hpp"
#include "intercept/opencl/completion.hpp"
#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/user_events.hpp"

namespace flexai::opencl {
namespace {

struct Watch : intercept::PoolRecord {
  Watch* next = nullptr;
  void* name = nullptr;
  std::uint32_t epoch = 0;
  cl_event event = nullptr;  // a reference is ours
  bool called_back = false;
};

constinit intercept::RecordPool<Watch> pool;
std::atomic<Watch*> watches{nullptr};
std::atomic<bool> failures_seen{false};

void Push(Watch& watch) noexcept {
  watch.next = watches.load(std::memory_order_relaxed);
  while (!watches.compare_exchange_weak(watch.next, &watch, std::memory_order_release, std::memory_order_relaxed)) {
  }
}

// Whether nothing more is to be watched.
bool IsOver(Watch& watch) noexcept {
  if (watch.epoch != ProcessEpoch()) return true;  // the parent's
  if (!IsAlive(watch.name)) return true;
  cl_int status = CL_QUEUED;
  if (Next().clGetEventInfo(watch.event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr) != CL_SUCCESS) return true;
  if (status > CL_COMPLETE) return false;
  if (status == CL_COMPLETE && watch.called_back) return true;
  if (Command* command = Claim(watch.name)) EndCommand(*command, status);
  return true;
}

}  // namespace

void KeepUnwatched(void* name, cl_event event, bool called_back) noexcept {
  Watch* watch = pool.New();
  if (watch == nullptr)
    return;  // the reference is lost, and a command that is never told of stays as it is: the stall valve takes care of the lease
  watch->name = name;
  watch->epoch = ProcessEpoch();
  watch->event = event;
  watch->called_back = called_back;
  Push(*watch);
}

void SweepUnwatched() noexcept {
  if (watches.load(std::memory_order_relaxed) == nullptr) return;
  // Whoever takes the list has it alone.
  Watch* watch = watches.exchange(nullptr, std::memory_order_acquire);
  while (watch != nullptr) {
    Watch& one = *watch;
    watch = one.next;
    if (IsOver(one)) {
      if (one.epoch == ProcessEpoch()) ReleaseOwnReference(one.event);
      pool.Free(&one);
    } else {
      Push(one);
    }
  }
}

void NoteFailure() noexcept { failures_seen.store(true, std::memory_order_relaxed); }
bool FailuresSeen() noexcept { return failures_seen.load(std::memory_order_relaxed); }

}  // namespace flexai::opencl
