// The OpenCL drivers of this machine, for experiments on them: one fixture with a queue and two kernels. Used by
// opencl_facts_test and opencl_costs; talks to the loader without any layer of ours.
#pragma once

#include <sched.h>

#include <string>

#include "intercept/opencl/cl_headers.hpp"

namespace flexai::facts {

/// Shows the loader every driver at hand: the system's, llvmpipe in Mesa's, and Intel's where FLEXAI_TEST_INTEL_ICD names
/// its .icd file. Call before the first OpenCL call. OCL_ICD_VENDORS set by the user is respected.
void UseAllDrivers();

/// A driver by the word "pocl", "intel" or "rusticl".
class Driver {
 public:
  explicit Driver(const std::string& word);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// False when the driver is not installed or shows no device; nothing else may be called then.
  bool present() const { return device != nullptr; }

  const cl_icd_dispatch& table() const { return **reinterpret_cast<cl_icd_dispatch**>(platform); }

  cl_command_queue NewQueue(cl_command_queue_properties properties = CL_QUEUE_PROFILING_ENABLE) const;

  /// Enqueues one work item: `steps` of dependent arithmetic, or an empty kernel for 0.
  cl_event Enqueue(cl_command_queue queue, cl_uint steps, cl_event after = nullptr) const;

  /// Steps that keep the device busy for some milliseconds, found by doubling.
  cl_uint LongSteps() const;

  cl_platform_id platform = nullptr;
  cl_device_id device = nullptr;
  cl_context context = nullptr;
  cl_command_queue queue = nullptr;
  cl_program program = nullptr;
  cl_kernel spin = nullptr;
  cl_kernel empty = nullptr;
  cl_mem buffer = nullptr;
};

/// Execution status of an event; the driver's error when it cannot say.
cl_int Status(cl_event event);

/// Nanoseconds of CLOCK_MONOTONIC.
long long Now();

/// Yields until `done()`; gives up after 20 s so that a broken driver fails the test instead of hanging it.
template <class Done>
bool Until(Done done) {
  const long long end = Now() + 20'000'000'000;
  while (!done()) {
    if (Now() > end) return false;
    sched_yield();
  }
  return true;
}

}  // namespace flexai::facts
