// One OpenCL device by its XPU id, with a queue and a kernel whose duration is chosen, as an ordinary program would use it. Knows the id function of
// src/core but nothing of slices. Main thread; released with the process.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/clock.hpp"
#include "core/xpu_id.hpp"
#include "intercept/opencl/cl_headers.hpp"

namespace flexai::load {

/// Ids of all devices the loader shows.
[[nodiscard]] std::vector<XpuId> ListDevices();

/// "clFinish: OpenCL error -5" unless `error` is CL_SUCCESS.
[[nodiscard]] Status Checked(cl_int error, std::string_view call);

class OpenclDevice {
 public:
  /// The device called `id`. In a slice it may be the only one that is shown. kNotFound.
  [[nodiscard]] static Result<OpenclDevice> Open(const XpuId& id);

  /// Builds the kernel and its buffer; the first launch is done here, because drivers compile then.
  [[nodiscard]] Status Prepare();

  /// Enqueues the kernel: `steps` of dependent arithmetic in every work item. Fails the process on an error (see Die): nothing measured would be valid.
  void Enqueue(std::uint32_t steps, cl_event* event = nullptr);

  /// Waits for a command that was enqueued last, or earlier in the in-order queue. A driver may compute in a thread that waits for it; `wait_by_callback`
  /// sleeps outside the driver, so that it cannot.
  void Wait(cl_event event);
  void Finish();
  bool wait_by_callback = false;
  int device_thread = 0;  // tid of the thread that computes, where there is one

  /// Time of one kernel of `steps` when they run back to back, the best of five tries of together at least `least`. Bare and alone this is what a kernel
  /// costs the device. Where a thread of ours is the device, it is that thread's CPU time, which other load on the machine does not change.
  [[nodiscard]] Nanos BackToBack(std::uint32_t steps, Nanos least);
  /// Steps with which a kernel takes about `wanted` back to back; 1 when the driver needs longer for anything.
  [[nodiscard]] std::uint32_t StepsFor(Nanos wanted);

  /// Whether the last kernel, which ran `steps`, computed what the CPU computes.
  [[nodiscard]] bool ResultIsRight(std::uint32_t steps);

  cl_platform_id platform = nullptr;
  cl_device_id device = nullptr;
  cl_context context = nullptr;
  cl_command_queue queue = nullptr;
  cl_kernel kernel = nullptr;

 private:
  cl_mem out_ = nullptr;
  std::size_t items_ = 0;
  std::uint32_t argument_ = 0;  // steps the kernel's argument is set to
};

/// Ends the process with status 1 and the sentence, unless `status` is a success.
void Die(const Status& status);

}  // namespace flexai::load
