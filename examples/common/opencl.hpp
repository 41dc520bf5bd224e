// The few steps every OpenCL program begins with, and errors that end it with a sentence. One thread; nothing here is kept after main.
#pragma once

#include <CL/cl.h>

#include <string>
#include <string_view>
#include <vector>

namespace example {

/// Ends the program with `call` and the error's name unless `error` is CL_SUCCESS.
void Check(cl_int error, const char* call);

/// "CL_OUT_OF_RESOURCES" for -5; the number for one without a name here.
[[nodiscard]] std::string ErrorName(cl_int error);

/// One device with a context and an in-order queue. Released with the process.
struct Device {
  cl_device_id id = nullptr;
  cl_context context = nullptr;
  cl_command_queue queue = nullptr;
  std::string name, platform;
};

/// The first device whose platform's or own name contains `word` (any case; empty: any). Prints the `device` line. Ends the program with status 77 when
/// there is none.
[[nodiscard]] Device OpenDevice(std::string_view word);

[[nodiscard]] cl_program Build(const Device& device, const char* source, const char* options);
[[nodiscard]] cl_kernel Kernel(cl_program program, const char* name);
[[nodiscard]] cl_mem Buffer(const Device& device, size_t bytes);

/// The arguments of a kernel in order.
template <class... Values>
void SetArguments(cl_kernel kernel, const Values&... values) {
  cl_uint index = 0;
  (Check(clSetKernelArg(kernel, index++, sizeof values, &values), "clSetKernelArg"), ...);
}

/// Enqueues `kernel` over `global` work items in groups of `local`.
void Launch(const Device& device, cl_kernel kernel, const std::vector<size_t>& global, const std::vector<size_t>& local,
            cl_event* event = nullptr);

}  // namespace example
