// Small OpenCL programs with an answer each, run bare and in a slice: the answers have to be the same. Knows nothing of flexai.
//
//   opencl_scenarios PLATFORM SCENARIO
//
// Prints its answer, then "idle", and ends when stdin does: in between nothing of it may be in flight.
#include <unistd.h>

#include <sys/wait.h>

#include <sched.h>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_0_APIS
#define CL_USE_DEPRECATED_OPENCL_1_1_APIS
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl_icd.h>

namespace {

constexpr char kSource[] = R"(
kernel void add(global uint* out, uint n) { out[get_global_id(0)] += n; }
kernel void twice(global uint* out, uint n) { out[get_global_id(0)] = out[get_global_id(0)] * 2 + n; }
kernel void spin(global uint* out, uint steps) {
  uint x = out[0];
  for (uint i = 0; i < steps; i++) x = x * 1664525u + 1013904223u;
  out[1] = x;
}
)";

cl_platform_id platform;
cl_device_id device;
cl_context context;
cl_program program;
bool is_pocl, is_intel, is_rusticl;

void Say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void Must(bool condition, const char* what) {
  if (condition) return;
  Say(std::string("failed: ") + what);
  std::_Exit(3);
}

bool Has(std::size_t offset) {
  const auto* table = *reinterpret_cast<const cl_icd_dispatch* const*>(platform);
  void* entry;
  std::memcpy(&entry, reinterpret_cast<const char*>(table) + offset, sizeof entry);
  return entry != nullptr;
}

cl_command_queue NewQueue(cl_command_queue_properties properties = 0) {
  cl_int status;
  cl_command_queue queue = clCreateCommandQueue(context, device, properties, &status);
  return queue;
}

struct Counter {
  cl_mem buffer;
  cl_kernel kernel;
  explicit Counter(const char* name = "add", cl_uint argument = 1, std::size_t items = 1) {
    std::vector<cl_uint> zeros(items + 1);
    buffer = clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, zeros.size() * 4, zeros.data(), nullptr);
    kernel = clCreateKernel(program, name, nullptr);
    clSetKernelArg(kernel, 0, sizeof buffer, &buffer);
    clSetKernelArg(kernel, 1, sizeof argument, &argument);
    work_items = items;
  }
  ~Counter() {
    clReleaseKernel(kernel);
    clReleaseMemObject(buffer);
  }
  cl_int Add(cl_command_queue queue, cl_uint count = 0, const cl_event* waits = nullptr, cl_event* event = nullptr) const {
    return clEnqueueNDRangeKernel(queue, kernel, 1, nullptr, &work_items, nullptr, count, waits, event);
  }
  cl_uint Read(cl_command_queue queue) const {
    cl_uint value = 0;
    const cl_int status = clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, 4, &value, 0, nullptr, nullptr);
    Must(status == CL_SUCCESS, "read");
    return value;
  }
  std::size_t work_items;
};

cl_int StatusOf(cl_event event) {
  cl_int status = CL_INVALID_EVENT;
  const cl_int error = clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr);
  return error != CL_SUCCESS ? error : status;
}

// Yields until it is so; a hang becomes a failure.
void Until(const std::function<bool()>& done, const char* what) {
  for (long i = 0; !done(); ++i) {
    Must(i < 20'000'000, what);
    sched_yield();
  }
}

// ---- scenarios ----------------------------------------------------------------------------------------------------------------------------------

void BlockingMap() {
  cl_command_queue queue = NewQueue();
  for (int round = 0; round < 50; ++round) {
    Counter counter;
    for (int i = 0; i < 64; ++i) Must(counter.Add(queue) == CL_SUCCESS, "enqueue");
    cl_int status;
    auto* mapped =
        static_cast<cl_uint*>(clEnqueueMapBuffer(queue, counter.buffer, CL_TRUE, CL_MAP_READ, 0, 4, 0, nullptr, nullptr, &status));
    Must(status == CL_SUCCESS && mapped != nullptr && *mapped == 64, "64 increments are seen by the map");
    clEnqueueUnmapMemObject(queue, counter.buffer, mapped, 0, nullptr, nullptr);
  }
  clFinish(queue);
  clReleaseCommandQueue(queue);
  Say("50 times 64");
}

