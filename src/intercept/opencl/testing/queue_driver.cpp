#include "intercept/opencl/testing/queue_driver.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/info_answer.hpp"

namespace flexai::opencl::testing {
namespace {

QueueDriver* driver = nullptr;

template <class T>
cl_int AnswerNumber(T number, std::size_t room, void* value, std::size_t* size_ret) {
  return GiveInfo(&number, sizeof number, room, value, size_ret);
}

cl_int AnswerText(const char* text, std::size_t room, void* value, std::size_t* size_ret) {
  return GiveInfo(text, std::strlen(text) + 1, room, value, size_ret);
}

FakeQueue& Queue(cl_command_queue handle) { return QueueDriver::Of(handle); }
FakeEvent& Event(cl_event handle) { return QueueDriver::Of(handle); }

void AddQueries(cl_icd_dispatch& table) {
  table.clGetPlatformInfo = [](cl_platform_id, cl_platform_info name, size_t room, void* value, size_t* size_ret) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    return AnswerText(name == CL_PLATFORM_NAME ? "Portable Computing Language" : "The pocl project", room, value, size_ret);
  };
  table.clGetDeviceIDs = [](cl_platform_id, cl_device_type, cl_uint entries, cl_device_id* devices, cl_uint* count) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (count != nullptr) *count = 1;
    if (devices != nullptr && entries != 0) devices[0] = driver->device();
    return CL_SUCCESS;
  };
  table.clGetDeviceInfo = [](cl_device_id device, cl_device_info name, size_t room, void* value, size_t* size_ret) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (device == nullptr) return CL_INVALID_DEVICE;
    switch (name) {
      case CL_DEVICE_TYPE: return AnswerNumber<cl_device_type>(CL_DEVICE_TYPE_CPU, room, value, size_ret);
      case CL_DEVICE_PLATFORM: return AnswerNumber(driver->platform(), room, value, size_ret);
      case CL_DEVICE_MAX_MEM_ALLOC_SIZE: return AnswerNumber<cl_ulong>(1ULL << 30, room, value, size_ret);
      default: return AnswerText("pthread-fake", room, value, size_ret);
    }
  };
}

void AddQueues(cl_icd_dispatch& table) {
  table.clCreateCommandQueue = [](cl_context context, cl_device_id device, cl_command_queue_properties flags,
                                  cl_int* error) -> cl_command_queue {
    const std::lock_guard guard(driver->mutex);
    cl_int status = context == nullptr  ? CL_INVALID_CONTEXT
                    : device == nullptr ? CL_INVALID_DEVICE
                    : flags > 3         ? CL_INVALID_VALUE
                                        : CL_SUCCESS;
    if (status == CL_SUCCESS && (flags & CL_QUEUE_PROFILING_ENABLE) != 0 && !driver->has_profiling) status = CL_INVALID_QUEUE_PROPERTIES;
    if (error != nullptr) *error = status;
    return status == CL_SUCCESS ? reinterpret_cast<cl_command_queue>(driver->NewQueue(flags)) : nullptr;
  };
  table.clCreateCommandQueueWithProperties = [](cl_context, cl_device_id, const cl_queue_properties* list,
                                                cl_int* error) -> cl_command_queue {
    const std::lock_guard guard(driver->mutex);
    cl_command_queue_properties flags = 0;
    std::vector<cl_queue_properties> copy;
    for (std::size_t i = 0; list != nullptr && list[i] != 0; i += 2) {
      copy.insert(copy.end(), {list[i], list[i + 1]});
      if (list[i] == CL_QUEUE_PROPERTIES) flags = list[i + 1];
    }
    if (list != nullptr) copy.push_back(0);
    FakeQueue* queue = driver->NewQueue(flags);
    queue->list = copy;
    if (error != nullptr) *error = CL_SUCCESS;
    return reinterpret_cast<cl_command_queue>(queue);
  };
  table.clRetainCommandQueue = [](cl_command_queue queue) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (queue == nullptr) return CL_INVALID_COMMAND_QUEUE;
    ++Queue(queue).references;
    return CL_SUCCESS;
  };
  table.clReleaseCommandQueue = [](cl_command_queue queue) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (queue == nullptr) return CL_INVALID_COMMAND_QUEUE;
    if (--Queue(queue).references == 0) {
      Queue(queue).flushed = Queue(queue).commands.size();
      Queue(queue).destroyed = true;
    }
    return CL_SUCCESS;
  };
  table.clGetCommandQueueInfo = [](cl_command_queue queue, cl_command_queue_info name, size_t room, void* value,
                                   size_t* size_ret) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (queue == nullptr) return CL_INVALID_COMMAND_QUEUE;
    const FakeQueue& fake = Queue(queue);
    switch (name) {
      case CL_QUEUE_PROPERTIES: return AnswerNumber(fake.flags, room, value, size_ret);
      case CL_QUEUE_PROPERTIES_ARRAY: return GiveInfo(fake.list.data(), fake.list.size() * sizeof fake.list[0], room, value, size_ret);
      case CL_QUEUE_REFERENCE_COUNT: return AnswerNumber(static_cast<cl_uint>(fake.references), room, value, size_ret);
      default: return CL_INVALID_VALUE;
    }
  };
  table.clSetCommandQueueProperty = [](cl_command_queue queue, cl_command_queue_properties flags, cl_bool enable,
                                       cl_command_queue_properties* old) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (old != nullptr) *old = Queue(queue).flags;
    Queue(queue).flags = enable != CL_FALSE ? Queue(queue).flags | flags : Queue(queue).flags & ~flags;
    return CL_SUCCESS;
  };
  table.clFlush = [](cl_command_queue queue) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (queue == nullptr) return CL_INVALID_COMMAND_QUEUE;
    Queue(queue).flushed = Queue(queue).commands.size();
    ++Queue(queue).flushes;
    return CL_SUCCESS;
  };
  table.clFinish = [](cl_command_queue queue) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (queue == nullptr) return CL_INVALID_COMMAND_QUEUE;
    if (!driver->finish_forgets || Queue(queue).flushed < Queue(queue).commands.size()) driver->Finish(Queue(queue));
    return CL_SUCCESS;
  };
}

