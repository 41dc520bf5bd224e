// What the layer adds to a call in the calling thread, and what a completion costs the thread that runs it, above a driver that does nothing. The process is
// alone in its slice. Subtract "Driver" from the rows with a gate.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/queues.hpp"
#include "tests/integration/support/slice_world.hpp"

namespace flexai::opencl {
namespace {

// ---- a driver that does nothing -------------------------------------------------------------------------------------------------------------------

cl_icd_dispatch driver_table;  // every object begins with it
const cl_icd_dispatch* object = &driver_table;

template <class Handle>
Handle Any() {
  return reinterpret_cast<Handle>(&object);
}

struct Pending {
  void(CL_CALLBACK* function)(cl_event, cl_int, void*);
  void* user_data;
};
std::vector<Pending> pending;
std::uint64_t queues_made = 0;
const cl_icd_dispatch* queue_objects[4096];

void EndAll() {
  for (std::size_t i = 0; i < pending.size(); ++i) pending[i].function(Any<cl_event>(), CL_COMPLETE, pending[i].user_data);
  pending.clear();
}

void Install() {
  static bool installed = false;
  if (installed) return;
  installed = true;
  std::memset(&driver_table, 0xff, sizeof driver_table);
  static cl_icd_dispatch table{};
  static const auto kText = [](const char* answer, size_t room, void* value, size_t* size_ret) -> cl_int {
    if (value != nullptr && room > std::strlen(answer)) std::strcpy(static_cast<char*>(value), answer);
    if (size_ret != nullptr) *size_ret = std::strlen(answer) + 1;
    return CL_SUCCESS;
  };
  table.clGetPlatformInfo = [](cl_platform_id, cl_platform_info, size_t room, void* value, size_t* size_ret) -> cl_int {
    return kText("Portable Computing Language", room, value, size_ret);
  };
  table.clGetDeviceIDs = [](cl_platform_id, cl_device_type, cl_uint entries, cl_device_id* devices, cl_uint* count) -> cl_int {
    if (count != nullptr) *count = 1;
    if (devices != nullptr && entries != 0) devices[0] = Any<cl_device_id>();
    return CL_SUCCESS;
  };
  table.clGetDeviceInfo = [](cl_device_id, cl_device_info name, size_t room, void* value, size_t* size_ret) -> cl_int {
    if (name != CL_DEVICE_TYPE && name != CL_DEVICE_PLATFORM) return kText("pthread", room, value, size_ret);
    const std::uint64_t answer = name == CL_DEVICE_TYPE ? CL_DEVICE_TYPE_CPU : reinterpret_cast<std::uintptr_t>(&object);
    if (value != nullptr && room >= sizeof answer) std::memcpy(value, &answer, sizeof answer);
    if (size_ret != nullptr) *size_ret = sizeof answer;
    return CL_SUCCESS;
  };
  table.clCreateCommandQueue = [](cl_context, cl_device_id, cl_command_queue_properties, cl_int* error) -> cl_command_queue {
    *error = CL_SUCCESS;
    queue_objects[queues_made] = &driver_table;
    return reinterpret_cast<cl_command_queue>(&queue_objects[queues_made++]);
  };
  table.clEnqueueNDRangeKernel = [](cl_command_queue, cl_kernel, cl_uint, const size_t*, const size_t*, const size_t*, cl_uint,
                                    const cl_event*, cl_event* event) -> cl_int {
    if (event != nullptr) *event = Any<cl_event>();
    return CL_SUCCESS;
  };
  table.clEnqueueMarkerWithWaitList = [](cl_command_queue, cl_uint, const cl_event*, cl_event* event) -> cl_int {
    *event = Any<cl_event>();
    return CL_SUCCESS;
  };
  table.clSetEventCallback = [](cl_event, cl_int, void(CL_CALLBACK * function)(cl_event, cl_int, void*), void* user_data) -> cl_int {
    pending.push_back({function, user_data});
    return CL_SUCCESS;
  };
  table.clGetEventProfilingInfo = [](cl_event, cl_profiling_info name, size_t, void* value, size_t*) -> cl_int {
    const cl_ulong stamp = static_cast<cl_ulong>(MonotonicNow()) - (name == CL_PROFILING_COMMAND_START ? 100 : 0);
    std::memcpy(value, &stamp, sizeof stamp);
    return CL_SUCCESS;
  };
  table.clRetainEvent = [](cl_event) -> cl_int { return CL_SUCCESS; };
  table.clReleaseEvent = [](cl_event) -> cl_int { return CL_SUCCESS; };
  table.clFlush = [](cl_command_queue) -> cl_int { return CL_SUCCESS; };
  AdoptNext(&table, kSlots, nullptr);

  static testing::SliceWorld world;
  setenv("FLEXAI_SLICE", world.MakeSlice("bench", {{.xpu = "pocl-0", .request = 1000}}).c_str(), 1);
}

cl_command_queue NewQueue(cl_command_queue_properties flags = 0) {
  Install();
  cl_int error;
  return hook::clCreateCommandQueue(Any<cl_context>(), Any<cl_device_id>(), flags, &error);
}

cl_int Enqueue(cl_command_queue queue, cl_event* event = nullptr) {
  const std::size_t one = 1;
  return hook::clEnqueueNDRangeKernel(queue, Any<cl_kernel>(), 1, nullptr, &one, nullptr, 0, nullptr, event);
}

// Until the stamps are believed and the kernel is known.
void Settle() {
  cl_command_queue queue = NewQueue();
  while (FindQueue(queue)->xpu.load()->verdict() != StampsVerdict::kAgree) {
    Enqueue(queue);
    EndAll();
  }
  for (int i = 0; i < 100; ++i) {
    Enqueue(queue);
    EndAll();
  }
}

constexpr int kBatch = 200;

// CPU time of this thread: other load on the machine does not count.
Nanos ThreadTime() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return Nanos{time.tv_sec} * kSecond + time.tv_nsec;
}

Nanos TimeOf(const auto& call) {
  const Nanos begun = ThreadTime();
  for (int i = 0; i < kBatch; ++i) call();
  return ThreadTime() - begun;
}

template <class Call>
void Batches(benchmark::State& state, Call call) {
  for (auto _ : state) {
    state.SetIterationTime(static_cast<double>(TimeOf(call)) / 1e9 / kBatch);
    EndAll();
  }
}

// ---- rows ---------------------------------------------------------------------------------------------------------------------------------------

void Driver(benchmark::State& state) {
  cl_command_queue queue = NewQueue();
  const std::size_t one = 1;
  Batches(state, [&] {
    benchmark::DoNotOptimize(Next().clEnqueueNDRangeKernel(queue, Any<cl_kernel>(), 1, nullptr, &one, nullptr, 0, nullptr, nullptr));
  });
}
BENCHMARK(Driver)->UseManualTime()->Iterations(300);

// Nearly all are members, as in a flood of short kernels.
void GatedShort(benchmark::State& state) {
  Settle();
  cl_command_queue queue = NewQueue();
  Batches(state, [&] { Enqueue(queue); });
}
BENCHMARK(GatedShort)->UseManualTime()->Iterations(300);

// Each with an event and a callback of ours, as long kernels are.
void GatedWithCompletion(benchmark::State& state) {
  Settle();
  cl_command_queue queue = NewQueue(CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  Batches(state, [&] { Enqueue(queue); });
}
BENCHMARK(GatedWithCompletion)->UseManualTime()->Iterations(300);

// The same while some user event of the process is unset.
void GatedBesideAUserEvent(benchmark::State& state) {
  Settle();
  cl_command_queue queue = NewQueue(CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  static int user;
  dispatch_detail::next.clCreateUserEvent = [](cl_context, cl_int* error) -> cl_event {
    *error = CL_SUCCESS;
    return reinterpret_cast<cl_event>(&user);
  };
  cl_event event = hook::clCreateUserEvent(Any<cl_context>(), nullptr);
  Batches(state, [&] { Enqueue(queue); });
  hook::clReleaseEvent(event);
}
BENCHMARK(GatedBesideAUserEvent)->UseManualTime()->Iterations(300);

// In the thread that runs the callback.
void Completion(benchmark::State& state) {
  Settle();
  cl_command_queue queue = NewQueue(CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  for (auto _ : state) {
    for (int i = 0; i < kBatch; ++i) Enqueue(queue);
    const Nanos begun = ThreadTime();
    EndAll();
    state.SetIterationTime(static_cast<double>(ThreadTime() - begun) / 1e9 / kBatch);
  }
}
BENCHMARK(Completion)->UseManualTime()->Iterations(300);

void RetainEvent(benchmark::State& state) {
  Install();
  for (auto _ : state) benchmark::DoNotOptimize(hook::clRetainEvent(Any<cl_event>()));
}
BENCHMARK(RetainEvent);

void FlushOfACleanQueue(benchmark::State& state) {
  cl_command_queue queue = NewQueue();
  for (auto _ : state) benchmark::DoNotOptimize(hook::clFlush(queue));
}
BENCHMARK(FlushOfACleanQueue);

}  // namespace
}  // namespace flexai::opencl