void Flood() {
  cl_command_queue queue = NewQueue();
  Counter counter("add", 1, 64);
  for (int i = 0; i < 20'000; ++i) Must(counter.Add(queue) == CL_SUCCESS, "enqueue");
  clFinish(queue);
  Say("counted " + std::to_string(counter.Read(queue)));
  clReleaseCommandQueue(queue);
}

void Bursts() {
  cl_command_queue queue = NewQueue();
  Counter counter;
  for (int i = 0; i < 1000; ++i) {
    for (int k = 0; k < i % 20; ++k) counter.Add(queue);
    if (i % 3 == 0) clFlush(queue);
    if (i % 2 == 0) clFinish(queue);
  }
  Say("counted " + std::to_string(counter.Read(queue)));
  clReleaseCommandQueue(queue);
}

void ReleasedQueues() {
  Counter counter;
  for (int i = 0; i < 300; ++i) {
    cl_command_queue queue = NewQueue();
    cl_event last;
    for (int k = 0; k < 10; ++k) counter.Add(queue, 0, nullptr, k == 9 ? &last : nullptr);
    clRetainCommandQueue(queue);
    clReleaseCommandQueue(queue);
    clReleaseCommandQueue(queue);
    clWaitForEvents(1, &last);
    clReleaseEvent(last);
  }
  cl_command_queue queue = NewQueue();
  Say("counted " + std::to_string(counter.Read(queue)));
  clReleaseCommandQueue(queue);
}

void UserEvents() {
  cl_command_queue first = NewQueue(), second = NewQueue();
  Counter counter, doubled("twice", 5);
  cl_event user = clCreateUserEvent(context, nullptr), other = clCreateUserEvent(context, nullptr);
  cl_event direct, indirect, marker;
  counter.Add(first, 1, &user, &direct);                    // waits directly
  for (int i = 0; i < 10; ++i) counter.Add(first);          // through its queue
  clEnqueueMarkerWithWaitList(first, 0, nullptr, &marker);  // and so does the marker
  const cl_event both[] = {marker, other};
  counter.Add(second, 2, both, &indirect);  // through two events
  doubled.Add(second);
  clFlush(first);
  clFlush(second);
  std::string line = "before: " + std::to_string(StatusOf(direct) > CL_COMPLETE) + std::to_string(StatusOf(indirect) > CL_COMPLETE);
  Must(clSetUserEventStatus(user, CL_COMPLETE) == CL_SUCCESS, "set");
  clFinish(first);
  clWaitForEvents(1, &marker);  // Mesa's clFinish does not wait for what waited for a user event
  line += " between: " + std::to_string(StatusOf(direct)) + std::to_string(StatusOf(indirect) > CL_COMPLETE);
  Must(clSetUserEventStatus(other, CL_COMPLETE) == CL_SUCCESS, "set the other");
  clFinish(second);
  clWaitForEvents(1, &indirect);
  line += " after: " + std::to_string(StatusOf(indirect));
  line += " again: " + std::to_string(clSetUserEventStatus(user, CL_COMPLETE));
  Say(line + " counted " + std::to_string(counter.Read(first)) + " and " + std::to_string(doubled.Read(second)));
  for (cl_event event : {user, other, direct, indirect, marker}) clReleaseEvent(event);
  clReleaseCommandQueue(first);
  clReleaseCommandQueue(second);
}

void ManyUserEvents() {
  cl_command_queue queue = NewQueue();
  Counter counter;
  std::vector<cl_event> users;
  for (int i = 0; i < 400; ++i) {
    users.push_back(clCreateUserEvent(context, nullptr));
    counter.Add(queue, 1, &users.back());
  }
  clFlush(queue);
  for (cl_event user : users) clSetUserEventStatus(user, CL_COMPLETE);
  clFinish(queue);
  for (cl_event user : users) clReleaseEvent(user);
  Say("counted " + std::to_string(counter.Read(queue)));
  clReleaseCommandQueue(queue);
}

void FailedUserEvent() {
  cl_command_queue queue = NewQueue(), other = NewQueue();
  Counter counter;
  cl_event user = clCreateUserEvent(context, nullptr);
  cl_event dependent, next, across;
  counter.Add(queue, 1, &user, &dependent);
  counter.Add(queue, 0, nullptr, &next);
  counter.Add(other, 1, &dependent, &across);
  clFlush(queue);
  clFlush(other);
  const cl_int set = clSetUserEventStatus(user, -5);
  Until([&] { return StatusOf(dependent) <= 0 && StatusOf(next) <= 0 && StatusOf(across) <= 0; }, "dependents end");
  std::string line = "set " + std::to_string(set) + " statuses " + std::to_string(StatusOf(dependent)) + " " +
                     std::to_string(StatusOf(next)) + " " + std::to_string(StatusOf(across));
  line += " finish " + std::to_string(clFinish(queue)) + " " + std::to_string(clFinish(other));
  line += " wait " + std::to_string(clWaitForEvents(1, &dependent));
  // What depends on something that failed already; with PoCL it never ends, bare too.
  if (is_pocl) {
    Say(line);
    for (cl_event event : {user, dependent, next, across}) clReleaseEvent(event);
    clReleaseCommandQueue(queue);
    return clReleaseCommandQueue(other), void();
  }
  cl_event late = nullptr;
  const cl_int status = counter.Add(other, 1, &dependent, &late);
  line += " late " + std::to_string(status);
  clFlush(other);
  if (late != nullptr) {
    Until([&] { return StatusOf(late) <= 0; }, "the late one ends");
    line += " " + std::to_string(StatusOf(late));
    clReleaseEvent(late);
  }
  counter.Add(other);
  clFinish(other);
  Say(line);
  for (cl_event event : {user, dependent, next, across}) clReleaseEvent(event);
  clReleaseCommandQueue(queue);
  clReleaseCommandQueue(other);
}

void SetInAnotherThread() {
  cl_command_queue queue = NewQueue();
  Counter counter;
  for (int i = 0; i < 50; ++i) {
    cl_event user = clCreateUserEvent(context, nullptr);
    counter.Add(queue, 1, &user);
    std::thread setter([&] { clSetUserEventStatus(user, CL_COMPLETE); });
    Must(counter.Read(queue) == static_cast<cl_uint>(i) + 1, "a blocking read behind a user event");
    setter.join();
    clReleaseEvent(user);
  }
  clReleaseCommandQueue(queue);
  Say("50 blocking reads");
}

void OutOfOrder() {
  cl_int status;
  cl_command_queue queue = clCreateCommandQueue(context, device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, &status);
  if (queue == nullptr) return Say("no queue " + std::to_string(status));
  Counter counter, doubled("twice", 5);
  for (int i = 0; i < 100; ++i) {
    cl_event first, second;
    counter.Add(queue, 0, nullptr, &first);
    doubled.Add(queue, 1, &first, &second);
    clEnqueueBarrierWithWaitList(queue, 1, &second, nullptr);
    clReleaseEvent(first);
    clReleaseEvent(second);
  }
  cl_event user = clCreateUserEvent(context, nullptr);
  counter.Add(queue, 1, &user);
  clEnqueueBarrierWithWaitList(queue, 0, nullptr, nullptr);
  doubled.Add(queue);
  clFlush(queue);
  clSetUserEventStatus(user, CL_COMPLETE);
  clFinish(queue);
  clReleaseEvent(user);
  Say("counted " + std::to_string(counter.Read(queue)) + " and " + std::to_string(doubled.Read(queue)));
  clReleaseCommandQueue(queue);
}

void Threads() {
  constexpr int kThreads = 4, kEach = 500;
  cl_command_queue shared = NewQueue();
  std::vector<std::thread> threads;
  std::atomic<cl_uint> sum{0};
  Counter everybody;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      cl_command_queue own = NewQueue();
      Counter mine;
      cl_kernel kernel = clCreateKernel(program, "add", nullptr);  // a kernel object is not for two threads
      const cl_uint one = 1;
      const std::size_t item = 1;
      clSetKernelArg(kernel, 0, sizeof everybody.buffer, &everybody.buffer);
      clSetKernelArg(kernel, 1, sizeof one, &one);
      for (int i = 0; i < kEach; ++i) {
        mine.Add(own);
        Must(clEnqueueNDRangeKernel(shared, kernel, 1, nullptr, &item, nullptr, 0, nullptr, nullptr) == CL_SUCCESS, "enqueue");
        if (i % 50 == 49) clFinish(i % 100 == 99 ? own : shared);
      }
      sum += mine.Read(own);
      clReleaseKernel(kernel);
      clReleaseCommandQueue(own);
    });
  }
  for (std::thread& thread : threads) thread.join();
  Say("counted " + std::to_string(sum) + " and " + std::to_string(everybody.Read(shared)));
  clReleaseCommandQueue(shared);
}