void AddEvents(cl_icd_dispatch& table) {
  table.clCreateUserEvent = [](cl_context context, cl_int* error) -> cl_event {
    const std::lock_guard guard(driver->mutex);
    if (error != nullptr) *error = context == nullptr ? CL_INVALID_CONTEXT : CL_SUCCESS;
    if (context == nullptr) return nullptr;
    FakeEvent* event = driver->NewEvent(nullptr);
    event->status = CL_SUBMITTED;
    return reinterpret_cast<cl_event>(event);
  };
  table.clSetUserEventStatus = [](cl_event event, cl_int status) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (event == nullptr) return CL_INVALID_EVENT;
    if (status > 0) return CL_INVALID_VALUE;
    if (Event(event).status <= CL_COMPLETE) return CL_INVALID_OPERATION;
    driver->SetStatus(Event(event), status);
    return CL_SUCCESS;
  };
  table.clRetainEvent = [](cl_event event) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (event == nullptr) return CL_INVALID_EVENT;
    ++Event(event).references;
    return CL_SUCCESS;
  };
  table.clReleaseEvent = [](cl_event event) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (event == nullptr) return CL_INVALID_EVENT;
    QueueDriver::Unref(Event(event));
    return CL_SUCCESS;
  };
  table.clGetEventInfo = [](cl_event event, cl_event_info name, size_t room, void* value, size_t* size_ret) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (event == nullptr || Event(event).destroyed) return CL_INVALID_EVENT;
    switch (name) {
      case CL_EVENT_COMMAND_EXECUTION_STATUS: return AnswerNumber(Event(event).status, room, value, size_ret);
      case CL_EVENT_COMMAND_QUEUE: return AnswerNumber(reinterpret_cast<cl_command_queue>(Event(event).queue), room, value, size_ret);
      case CL_EVENT_REFERENCE_COUNT: return AnswerNumber(static_cast<cl_uint>(Event(event).references), room, value, size_ret);
      default: return CL_INVALID_VALUE;
    }
  };
  table.clGetEventProfilingInfo = [](cl_event event, cl_profiling_info name, size_t room, void* value, size_t* size_ret) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    const FakeEvent& fake = Event(event);
    if (fake.queue == nullptr || (fake.queue->flags & CL_QUEUE_PROFILING_ENABLE) == 0 || fake.status != CL_COMPLETE)
      return CL_PROFILING_INFO_NOT_AVAILABLE;
    return AnswerNumber(name == CL_PROFILING_COMMAND_START ? fake.start : fake.end, room, value, size_ret);
  };
  table.clSetEventCallback = [](cl_event event, cl_int, void(CL_CALLBACK * function)(cl_event, cl_int, void*), void* user_data) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (event == nullptr) return CL_INVALID_EVENT;
    if (function == nullptr) return CL_INVALID_VALUE;
    if (!driver->calls_back) return CL_OUT_OF_RESOURCES;
    ++driver->callbacks_set;
    if (Event(event).status == CL_COMPLETE) {
      function(event, CL_COMPLETE, user_data);
    } else if (Event(event).status > CL_COMPLETE) {
      Event(event).callbacks.push_back({function, user_data});
    }
    return CL_SUCCESS;
  };
  table.clWaitForEvents = [](cl_uint count, const cl_event* events) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (count == 0 || events == nullptr) return CL_INVALID_VALUE;
    for (cl_uint i = 0; i < count; ++i) {
      if (Event(events[i]).queue != nullptr) driver->Finish(*Event(events[i]).queue);
    }
    return CL_SUCCESS;
  };
}

