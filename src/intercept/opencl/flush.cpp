#include "intercept/opencl/flush.hpp"

#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/unwatched.hpp"

namespace flexai::opencl {
namespace {

// Before the driver's flush, so that what enters the queue meanwhile is noted anew. In a child of fork the parent's notes mean nothing.
bool BeginFlush(Queue& queue) noexcept {
  if (queue.epoch.load(std::memory_order_acquire) != ProcessEpoch()) return false;
  if (!queue.dirty.load(std::memory_order_relaxed) || !queue.dirty.exchange(false, std::memory_order_seq_cst)) return false;
  queue.flushes.Note(MonotonicNow());
  return true;
}

XpuState& Xpu(const Queue& queue) noexcept { return *queue.xpu.load(std::memory_order_relaxed); }

}  // namespace

void NoteUnflushed(Queue& queue) noexcept {
  // Set already: the driver's own lock, taken by the call that entered the work, orders this look behind a flush that would have missed it.
  if (queue.dirty.load(std::memory_order_relaxed)) return;
  if (!queue.dirty.exchange(true, std::memory_order_seq_cst)) Xpu(queue).QueueBecameDirty();
}

void FlushQueue(Queue& queue) noexcept {
  if (!BeginFlush(queue)) return;
  Next().clFlush(queue.handle);
  Xpu(queue).QueueBecameClean();
}

void WillBeFlushed(Queue& queue) noexcept {
  if (BeginFlush(queue)) Xpu(queue).QueueBecameClean();
}

void FlushQueues(slice::Tenant& tenant, void*) noexcept {
  ForEachQueue([&](Queue& queue) {
    if (!queue.dirty.load(std::memory_order_seq_cst) || !Pin(queue)) return;
    if (queue.tenant.load(std::memory_order_relaxed) == &tenant && queue.epoch.load(std::memory_order_acquire) == ProcessEpoch())
      FlushQueue(queue);
    Unpin(queue);
  });
  SweepUnwatched();
}

namespace hook {

cl_int clFlush(cl_command_queue command_queue) {
  Queue* queue = FindQueue(command_queue);
  if (queue == nullptr || !BeginFlush(*queue)) return Next().clFlush(command_queue);
  const cl_int status = Next().clFlush(command_queue);
  Xpu(*queue).QueueBecameClean();
  return status;
}

cl_int clFinish(cl_command_queue command_queue) {
  if (Queue* queue = FindQueue(command_queue)) WillBeFlushed(*queue);
  const cl_int status = Next().clFinish(command_queue);
  SweepUnwatched();
  return status;
}

}  // namespace hook
}  // namespace flexai::opencl