std::string Properties(cl_command_queue queue) {
  cl_command_queue_properties flags = 77;
  clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES, sizeof flags, &flags, nullptr);
  cl_queue_properties list[16] = {};
  std::size_t bytes = 777;
  const cl_int status = clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES_ARRAY, sizeof list, list, &bytes);
  std::string line = std::to_string(flags) + " [" + std::to_string(status) + ":" + std::to_string(bytes);
  for (std::size_t i = 0; status == CL_SUCCESS && i < bytes / sizeof list[0]; ++i) line += " " + std::to_string(list[i]);
  return line + "]";
}

void Profiling() {
  const cl_queue_properties with[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE, 0}, without[] = {CL_QUEUE_PROPERTIES, 0, 0},
                            none[] = {0};
  std::vector<cl_command_queue> queues = {NewQueue(), NewQueue(CL_QUEUE_PROFILING_ENABLE)};
  for (const cl_queue_properties* list : {with, without, none, static_cast<const cl_queue_properties*>(nullptr)}) {
    queues.push_back(clCreateCommandQueueWithProperties(context, device, list, nullptr));
  }
  Counter counter;
  for (cl_command_queue queue : queues) {
    cl_event event;
    counter.Add(queue, 0, nullptr, &event);
    clFinish(queue);
    cl_ulong stamp = 0;
    cl_int status = clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof stamp, &stamp, nullptr);
    // Mesa gives numbers that are no time, asked or not: in a slice only when asked.
    cl_command_queue_properties flags = 0;
    clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES, sizeof flags, &flags, nullptr);
    if (is_rusticl && (flags & CL_QUEUE_PROFILING_ENABLE) == 0) status = CL_PROFILING_INFO_NOT_AVAILABLE;
    const std::string properties = Properties(queue);
    clReleaseCommandQueue(queue);
    Say(properties + " profiling " + std::to_string(status));
    clReleaseEvent(event);
  }
}