void AddCommands(cl_icd_dispatch& table) {
  table.clEnqueueNDRangeKernel = [](cl_command_queue queue, cl_kernel kernel, cl_uint, const size_t*, const size_t*, const size_t*,
                                    cl_uint count, const cl_event* waits, cl_event* event) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (queue == nullptr) return CL_INVALID_COMMAND_QUEUE;
    if (kernel == nullptr) return CL_INVALID_KERNEL;
    return driver->Take(queue, false, false, count, waits, event);
  };
  table.clEnqueueReadBuffer = [](cl_command_queue queue, cl_mem, cl_bool blocking, size_t, size_t, void*, cl_uint count,
                                 const cl_event* waits, cl_event* event) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    if (queue == nullptr) return CL_INVALID_COMMAND_QUEUE;
    const cl_int status = driver->Take(queue, false, false, count, waits, event);
    if (status == CL_SUCCESS && blocking != CL_FALSE) driver->Finish(Queue(queue));
    return status;
  };
  table.clEnqueueMarkerWithWaitList = [](cl_command_queue queue, cl_uint count, const cl_event* waits, cl_event* event) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    return queue == nullptr ? CL_INVALID_COMMAND_QUEUE : driver->Take(queue, true, false, count, waits, event);
  };
  table.clEnqueueBarrierWithWaitList = [](cl_command_queue queue, cl_uint count, const cl_event* waits, cl_event* event) -> cl_int {
    const std::lock_guard guard(driver->mutex);
    return queue == nullptr ? CL_INVALID_COMMAND_QUEUE : driver->Take(queue, true, true, count, waits, event);
  };
}

}  // namespace

QueueDriver::QueueDriver() {
  std::memset(&driver_table_, 0xff, sizeof driver_table_);  // every slot is filled
  platform_.table = device_.table = context_.table = &driver_table_;
  for (FakeObject& kernel : kernels_) kernel.table = &driver_table_;
}

QueueDriver& QueueDriver::Fresh() {
  if (driver == nullptr) {
    driver = new QueueDriver;
    static cl_icd_dispatch table{};
    AddQueries(table);
    AddQueues(table);
    AddEvents(table);
    AddCommands(table);
    AdoptNext(&table, kSlots, nullptr);
  }
  QueueDriver& fake = *driver;
  fake.kernel_takes = 1000;
  fake.stamps_are_time = fake.calls_back = fake.has_profiling = true;
  fake.needs_flush = fake.finish_forgets = fake.runs_after_failure = false;
  fake.refuse_next = CL_SUCCESS;
  fake.in_next_enqueue = nullptr;
  fake.enqueued = fake.markers = fake.callbacks_set = 0;
  return fake;
}

FakeQueue* QueueDriver::NewQueue(cl_command_queue_properties flags) {
  queues_.push_back(std::make_unique<FakeQueue>());
  FakeQueue* queue = queues_.back().get();
  queue->table = &driver_table_;
  queue->flags = flags;
  return queue;
}

FakeEvent* QueueDriver::NewEvent(FakeQueue* queue) {
  events_.push_back(std::make_unique<FakeEvent>());
  FakeEvent* event = events_.back().get();
  event->table = &driver_table_;
  event->queue = queue;
  return event;
}

void QueueDriver::Unref(FakeEvent& event) {
  if (--event.references == 0) event.destroyed = true;
}

