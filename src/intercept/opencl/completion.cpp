#include "intercept/opencl/completion.hpp"

#include <algorithm>

#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/queues.hpp"
#include "intercept/opencl/submission.hpp"
#include "intercept/opencl/unwatched.hpp"
#include "intercept/opencl/user_events.hpp"

namespace flexai::opencl {
namespace {

void CL_CALLBACK CommandEnded(cl_event, cl_int status, void* name) {
  if (Command* command = Claim(name)) EndCommand(*command, status);
}

bool ReadStamps(cl_event event, StampedCommand& out) noexcept {
  // What a kernel submitted to a device-side queue runs on after its END.
  const cl_profiling_info end = HaveDeviceQueues() ? CL_PROFILING_COMMAND_COMPLETE : CL_PROFILING_COMMAND_END;
  cl_ulong start = 0, stop = 0;
  if (Next().clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof start, &start, nullptr) != CL_SUCCESS) return false;
  if (Next().clGetEventProfilingInfo(event, end, sizeof stop, &stop, nullptr) != CL_SUCCESS) return false;
  out.start = start;
  out.end = stop;
  return true;
}

template <class T>
void RaiseTo(std::atomic<T>& highest, T value) noexcept {
  T seen = highest.load(std::memory_order_relaxed);
  while (seen < value && !highest.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

// The members ran between the end of the mark before them and the start of the one that carries them. They took what they were expected to, without the
// device's pauses between commands, as for all others; unless they cannot have, or the queue never ran dry there and much more time is there than that.
Nanos BatchTime(const Batch& batch, Nanos between) noexcept {
  const Nanos expected = batch.ticket.estimate_ns;
  if (between <= 0) return expected;
  return batch.dense && 2 * expected < between ? between : std::min(expected, between);
}

}  // namespace

bool WatchEnd(cl_event event, void* name) noexcept {
  return Next().clSetEventCallback(event, CL_COMPLETE, CommandEnded, name) == CL_SUCCESS;
}

void EndCommand(Command& command, cl_int status) noexcept {
  if (command.epoch != ProcessEpoch()) return FreeCommand(command);  // the parent's: charged there
  Unhold(command);
  if (status < CL_COMPLETE) NoteFailure();
  Queue& queue = *command.queue;
  XpuState& xpu = *queue.xpu.load(std::memory_order_relaxed);
  slice::Tenant& tenant = xpu.tenant();
  const Nanos now = MonotonicNow();
  StampedCommand seen{0, 0, command.could_start_ns, now};
  const bool stamped =
      status == CL_COMPLETE && queue.has_stamps && xpu.verdict() != StampsVerdict::kDisagree && ReadStamps(command.event, seen);
  if (stamped && command.has_work && command.counted && xpu.verdict() == StampsVerdict::kUnknown) xpu.Observe(seen);
  const bool believed = stamped && xpu.verdict() == StampsVerdict::kAgree && ArePossible(seen);
  const auto start = static_cast<Nanos>(seen.start), end = static_cast<Nanos>(seen.end);

  if (command.batch.count != 0) {
    const Batch& batch = command.batch;
    const Nanos expected = batch.ticket.estimate_ns;
    slice::BusyInterval busy{now - expected, now, true, slice::Engine::kCompute};
    if (believed) {
      const auto before = static_cast<Nanos>(queue.last_end.load(std::memory_order_relaxed));
      busy = {start - BatchTime(batch, before == 0 ? 0 : start - before), start, false, slice::Engine::kCompute};
    }
    tenant.Complete(batch.ticket, busy, batch.count);
  }

  if (command.has_work && status < CL_COMPLETE) {
    if (command.counted) tenant.Abandon(command.ticket);
  } else if (command.has_work) {
    const Nanos flushed = queue.flushes.FirstAfter(command.flushes_before);
    const Nanos begun = std::max({command.could_start_ns, flushed, queue.last_ended_ns.load(std::memory_order_relaxed)});
    const slice::BusyInterval busy =
        believed ? slice::BusyInterval{start, end, false, command.engine} : slice::BusyInterval{begun, now, true, command.engine};
    // What ran although it was not in flight is charged all the same.
    tenant.Complete(command.counted ? command.ticket : tenant.AdmitNow(0), busy);
    CommandEstimates().Learn(command.kind, busy.end_ns - busy.start_ns);
  }
  if (believed) RaiseTo(queue.last_end, static_cast<std::uint64_t>(end));
  RaiseTo(queue.last_ended_ns, now);

  if (command.owns_event) ReleaseOwnReference(command.event);
  if (command.is_mark) {
    // Pinned before the tail is taken: a release that comes first has closed the tail, one that comes later is carried out here.
    const bool pinned = Pin(queue);
    if (queue.marks.Ended() && pinned) AfterSubmission(queue);
    if (pinned) Unpin(queue);
  }
  FreeCommand(command);
}

}  // namespace flexai::opencl