void References() {
  cl_command_queue queue = NewQueue();
  Counter counter;
  cl_event event;
  counter.Add(queue, 0, nullptr, &event);
  clFinish(queue);
  clRetainCommandQueue(queue);
  clRetainEvent(event);
  cl_event user = clCreateUserEvent(context, nullptr), held;
  clRetainEvent(user);
  counter.Add(queue, 1, &user, &held);
  clFlush(queue);
  cl_uint of_queue = 0, of_event = 0, of_user = 0, of_held = 0;
  clGetEventInfo(user, CL_EVENT_REFERENCE_COUNT, sizeof of_user, &of_user, nullptr);
  clGetEventInfo(held, CL_EVENT_REFERENCE_COUNT, sizeof of_held, &of_held, nullptr);
  clSetUserEventStatus(user, CL_COMPLETE);
  clFinish(queue);
  // Drivers drop their own references some time after the end.
  Until([&] { return clGetEventInfo(event, CL_EVENT_REFERENCE_COUNT, sizeof of_event, &of_event, nullptr) == CL_SUCCESS && of_event <= 2; },
        "count");
  clGetCommandQueueInfo(queue, CL_QUEUE_REFERENCE_COUNT, sizeof of_queue, &of_queue, nullptr);
  Say("event " + std::to_string(of_event) + " held " + std::to_string(of_held) + (is_pocl ? "" : " queue " + std::to_string(of_queue)));
  clReleaseEvent(event);
  clReleaseEvent(event);
  clReleaseEvent(held);
  clReleaseEvent(user);
  clReleaseEvent(user);
  clReleaseCommandQueue(queue);
  clReleaseCommandQueue(queue);
}

