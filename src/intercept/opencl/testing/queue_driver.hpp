// An OpenCL driver of our own making for tests of gates and completions: one device, queues, commands and events. Nothing runs until the test says so, what
// runs takes as long as the test says, and the bad habits of real drivers can be switched on one by one.
//
// One for the whole program, because the layer takes one driver below it. Any thread may call the functions; callbacks run with the driver locked, so that a
// lock of the layer's that is held across a call shows. Habits and counts are for tests of one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/clock.hpp"
#include "intercept/opencl/cl_headers.hpp"

namespace flexai::opencl::testing {

// Handles are addresses of these; every one begins with its driver's table, as cl_khr_icd wants.
struct FakeObject {
  const cl_icd_dispatch* table = nullptr;
  int references = 1;
};

struct FakeQueue;

struct FakeEvent : FakeObject {
  FakeQueue* queue = nullptr;  // null: a user event
  cl_int status = CL_QUEUED;
  cl_ulong start = 0, end = 0;
  struct Callback {
    void(CL_CALLBACK* function)(cl_event, cl_int, void*);
    void* user_data;
  };
  std::vector<Callback> callbacks;
  bool destroyed = false;
};

struct FakeCommand {
  FakeEvent* event = nullptr;  // always one, as in real drivers
  std::vector<FakeEvent*> waits;
  Nanos takes = 0;
};

struct FakeQueue : FakeObject {
  cl_command_queue_properties flags = 0;
  std::vector<cl_queue_properties> list;
  std::deque<FakeCommand> commands;     // not over
  std::size_t flushed = 0;              // how many of them were flushed
  int flushes = 0;                      // calls of clFlush
  std::vector<FakeEvent*> order_waits;  // of an out-of-order queue: its last barrier
  bool destroyed = false;
};

class QueueDriver {
 public:
  /// Below the layer from the first call on; with good habits after each.
  static QueueDriver& Fresh();

  [[nodiscard]] cl_platform_id platform() { return reinterpret_cast<cl_platform_id>(&platform_); }
  [[nodiscard]] cl_device_id device() { return reinterpret_cast<cl_device_id>(&device_); }
  [[nodiscard]] cl_context context() { return reinterpret_cast<cl_context>(&context_); }
  [[nodiscard]] cl_kernel kernel(std::size_t number = 0) { return reinterpret_cast<cl_kernel>(&kernels_[number]); }

  static FakeQueue& Of(cl_command_queue queue) { return *reinterpret_cast<FakeQueue*>(queue); }
  static FakeEvent& Of(cl_event event) { return *reinterpret_cast<FakeEvent*>(event); }

  /// Completes all that may run, at most `most`, one right behind the other by the device's clock; returns how many.
  int RunAll(int most = 1 << 30);
  /// Commands not over, in all queues.
  [[nodiscard]] std::size_t waiting();

  // Habits.
  Nanos kernel_takes = 1000;              // of commands enqueued from now on; the host sees the end when that time has passed
  bool stamps_are_time = true;            // no: 2 and 3 for every command
  bool needs_flush = false;               // runs nothing that was not flushed
  bool finish_forgets = false;            // clFinish waits only for what was not flushed before, as Mesa's
  bool calls_back = true;                 // no: clSetEventCallback fails
  bool runs_after_failure = false;        // the next command of an in-order queue runs although the one before it failed; PoCL fails it too
  bool has_profiling = true;              // no: queues with profiling are refused
  cl_int refuse_next = CL_SUCCESS;        // the error of the next enqueue
  std::function<void()> in_next_enqueue;  // called inside the next enqueue, before its command is in the queue

  // What happened.
  int enqueued = 0;  // commands that the driver took, markers too
  int markers = 0;   // of those
  int callbacks_set = 0;
  cl_event* last_place = nullptr;  // where the last enqueue was to put its event

  // What the driver's functions are made of.
  std::recursive_mutex mutex;
  cl_int Take(cl_command_queue queue, bool marker, bool barrier, cl_uint count, const cl_event* waits, cl_event* event);
  void Finish(FakeQueue& queue);
  FakeEvent* NewEvent(FakeQueue* queue);
  FakeQueue* NewQueue(cl_command_queue_properties flags);
  void SetStatus(FakeEvent& event, cl_int status);
  static void Unref(FakeEvent& event);

 private:
  QueueDriver();
  bool RunOne();
  [[nodiscard]] bool MayRun(const FakeQueue& queue, std::size_t index) const;
  void Complete(FakeQueue& queue, std::size_t index, cl_int status);
  void FailDependents();

  cl_icd_dispatch driver_table_{};
  FakeObject platform_, device_, context_, kernels_[16];
  Nanos device_clock_ = 0;
  // Kept for ever: the layer may still know them.
  std::vector<std::unique_ptr<FakeQueue>> queues_;
  std::vector<std::unique_ptr<FakeEvent>> events_;
};

}  // namespace flexai::opencl::testing