cl_int QueueDriver::Take(cl_command_queue handle, bool marker, bool barrier, cl_uint count, const cl_event* waits, cl_event* event) {
  last_place = event;
  if (in_next_enqueue) std::exchange(in_next_enqueue, nullptr)();
  if (refuse_next != CL_SUCCESS) return std::exchange(refuse_next, CL_SUCCESS);
  if (count != 0 && waits == nullptr) return CL_INVALID_EVENT_WAIT_LIST;
  FakeQueue& queue = Of(handle);
  FakeCommand command;
  command.event = NewEvent(&queue);
  command.takes = marker ? 0 : kernel_takes;
  for (cl_uint i = 0; i < count; ++i) command.waits.push_back(&Of(waits[i]));
  if ((queue.flags & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) != 0) {
    command.waits.insert(command.waits.end(), queue.order_waits.begin(), queue.order_waits.end());
    if (marker && count == 0) {
      for (const FakeCommand& earlier : queue.commands) command.waits.push_back(earlier.event);
    }
    if (barrier) queue.order_waits = {command.event};
  }
  // One reference is the driver's own, until the command is over.
  if (event != nullptr) {
    ++command.event->references;
    *event = reinterpret_cast<cl_event>(command.event);
  }
  queue.commands.push_back(command);
  ++enqueued;
  markers += marker ? 1 : 0;
  const bool doomed = std::ranges::any_of(command.waits, [](const FakeEvent* wait) { return wait->status < CL_COMPLETE; });
  if (doomed) FailDependents();
  return CL_SUCCESS;
}

bool QueueDriver::MayRun(const FakeQueue& queue, std::size_t index) const {
  if (needs_flush && index >= queue.flushed) return false;
  if (index != 0 && (queue.flags & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) == 0) return false;
  return std::ranges::all_of(queue.commands[index].waits, [](const FakeEvent* wait) { return wait->status <= CL_COMPLETE; });
}

void QueueDriver::Complete(FakeQueue& queue, std::size_t index, cl_int status) {
  const FakeCommand command = queue.commands[index];
  queue.commands.erase(queue.commands.begin() + static_cast<std::ptrdiff_t>(index));
  if (queue.flushed > index) --queue.flushed;
  FakeEvent& event = *command.event;
  event.start = stamps_are_time ? static_cast<cl_ulong>(device_clock_) : 2;
  if (status == CL_COMPLETE) device_clock_ += command.takes;
  event.end = stamps_are_time ? static_cast<cl_ulong>(device_clock_) : 3;
  while (MonotonicNow() < device_clock_) {
  }
  if (status < CL_COMPLETE) event.callbacks.clear();  // PoCL and rusticl call nobody
  SetStatus(event, status);
  Unref(event);
}

void QueueDriver::SetStatus(FakeEvent& event, cl_int status) {
  event.status = status;
  const auto callbacks = std::exchange(event.callbacks, {});
  for (const FakeEvent::Callback& callback : callbacks) callback.function(reinterpret_cast<cl_event>(&event), status, callback.user_data);
  if (status < CL_COMPLETE) FailDependents();
}

void QueueDriver::FailDependents() {
  for (bool found = true; found;) {
    found = false;
    for (const auto& queue : queues_) {
      for (std::size_t i = 0; i < queue->commands.size() && !found; ++i) {
        found = std::ranges::any_of(queue->commands[i].waits, [](const FakeEvent* wait) { return wait->status < CL_COMPLETE; });
        if (!found) continue;
        Complete(*queue, i, -14);
        if (runs_after_failure || (queue->flags & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) != 0) continue;
        while (i < queue->commands.size()) Complete(*queue, i, -14);
      }
    }
  }
}

bool QueueDriver::RunOne() {
  for (std::size_t q = 0; q < queues_.size(); ++q) {
    for (std::size_t i = 0; i < queues_[q]->commands.size(); ++i) {
      if (!MayRun(*queues_[q], i)) continue;
      Complete(*queues_[q], i, CL_COMPLETE);
      return true;
    }
  }
  return false;
}

int QueueDriver::RunAll(int most) {
  const std::lock_guard guard(mutex);
  device_clock_ = std::max(device_clock_, MonotonicNow());
  int ran = 0;
  while (ran < most && RunOne()) ++ran;
  return ran;
}

void QueueDriver::Finish(FakeQueue& queue) {
  queue.flushed = queue.commands.size();
  RunAll();
}

std::size_t QueueDriver::waiting() {
  const std::lock_guard guard(mutex);
  std::size_t count = 0;
  for (const auto& queue : queues_) count += queue->commands.size();
  return count;
}

}  // namespace flexai::opencl::testing