// The errors of every enqueue function, without a queue and with nonsense.
void Errors() {
  cl_command_queue queue = NewQueue();
  Counter counter;
  cl_mem buffer = counter.buffer;
  char host[64] = {};
  const std::size_t zero3[3] = {0, 0, 0}, one3[3] = {1, 1, 1}, huge = ~std::size_t{0} / 2;
  std::string line;
  const auto note = [&](cl_int status) { line += std::to_string(status) + " "; };
  for (cl_command_queue q : {static_cast<cl_command_queue>(nullptr), queue}) {
    cl_event event = nullptr;
    cl_int status = 77;
    const bool looks = q == nullptr || !is_pocl;  // PoCL crashes on some null arguments, bare too
    if (looks) note(clEnqueueNDRangeKernel(q, nullptr, 1, nullptr, one3, nullptr, 0, nullptr, nullptr));
    note(clEnqueueNDRangeKernel(q, counter.kernel, 0, nullptr, one3, nullptr, 0, nullptr, nullptr));
    note(clEnqueueNDRangeKernel(q, counter.kernel, 99, nullptr, one3, nullptr, 0, nullptr, &event));
    if (looks) note(clEnqueueNDRangeKernel(q, counter.kernel, 1, nullptr, one3, nullptr, 1, nullptr, nullptr));
    if (looks) note(clEnqueueTask(q, nullptr, 0, nullptr, nullptr));
    note(clEnqueueReadBuffer(q, nullptr, CL_TRUE, 0, 4, host, 0, nullptr, nullptr));
    note(clEnqueueReadBuffer(q, buffer, CL_TRUE, 0, huge, host, 0, nullptr, nullptr));
    note(clEnqueueReadBuffer(q, buffer, CL_FALSE, 0, 4, nullptr, 0, nullptr, &event));
    note(clEnqueueWriteBuffer(q, buffer, CL_TRUE, huge, 4, host, 0, nullptr, nullptr));
    note(clEnqueueReadBufferRect(q, nullptr, CL_TRUE, zero3, zero3, one3, 0, 0, 0, 0, host, 0, nullptr, nullptr));
    note(clEnqueueWriteBufferRect(q, nullptr, CL_TRUE, zero3, zero3, one3, 0, 0, 0, 0, host, 0, nullptr, nullptr));
    note(clEnqueueCopyBuffer(q, buffer, nullptr, 0, 0, 4, 0, nullptr, nullptr));
    note(clEnqueueCopyBuffer(q, buffer, buffer, 0, 0, 4, 0, nullptr, nullptr));
    if (looks) note(clEnqueueCopyBufferRect(q, nullptr, buffer, zero3, zero3, one3, 0, 0, 0, 0, 0, nullptr, nullptr));
    note(clEnqueueFillBuffer(q, nullptr, host, 4, 0, 4, 0, nullptr, nullptr));
    note(clEnqueueFillBuffer(q, buffer, host, 3, 0, 4, 0, nullptr, nullptr));
    note(clEnqueueReadImage(q, nullptr, CL_TRUE, zero3, one3, 0, 0, host, 0, nullptr, nullptr));
    note(clEnqueueWriteImage(q, nullptr, CL_TRUE, zero3, one3, 0, 0, host, 0, nullptr, nullptr));
    note(clEnqueueCopyImage(q, nullptr, nullptr, zero3, zero3, one3, 0, nullptr, nullptr));
    note(clEnqueueCopyImageToBuffer(q, nullptr, buffer, zero3, one3, 0, 0, nullptr, nullptr));
    note(clEnqueueCopyBufferToImage(q, buffer, nullptr, 0, zero3, one3, 0, nullptr, nullptr));
    note(clEnqueueFillImage(q, nullptr, host, zero3, one3, 0, nullptr, nullptr));
    note((clEnqueueMapBuffer(q, nullptr, CL_TRUE, CL_MAP_READ, 0, 4, 0, nullptr, nullptr, &status), status));
    note((clEnqueueMapBuffer(q, buffer, CL_TRUE, CL_MAP_READ, 0, huge, 0, nullptr, nullptr, &status), status));
    note((clEnqueueMapImage(q, nullptr, CL_TRUE, CL_MAP_READ, zero3, one3, nullptr, nullptr, 0, nullptr, nullptr, &status), status));
    note(clEnqueueUnmapMemObject(q, nullptr, host, 0, nullptr, nullptr));
    note(clEnqueueMigrateMemObjects(q, 0, nullptr, 0, 0, nullptr, nullptr));
    note(clEnqueueMarkerWithWaitList(q, 1, nullptr, nullptr));
    note(clEnqueueBarrierWithWaitList(q, 1, nullptr, nullptr));
    if (q == nullptr || Has(offsetof(cl_icd_dispatch, clEnqueueNativeKernel))) {
      note(clEnqueueNativeKernel(q, nullptr, nullptr, 0, 0, nullptr, nullptr, 0, nullptr, nullptr));
    }
    if (!is_rusticl) {
      note(clEnqueueSVMMemcpy(q, CL_TRUE, nullptr, nullptr, 4, 0, nullptr, nullptr));
      note(clEnqueueSVMMemFill(q, nullptr, host, 4, 4, 0, nullptr, nullptr));
      note(clEnqueueSVMMap(q, CL_TRUE, 0, nullptr, 4, 0, nullptr, nullptr));
      note(clEnqueueSVMUnmap(q, nullptr, 0, nullptr, nullptr));
      note(clEnqueueSVMFree(q, 0, nullptr, nullptr, nullptr, 1, nullptr, nullptr));
      note(clEnqueueSVMMigrateMem(q, 0, nullptr, nullptr, 0, 0, nullptr, nullptr));
    }
    note(clFlush(q));
    note(clFinish(q));
    line += "| ";
  }
  note(clRetainCommandQueue(nullptr));
  note(clReleaseCommandQueue(nullptr));
  note(clRetainEvent(nullptr));
  note(clReleaseEvent(nullptr));
  note(clWaitForEvents(0, nullptr));
  note(clSetUserEventStatus(nullptr, CL_COMPLETE));
  note(clSetEventCallback(nullptr, CL_COMPLETE, nullptr, nullptr));
  cl_event user = clCreateUserEvent(context, nullptr);
  note(clSetUserEventStatus(user, 5));
  note(clSetEventCallback(user, CL_COMPLETE, nullptr, nullptr));
  clSetUserEventStatus(user, CL_COMPLETE);
  note(clSetUserEventStatus(user, CL_COMPLETE));
  clReleaseEvent(user);
  cl_int status = 77;
  note((clCreateUserEvent(nullptr, &status), status));
  note((clCreateCommandQueue(context, nullptr, 0, &status), status));
  note((clCreateCommandQueue(nullptr, device, 0, &status), status));
  note((clCreateCommandQueue(context, device, ~0ull, &status), status));
  const cl_queue_properties wrong[] = {0x12345, 1, 0};
  note((clCreateCommandQueueWithProperties(context, device, wrong, &status), status));
  std::size_t size = 0;
  note(clGetCommandQueueInfo(queue, 0x99, 8, host, &size));
  note(clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES, 1, host, &size));
  note(counter.Add(queue));
  Say(line + "counted " + std::to_string(counter.Read(queue)));
  clReleaseCommandQueue(queue);
}

