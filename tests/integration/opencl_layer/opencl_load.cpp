// A load on one OpenCL device, driven through stdin. Knows nothing of flexai.
//
//   opencl_load PLATFORM KERNEL_NS async|sync [THINK_NS]
//
// Prints "ready <ns of one kernel>" when everything is compiled and measured, begins at the line "go", and at "stop" prints
// "done <kernels> <ns elapsed> <ns of kernels by the driver's stamps>". Asynchronous: up to 64 kernels ahead, one event and flush for each 16 of them.
// Synchronous: each kernel waited for, then the host thinks for THINK_NS. Instead of "stop", a number ends it by itself after so many kernels.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>

namespace {

using Nanos = long long;

constexpr char kSource[] = R"(
kernel void spin(global uint* out, uint steps) {
  uint x = out[0];
  for (uint i = 0; i < steps; i++) x = x * 1664525u + 1013904223u;
  out[0] = x;
})";

Nanos Now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<Nanos>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

[[noreturn]] void Die(const char* what, cl_int status) {
  std::printf("error %s %d\n", what, status);
  std::fflush(stdout);
  std::_Exit(1);
}

class Load {
 public:
  explicit Load(const char* word) {
    cl_platform_id platforms[16];
    cl_uint count = 0;
    clGetPlatformIDs(16, platforms, &count);
    cl_device_id device = nullptr;
    for (cl_uint i = 0; i < count && i < 16; ++i) {
      char name[256] = "";
      clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof name, name, nullptr);
      if (std::strstr(name, word) != nullptr) clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 1, &device, nullptr);
    }
    if (device == nullptr) Die("device", CL_DEVICE_NOT_FOUND);
    cl_int status;
    cl_context context = clCreateContext(nullptr, 1, &device, nullptr, nullptr, &status);
    if (context == nullptr) Die("context", status);
    queue_ = clCreateCommandQueue(context, device, 0, &status);
    timed_ = clCreateCommandQueue(context, device, CL_QUEUE_PROFILING_ENABLE, &status);
    const char* source = kSource;
    cl_program program = clCreateProgramWithSource(context, 1, &source, nullptr, nullptr);
    if (clBuildProgram(program, 1, &device, "", nullptr, nullptr) != CL_SUCCESS) Die("build", CL_BUILD_PROGRAM_FAILURE);
    kernel_ = clCreateKernel(program, "spin", nullptr);
    cl_mem buffer = clCreateBuffer(context, CL_MEM_READ_WRITE, 4096, nullptr, &status);
    if (buffer == nullptr) Die("buffer", status);
    clSetKernelArg(kernel_, 0, sizeof buffer, &buffer);
  }

  // Steps for a kernel of about `wanted`, and what it then takes.
  Nanos Calibrate(Nanos wanted) {
    double steps = 10'000;
    Nanos took = 0;
    for (int round = 0; round < 4; ++round) {
      SetSteps(steps);
      took = Fastest();
      steps = steps * static_cast<double>(wanted) / static_cast<double>(took);
    }
    SetSteps(steps);
    return kernel_ns_ = Fastest();
  }

  void Enqueue(cl_event* event) {
    const size_t one = 1;
    const cl_int status = clEnqueueNDRangeKernel(queue_, kernel_, 1, nullptr, &one, &one, 0, nullptr, event);
    if (status != CL_SUCCESS) Die("enqueue", status);
    ++enqueued_;
  }

  void RunAsync(const std::atomic<bool>& stop, long long most) {
    constexpr int kAhead = 4, kBatch = 16;
    cl_event ends[kAhead] = {};
    for (int slot = 0; !stop && enqueued_ < most; slot = (slot + 1) % kAhead) {
      if (ends[slot] != nullptr) {
        clWaitForEvents(1, &ends[slot]);
        clReleaseEvent(ends[slot]);
      }
      for (int i = 0; i < kBatch - 1; ++i) Enqueue(nullptr);
      Enqueue(&ends[slot]);
      clFlush(queue_);
    }
    for (cl_event event : ends) {
      if (event != nullptr) clReleaseEvent(event);
    }
    clFinish(queue_);
  }

  void RunSync(const std::atomic<bool>& stop, long long most, Nanos think) {
    while (!stop && enqueued_ < most) {
      Enqueue(nullptr);
      clFinish(queue_);
      for (const Nanos until = Now() + think; think != 0 && Now() < until;) {
      }
    }
  }

  long long enqueued() const { return enqueued_; }
  Nanos kernel_ns() const { return kernel_ns_; }

 private:
  void SetSteps(double steps) {
    const auto argument = static_cast<cl_uint>(steps < 1 ? 1 : steps > 4e9 ? 4e9 : steps);
    clSetKernelArg(kernel_, 1, sizeof argument, &argument);
  }

  Nanos Fastest() {
    Nanos fastest = 0;
    for (int i = 0; i < 20; ++i) {
      const size_t one = 1;
      cl_event event;
      const Nanos before = Now();
      clEnqueueNDRangeKernel(timed_, kernel_, 1, nullptr, &one, &one, 0, nullptr, &event);
      clFinish(timed_);
      cl_ulong start = 0, end = 0;
      clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof start, &start, nullptr);
      clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, nullptr);
      clReleaseEvent(event);
      // A driver whose stamps are no time (rusticl) is measured from outside.
      const Nanos took = end - start > 100 ? static_cast<Nanos>(end - start) : Now() - before;
      if (fastest == 0 || took < fastest) fastest = took;
    }
    return fastest;
  }

  cl_command_queue queue_ = nullptr, timed_ = nullptr;
  cl_kernel kernel_ = nullptr;
  Nanos kernel_ns_ = 0;
  long long enqueued_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const bool sync = std::string(argv[3]) == "sync";
  const Nanos think = argc > 4 ? std::strtoll(argv[4], nullptr, 10) : 0;
  Load load(argv[1]);
  std::printf("ready %lld\n", load.Calibrate(std::strtoll(argv[2], nullptr, 10)));
  std::fflush(stdout);
  std::string line;
  if (!std::getline(std::cin, line)) return 0;
  const long long most = std::isdigit(static_cast<unsigned char>(line[0])) ? std::strtoll(line.c_str(), nullptr, 10) : 1LL << 60;
  std::atomic<bool> stop{false};
  std::thread listener([&] {
    std::getline(std::cin, line);
    stop = true;
  });
  const Nanos begun = Now();
  sync ? load.RunSync(stop, most, think) : load.RunAsync(stop, most);
  std::printf("done %lld %lld %lld\n", load.enqueued(), Now() - begun, load.enqueued() * load.kernel_ns());
  std::fflush(stdout);
  listener.join();
}
