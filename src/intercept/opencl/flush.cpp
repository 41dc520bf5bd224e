#include "intercept/opencl/flush.hpp"

#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/submission.hpp"
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

// Mesa's clFinish waits only for what nobody flushed before, and we flush: without this, programs would read results that are not there yet.
void WaitForAll(const Queue& queue) noexcept {
  cl_event last = nullptr;
  if (Next().clEnqueueMarkerWithWaitList(queue.handle, 0, nullptr, &last) != CL_SUCCESS) return;
  Next().clWaitForEvents(1, &last);
  Next().clReleaseEvent(last);
}

}  // namespace

bool NoteUnflushed(Queue& queue) noexcept {
  // Set already: the driver's own lock, taken by the call that entered the work, orders this look behind a flush that would have missed it.
  if (queue.dirty.load(std::memory_order_relaxed) || queue.dirty.exchange(true, std::memory_order_seq_cst)) return false;
  Xpu(queue).QueueBecameDirty();
  return true;
}

// The marks are looked at after the note is cleared: their lock orders us and a thread that opened the tail, so that one of us sees the other.
void FlushQueue(Queue& queue) noexcept {
  for (;;) {
    if (BeginFlush(queue)) {
      Next().clFlush(queue.handle);
      Xpu(queue).QueueBecameClean();
    }
    Batch tail;
    if (!queue.marks.CloseOpen(tail)) return;
    PutMarker(queue, tail);
  }
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
  if (queue->marks.HasOpenTail()) AfterSubmission(*queue);
  return status;
}

cl_int clFinish(cl_command_queue command_queue) {
  Queue* queue = FindQueue(command_queue);
  if (queue != nullptr) WillBeFlushed(*queue);
  const cl_int status = Next().clFinish(command_queue);
  SweepUnwatched();
  // In a child of fork the parent's commands and tail are none of ours.
  if (queue == nullptr || status != CL_SUCCESS || queue->epoch.load(std::memory_order_acquire) != ProcessEpoch()) return status;
  if (HoldsCommands(*queue)) WaitForAll(*queue);
  SettleTail(*queue);
  return status;
}

}  // namespace hook
}  // namespace flexai::opencl