struct Chain {
  cl_command_queue queue;
  Counter* counter;
  std::atomic<int> left{100};
};

void CL_CALLBACK EnqueueNext(cl_event event, cl_int, void* user_data) {
  auto& chain = *static_cast<Chain*>(user_data);
  clReleaseEvent(event);
  if (--chain.left <= 0) return;
  cl_event next;
  chain.counter->Add(chain.queue, 0, nullptr, &next);
  clSetEventCallback(next, CL_COMPLETE, EnqueueNext, user_data);
  clFlush(chain.queue);
}

void CallbacksThatEnqueue() {
  Counter counter;
  Chain chain{NewQueue(), &counter};
  cl_event first;
  counter.Add(chain.queue, 0, nullptr, &first);
  clSetEventCallback(first, CL_COMPLETE, EnqueueNext, &chain);
  clFlush(chain.queue);
  Until([&] { return chain.left <= 0; }, "the chain of callbacks");
  clFinish(chain.queue);
  Say("counted " + std::to_string(counter.Read(chain.queue)));
  clReleaseCommandQueue(chain.queue);
}

void CallbacksThatSetUserEvents() {
  cl_command_queue queue = NewQueue(), other = NewQueue();
  Counter counter;
  for (int i = 0; i < 20; ++i) {
    cl_event user = clCreateUserEvent(context, nullptr), first, held;
    counter.Add(other, 1, &user, &held);
    clFlush(other);
    counter.Add(queue, 0, nullptr, &first);
    clSetEventCallback(
        first, CL_COMPLETE, [](cl_event, cl_int, void* event) { clSetUserEventStatus(static_cast<cl_event>(event), CL_COMPLETE); }, user);
    clFlush(queue);
    clWaitForEvents(1, &held);
    for (cl_event event : {user, first, held}) clReleaseEvent(event);
  }
  clFinish(queue);
  Say("counted " + std::to_string(counter.Read(queue)));
  clReleaseCommandQueue(queue);
  clReleaseCommandQueue(other);
}

void NativeKernel() {
  if (!Has(offsetof(cl_icd_dispatch, clEnqueueNativeKernel))) return Say("none");
  cl_command_queue queue = NewQueue();
  Counter counter;
  struct Arguments {
    cl_uint* memory;
    cl_uint add;
    std::atomic<int>* calls;
  };
  static std::atomic<int> calls{0};
  Arguments arguments{nullptr, 7, &calls};
  const void* location = &arguments.memory;
  cl_mem buffer = counter.buffer;
  cl_int status = CL_SUCCESS;
  for (int i = 0; i < 10 && status == CL_SUCCESS; ++i) {
    status = clEnqueueNativeKernel(
        queue,
        [](void* block) {
          auto* each = static_cast<Arguments*>(block);
          *each->memory += each->add;
          ++*each->calls;
        },
        &arguments, sizeof arguments, 1, &buffer, &location, 0, nullptr, nullptr);
  }
  clFinish(queue);
  Say("status " + std::to_string(status) + " calls " + std::to_string(calls) + " counted " + std::to_string(counter.Read(queue)));
  clReleaseCommandQueue(queue);
}

