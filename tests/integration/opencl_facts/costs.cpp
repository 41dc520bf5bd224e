// Prints what calls cost on each driver: the table of costs in docs/opencl-facts.md. Times vary; nothing is checked.
#include <atomic>
#include <cstdio>

#include "drivers.hpp"

namespace flexai::facts {
namespace {

template <class Call>
void Cost(const char* what, Call call, int times = 20000) {
  for (int i = 0; i < times / 10; ++i) call();
  const long long start = Now();
  for (int i = 0; i < times; ++i) call();
  std::printf("  %-44s %8lld ns\n", what, (Now() - start) / times);
}

enum class Accounting { kNone, kProfiledQueue, kEvent, kCallbackAndStamps };

std::atomic<int> left;

void Commands(const Driver& driver, const char* what, Accounting accounting) {
  constexpr int kCommands = 4000;
  cl_command_queue queue = driver.NewQueue(accounting == Accounting::kNone ? 0 : CL_QUEUE_PROFILING_ENABLE);
  const size_t one = 1;
  left = kCommands;
  const long long start = Now();
  for (int i = 0; i < kCommands; ++i) {
    cl_event event = nullptr;
    const bool with_event = accounting >= Accounting::kEvent;
    clEnqueueNDRangeKernel(queue, driver.empty, 1, nullptr, &one, &one, 0, nullptr, with_event ? &event : nullptr);
    if (accounting == Accounting::kEvent) clReleaseEvent(event);
    if (accounting == Accounting::kCallbackAndStamps) {
      clSetEventCallback(
          event, CL_COMPLETE,
          [](cl_event done, cl_int, void*) {
            cl_ulong begin, end;
            clGetEventProfilingInfo(done, CL_PROFILING_COMMAND_START, sizeof begin, &begin, nullptr);
            clGetEventProfilingInfo(done, CL_PROFILING_COMMAND_END, sizeof end, &end, nullptr);
            clReleaseEvent(done);
            --left;
          },
          nullptr);
    }
    if (i % 64 == 63) clFlush(queue);
  }
  const long long queued = Now() - start;
  clFinish(queue);
  if (accounting == Accounting::kCallbackAndStamps) Until([] { return left == 0; });
  std::printf("  %-44s %8lld ns, %lld of it in the caller\n", what, (Now() - start) / kCommands, queued / kCommands);
  clReleaseCommandQueue(queue);
}

void Report(const char* word) {
  const Driver driver(word);
  if (!driver.present()) {
    std::printf("%s: not installed\n", word);
    return;
  }
  std::printf("%s\n", word);
  cl_ulong number;
  char text[8192];
  cl_platform_id platforms[8];
  cl_device_id device;
  Cost("clGetPlatformIDs", [&] { clGetPlatformIDs(8, platforms, nullptr); });
  Cost("clGetDeviceIDs", [&] { clGetDeviceIDs(driver.platform, CL_DEVICE_TYPE_ALL, 1, &device, nullptr); });
  Cost("clGetDeviceInfo, a number", [&] { clGetDeviceInfo(driver.device, CL_DEVICE_GLOBAL_MEM_SIZE, 8, &number, nullptr); });
  Cost("clGetDeviceInfo, the extensions", [&] { clGetDeviceInfo(driver.device, CL_DEVICE_EXTENSIONS, sizeof text, text, nullptr); });
  Cost("clGetCommandQueueInfo, device", [&] { clGetCommandQueueInfo(driver.queue, CL_QUEUE_DEVICE, 8, &number, nullptr); });
  Cost("clGetMemObjectInfo, size", [&] { clGetMemObjectInfo(driver.buffer, CL_MEM_SIZE, 8, &number, nullptr); });
  Cost("clGetContextInfo, devices", [&] { clGetContextInfo(driver.context, CL_CONTEXT_DEVICES, 64, text, nullptr); });
  cl_event event = driver.Enqueue(driver.queue, 0);
  clFinish(driver.queue);
  Cost("clGetEventInfo, status", [&] { Status(event); });
  Cost("clGetEventProfilingInfo", [&] { clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, 8, &number, nullptr); });
  Cost("clRetainEvent + clReleaseEvent", [&] {
    clRetainEvent(event);
    clReleaseEvent(event);
  });
  Cost("clFlush, nothing queued", [&] { clFlush(driver.queue); });
  Cost("clFinish, nothing queued", [&] { clFinish(driver.queue); }, 2000);
  clReleaseEvent(event);
  for (int round = 0; round < 2; ++round) {
    Commands(driver, "an empty kernel", Accounting::kNone);
    Commands(driver, "… in a profiled queue", Accounting::kProfiledQueue);
    Commands(driver, "… with an event", Accounting::kEvent);
    Commands(driver, "… with callback and two stamps read", Accounting::kCallbackAndStamps);
  }
}

}  // namespace
}  // namespace flexai::facts

int main() {
  flexai::facts::UseAllDrivers();
  for (const char* word : {"pocl", "intel", "rusticl"}) flexai::facts::Report(word);
}