void SharedMemory() {
  cl_device_svm_capabilities capabilities = 0;
  if (clGetDeviceInfo(device, CL_DEVICE_SVM_CAPABILITIES, sizeof capabilities, &capabilities, nullptr) != CL_SUCCESS || capabilities == 0) {
    return Say("none");
  }
  cl_command_queue queue = NewQueue();
  static std::atomic<int> freed{0};
  cl_uint sum = 0;
  for (int i = 0; i < 20; ++i) {
    auto* memory = static_cast<cl_uint*>(clSVMAlloc(context, CL_MEM_READ_WRITE, 4096, 0));
    Must(memory != nullptr, "svm");
    const cl_uint three = 3, four = 4;
    clEnqueueSVMMemFill(queue, memory, &three, sizeof three, 4096, 0, nullptr, nullptr);
    clEnqueueSVMMap(queue, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, memory, 4096, 0, nullptr, nullptr);
    sum += memory[100];
    clEnqueueSVMUnmap(queue, memory, 0, nullptr, nullptr);
    clEnqueueSVMMemcpy(queue, CL_TRUE, memory, &four, sizeof four, 0, nullptr, nullptr);
    sum += memory[0];
    void* list[] = {memory};
    if (i % 2 == 0) {
      clEnqueueSVMFree(queue, 1, list, nullptr, nullptr, 0, nullptr, nullptr);
    } else {
      clEnqueueSVMFree(
          queue, 1, list,
          [](cl_command_queue, cl_uint count, void** pointers, void* user_data) {
            for (cl_uint k = 0; k < count; ++k) clSVMFree(static_cast<cl_context>(user_data), pointers[k]);
            ++freed;
          },
          context, 0, nullptr, nullptr);
    }
  }
  clFinish(queue);
  Say("sum " + std::to_string(sum) + " freed by us " + std::to_string(freed));
  clReleaseCommandQueue(queue);
}

void Images() {
  cl_bool supported = CL_FALSE;
  clGetDeviceInfo(device, CL_DEVICE_IMAGE_SUPPORT, sizeof supported, &supported, nullptr);
  if (supported == CL_FALSE) return Say("none");
  cl_command_queue queue = NewQueue();
  const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
  cl_image_desc shape = {};
  shape.image_type = CL_MEM_OBJECT_IMAGE2D;
  shape.image_width = shape.image_height = 16;
  cl_int status;
  cl_mem first = clCreateImage(context, CL_MEM_READ_WRITE, &format, &shape, nullptr, &status);
  cl_mem second = clCreateImage(context, CL_MEM_READ_WRITE, &format, &shape, nullptr, &status);
  cl_mem buffer = clCreateBuffer(context, CL_MEM_READ_WRITE, 1024, nullptr, nullptr);
  if (first == nullptr) return Say("no image " + std::to_string(status));
  const std::size_t origin[3] = {0, 0, 0}, region[3] = {16, 16, 1};
  const cl_uint color[4] = {1, 2, 3, 4};
  std::string line;
  const auto note = [&](cl_int result) { line += std::to_string(result) + " "; };
  note(clEnqueueFillImage(queue, first, color, origin, region, 0, nullptr, nullptr));
  note(clEnqueueCopyImage(queue, first, second, origin, origin, region, 0, nullptr, nullptr));
  note(clEnqueueCopyImageToBuffer(queue, second, buffer, origin, region, 0, 0, nullptr, nullptr));
  note(clEnqueueCopyBufferToImage(queue, buffer, first, 0, origin, region, 0, nullptr, nullptr));
  unsigned char pixels[1024] = {};
  note(clEnqueueReadImage(queue, first, CL_TRUE, origin, region, 0, 0, pixels, 0, nullptr, nullptr));
  std::size_t pitch = 0;
  auto* mapped = static_cast<unsigned char*>(
      clEnqueueMapImage(queue, first, CL_TRUE, CL_MAP_READ, origin, region, &pitch, nullptr, 0, nullptr, nullptr, &status));
  note(status);
  line += "pixel " + std::to_string(pixels[5]) + " mapped " + std::to_string(mapped != nullptr ? mapped[6] : 999);
  if (mapped != nullptr) clEnqueueUnmapMemObject(queue, first, mapped, 0, nullptr, nullptr);
  clFinish(queue);
  Say(line);
  for (cl_mem object : {first, second, buffer}) clReleaseMemObject(object);
  clReleaseCommandQueue(queue);
}

void SubDevice() {
  if (!Has(offsetof(cl_icd_dispatch, clCreateSubDevices))) return Say("none");
  const cl_device_partition_property parts[] = {CL_DEVICE_PARTITION_BY_COUNTS, 1, CL_DEVICE_PARTITION_BY_COUNTS_LIST_END, 0};
  cl_device_id part = nullptr;
  const cl_int status = clCreateSubDevices(device, parts, 1, &part, nullptr);
  if (part == nullptr) return Say("no part " + std::to_string(status));
  cl_context own = clCreateContext(nullptr, 1, &part, nullptr, nullptr, nullptr);
  cl_command_queue queue = clCreateCommandQueue(own, part, 0, nullptr);
  cl_mem buffer = clCreateBuffer(own, CL_MEM_READ_WRITE, 4, nullptr, nullptr);
  cl_uint value = 41, back = 0;
  clEnqueueWriteBuffer(queue, buffer, CL_FALSE, 0, 4, &value, 0, nullptr, nullptr);
  clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, 4, &back, 0, nullptr, nullptr);
  Say("read " + std::to_string(back));
  clReleaseMemObject(buffer);
  clReleaseCommandQueue(queue);
  clReleaseContext(own);
  clReleaseDevice(part);
}

// A child makes its own context; what it can do bare it can do in a slice. PoCL's children hang bare too, so they only ask.
void Fork() {
  cl_command_queue queue = NewQueue();
  Counter counter;
  counter.Add(queue);
  clFinish(queue);
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    cl_int status;
    cl_context own = clCreateContext(nullptr, 1, &device, nullptr, nullptr, &status);
    cl_command_queue fresh = clCreateCommandQueue(own, device, 0, &status);
    if (fresh == nullptr) std::_Exit(2);
    if (is_pocl) std::_Exit(0);
    cl_mem buffer = clCreateBuffer(own, CL_MEM_READ_WRITE, 4, nullptr, &status);
    cl_uint value = 17, back = 0;
    for (int i = 0; i < 50; ++i) {
      clEnqueueWriteBuffer(fresh, buffer, CL_FALSE, 0, 4, &value, 0, nullptr, nullptr);
      clEnqueueReadBuffer(fresh, buffer, CL_TRUE, 0, 4, &back, 0, nullptr, nullptr);
    }
    std::_Exit(back == 17 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  counter.Add(queue);
  Say("child " + std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status)) + " counted " +
      std::to_string(counter.Read(queue)));
  clReleaseCommandQueue(queue);
}

// Ends with hundreds of commands in flight and nothing released.
void ExitInFlight() {
  cl_command_queue queue = NewQueue();
  Counter spin("spin", 100'000);
  for (int i = 0; i < 300; ++i) spin.Add(queue);
  clFlush(queue);
  Say("leaving");
  std::exit(0);
}

const std::map<std::string, void (*)()> kScenarios = {
    {"blocking_map", BlockingMap},
    {"flood", Flood},
    {"bursts", Bursts},
    {"released_queues", ReleasedQueues},
    {"user_events", UserEvents},
    {"many_user_events", ManyUserEvents},
    {"failed_user_event", FailedUserEvent},
    {"set_in_another_thread", SetInAnotherThread},
    {"out_of_order", OutOfOrder},
    {"threads", Threads},
    {"profiling", Profiling},
    {"references", References},
    {"errors", Errors},
    {"callbacks_that_enqueue", CallbacksThatEnqueue},
    {"callbacks_that_set_user_events", CallbacksThatSetUserEvents},
    {"native_kernel", NativeKernel},
    {"shared_memory", SharedMemory},
    {"images", Images},
    {"sub_device", SubDevice},
    {"fork", Fork},
    {"exit_in_flight", ExitInFlight},
};

}  // namespace

int main(int argc, char** argv) {
  const auto scenario = argc == 3 ? kScenarios.find(argv[2]) : kScenarios.end();
  if (scenario == kScenarios.end()) return 2;
  cl_platform_id platforms[16];
  cl_uint count = 0;
  clGetPlatformIDs(16, platforms, &count);
  for (cl_uint i = 0; i < count && i < 16; ++i) {
    char name[256] = "";
    clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof name, name, nullptr);
    if (std::strstr(name, argv[1]) == nullptr) continue;
    platform = platforms[i];
    clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, nullptr);
    is_pocl = std::strstr(name, "Portable") != nullptr;
    is_intel = std::strstr(name, "Intel") != nullptr;
    is_rusticl = std::strstr(name, "rusticl") != nullptr;
  }
  if (device == nullptr) {
    Say("no device");
    return 1;
  }
  cl_int status;
  context = clCreateContext(nullptr, 1, &device, nullptr, nullptr, &status);
  Must(context != nullptr, "context");
  const char* source = kSource;
  program = clCreateProgramWithSource(context, 1, &source, nullptr, nullptr);
  Must(clBuildProgram(program, 1, &device, "", nullptr, nullptr) == CL_SUCCESS, "build");
  scenario->second();
  Say("idle");
  while (getchar() != EOF) {
  }
}
