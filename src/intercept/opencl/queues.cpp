#include "intercept/opencl/queues.hpp"

#include <cstdlib>
#include <cstring>

#include "intercept/common/handle_table.hpp"
#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/info_answer.hpp"
#include "intercept/opencl/submission.hpp"

namespace flexai::opencl {

namespace queues_detail {
constinit intercept::RecordPool<Queue> pool;
}

namespace {

using queues_detail::pool;

// Entries outlive their queue without a record, until the driver gives the address to another: events of a released queue still have to be answered.
struct Entry {
  Queue* queue;
  bool hides_profiling;
};
constinit intercept::HandleTable<Entry> table;
constinit intercept::ForkSafeMutex rebind_mutex;
std::atomic<bool> have_device_queues{false};

void FreeRecord(Queue& queue) noexcept {
  std::free(queue.asked_properties);
  queue.asked_properties = nullptr;
  queue.handle = nullptr;
  pool.Free(&queue);
}

void ReleaseInDriver(Queue& queue) noexcept {
  Next().clReleaseCommandQueue(queue.handle);
  if (queue.dirty.exchange(false, std::memory_order_seq_cst) && queue.epoch.load(std::memory_order_relaxed) == ProcessEpoch()) {
    queue.xpu.load(std::memory_order_relaxed)->QueueBecameClean();  // the last release flushes
  }
  RemoveUser(queue);
}

void Begin(Queue& queue, slice::Tenant& tenant, const Device& device) noexcept {
  queue.tenant.store(&tenant, std::memory_order_relaxed);
  queue.xpu.store(&XpuState::Of(tenant, device.handle), std::memory_order_relaxed);
  queue.users.store(1, std::memory_order_relaxed);
  queue.dirty.store(false, std::memory_order_relaxed);
  queue.last_ended_ns.store(0, std::memory_order_relaxed);
  queue.last_end.store(0, std::memory_order_relaxed);
  queue.marks.Reset();
  queue.fence = {};
  queue.waited = {};
  queue.epoch.store(ProcessEpoch(), std::memory_order_release);  // pairs with the acquire in BelongsHere
}

// What the application asked for.
struct Asked {
  cl_command_queue_properties flags = 0;
  const cl_queue_properties* list = nullptr;  // of clCreateCommandQueueWithProperties
  bool with_list = false;

  [[nodiscard]] bool profiling() const noexcept { return (flags & CL_QUEUE_PROFILING_ENABLE) != 0; }
  [[nodiscard]] std::uint32_t count() const noexcept {  // with the 0 at the end
    if (list == nullptr) return 0;
    std::uint32_t n = 0;
    while (list[n] != 0) n += 2;
    return n + 1;
  }
};

/// Makes a queue with profiling: `create(forced, errcode_ret)` is the driver's call, with profiling added or as asked.
template <class Create>
cl_command_queue CreateQueue(cl_device_id device, const Asked& asked, cl_int* errcode_ret, Create create) noexcept {
  const auto fail = [&](cl_int error) -> cl_command_queue {
    if (errcode_ret != nullptr) *errcode_ret = error;
    return nullptr;
  };
  if ((asked.flags & CL_QUEUE_ON_DEVICE) != 0) {
    have_device_queues.store(true, std::memory_order_relaxed);
    return create(false, errcode_ret);
  }
  const Device* root = RootDevice(device);
  if (root == nullptr || root->left_alone) return create(false, errcode_ret);
  slice::Tenant* tenant = TenantOf(*root);
  if (tenant == nullptr) return fail(CL_INVALID_DEVICE);  // hidden, or this child of fork could not join its slice

  Queue* queue = pool.New();
  if (queue == nullptr) return fail(CL_OUT_OF_HOST_MEMORY);
  const std::uint32_t count = asked.count();
  if (count != 0) {
    queue->asked_properties = static_cast<cl_queue_properties*>(std::malloc(count * sizeof *asked.list));
    if (queue->asked_properties == nullptr) {
      FreeRecord(*queue);
      return fail(CL_OUT_OF_HOST_MEMORY);
    }
    std::memcpy(queue->asked_properties, asked.list, count * sizeof *asked.list);
  }
  cl_int error = CL_SUCCESS;
  queue->has_stamps = true;
  cl_command_queue handle = create(true, &error);
  if (handle == nullptr && error == CL_INVALID_QUEUE_PROPERTIES && !asked.profiling()) {
    queue->has_stamps = false;  // a custom device without profiling, or properties that are wrong anyway
    handle = create(false, &error);
  }
  if (handle == nullptr) {
    FreeRecord(*queue);
    return fail(error);
  }
  queue->handle = handle;
  queue->device = root;
  queue->in_order.store((asked.flags & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) == 0, std::memory_order_relaxed);
  queue->asked_count = count;
  queue->made_with_properties = asked.with_list;
  queue->references.store(1, std::memory_order_relaxed);
  Begin(*queue, *tenant, *root);
  if (!table.Insert(handle, {queue, !asked.profiling()})) {
    Next().clReleaseCommandQueue(handle);
    FreeRecord(*queue);
    return fail(CL_OUT_OF_HOST_MEMORY);
  }
  queue->pins.store(0, std::memory_order_release);  // pairs with Pin
  if (errcode_ret != nullptr) *errcode_ret = CL_SUCCESS;
  return handle;
}

// The application's list with profiling added, on the stack when it is short.
class ForcedList {
 public:
  explicit ForcedList(const Asked& asked) noexcept {
    const std::uint32_t count = asked.count();
    if (count + 3 > kFew) {
      list_ = static_cast<cl_queue_properties*>(std::malloc((count + 3) * sizeof *list_));
      if (list_ == nullptr) return;
    }
    bool named = false;
    std::uint32_t n = 0;
    for (; n + 1 < count; n += 2) {
      list_[n] = asked.list[n];
      list_[n + 1] = asked.list[n + 1];
      if (list_[n] == CL_QUEUE_PROPERTIES) {
        list_[n + 1] |= CL_QUEUE_PROFILING_ENABLE;
        named = true;
      }
    }
    if (!named) {
      list_[n++] = CL_QUEUE_PROPERTIES;
      list_[n++] = CL_QUEUE_PROFILING_ENABLE;
    }
    list_[n] = 0;
  }
  ~ForcedList() {
    if (list_ != few_) std::free(list_);
  }
  ForcedList(const ForcedList&) = delete;
  ForcedList& operator=(const ForcedList&) = delete;

  [[nodiscard]] const cl_queue_properties* data() const noexcept { return list_; }  // null: no memory

 private:
  static constexpr std::uint32_t kFew = 32;
  cl_queue_properties few_[kFew];
  cl_queue_properties* list_ = few_;
};

}  // namespace

void FlushTimes::Note(Nanos now) noexcept {
  const std::uint32_t number = count_.load(std::memory_order_relaxed);
  times_[number % kKept].store(now, std::memory_order_relaxed);
  count_.store(number + 1, std::memory_order_release);
}

Nanos FlushTimes::FirstAfter(std::uint32_t entered) const noexcept {
  const std::uint32_t count = count_.load(std::memory_order_acquire);
  if (count == entered || count - entered > kKept) return 0;
  return times_[entered % kKept].load(std::memory_order_relaxed);
}

Queue* FindQueue(cl_command_queue handle) noexcept {
  Entry entry;
  return table.Find(handle, entry) ? entry.queue : nullptr;
}

bool HidesProfiling(cl_command_queue handle) noexcept {
  Entry entry;
  return table.Find(handle, entry) && entry.hides_profiling;
}

bool RebindAfterFork(Queue& queue) noexcept {
  slice::Tenant* tenant = TenantOf(*queue.device);  // may attach: outside of the lock
  if (tenant == nullptr) return false;
  const intercept::ForkSafeLock lock(rebind_mutex);
  if (queue.epoch.load(std::memory_order_relaxed) != ProcessEpoch()) Begin(queue, *tenant, *queue.device);
  return true;
}

bool Pin(Queue& queue) noexcept {
  std::uint64_t pins = queue.pins.load(std::memory_order_acquire);
  do {
    if ((pins & Queue::kReleased) != 0) return false;
  } while (!queue.pins.compare_exchange_weak(pins, pins + 1, std::memory_order_acquire));
  return true;
}

void Unpin(Queue& queue) noexcept {
  if (queue.pins.fetch_sub(1, std::memory_order_acq_rel) == (Queue::kReleased | 1)) ReleaseInDriver(queue);
}

void RemoveUser(Queue& queue) noexcept {
  if (queue.users.fetch_sub(1, std::memory_order_acq_rel) == 1) FreeRecord(queue);
}

bool HaveDeviceQueues() noexcept { return have_device_queues.load(std::memory_order_relaxed); }

namespace hook {

cl_command_queue clCreateCommandQueue(cl_context context, cl_device_id device, cl_command_queue_properties properties,
                                      cl_int* errcode_ret) {
  Asked asked;
  asked.flags = properties;
  return CreateQueue(device, asked, errcode_ret, [&](bool forced, cl_int* error) {
    return Next().clCreateCommandQueue(context, device, forced ? properties | CL_QUEUE_PROFILING_ENABLE : properties, error);
  });
}

cl_command_queue clCreateCommandQueueWithProperties(cl_context context, cl_device_id device, const cl_queue_properties* properties,
                                                    cl_int* errcode_ret) {
  Asked asked;
  asked.list = properties;
  asked.with_list = true;
  for (std::uint32_t n = 0; properties != nullptr && properties[n] != 0; n += 2) {
    if (properties[n] == CL_QUEUE_PROPERTIES) asked.flags = properties[n + 1];
  }
  const ForcedList list(asked);
  if (list.data() == nullptr) {
    if (errcode_ret != nullptr) *errcode_ret = CL_OUT_OF_HOST_MEMORY;
    return nullptr;
  }
  return CreateQueue(device, asked, errcode_ret, [&](bool forced, cl_int* error) {
    return Next().clCreateCommandQueueWithProperties(context, device, forced ? list.data() : properties, error);
  });
}

cl_int clRetainCommandQueue(cl_command_queue command_queue) {
  Queue* queue = FindQueue(command_queue);
  if (queue == nullptr) return Next().clRetainCommandQueue(command_queue);
  const cl_int status = Next().clRetainCommandQueue(command_queue);
  if (status == CL_SUCCESS) queue->references.fetch_add(1, std::memory_order_relaxed);
  return status;
}

cl_int clReleaseCommandQueue(cl_command_queue command_queue) {
  Queue* queue = FindQueue(command_queue);
  if (queue == nullptr) return Next().clReleaseCommandQueue(command_queue);
  if (queue->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return Next().clReleaseCommandQueue(command_queue);
  if (queue->epoch.load(std::memory_order_relaxed) == ProcessEpoch()) CloseTail(*queue);  // nobody could add the marker later
  // Before the driver may give the address to another queue.
  table.With(command_queue, [](Entry& entry) { entry.queue = nullptr; });
  if (queue->pins.fetch_or(Queue::kReleased, std::memory_order_acq_rel) == 0) ReleaseInDriver(*queue);
  return CL_SUCCESS;
}

cl_int clGetCommandQueueInfo(cl_command_queue command_queue, cl_command_queue_info param_name, size_t param_value_size, void* param_value,
                             size_t* param_value_size_ret) {
  const auto query = [&](size_t size, void* value, size_t* size_ret) {
    return Next().clGetCommandQueueInfo(command_queue, param_name, size, value, size_ret);
  };
  if (param_name == CL_QUEUE_PROPERTIES) {
    const cl_int status = query(param_value_size, param_value, param_value_size_ret);
    if (status != CL_SUCCESS || param_value == nullptr || !HidesProfiling(command_queue)) return status;
    cl_command_queue_properties flags;
    std::memcpy(&flags, param_value, sizeof flags);
    flags &= ~cl_command_queue_properties{CL_QUEUE_PROFILING_ENABLE};
    std::memcpy(param_value, &flags, sizeof flags);
    return status;
  }
  if (param_name == CL_QUEUE_PROPERTIES_ARRAY) {
    const Queue* queue = FindQueue(command_queue);
    if (queue == nullptr || !queue->made_with_properties) return query(param_value_size, param_value, param_value_size_ret);
    size_t size;
    if (const cl_int status = query(0, nullptr, &size); status != CL_SUCCESS) return status;  // a driver before OpenCL 3.0
    return GiveInfo(queue->asked_properties, queue->asked_count * sizeof(cl_queue_properties), param_value_size, param_value,
                    param_value_size_ret);
  }
  return query(param_value_size, param_value, param_value_size_ret);
}

// Deprecated since OpenCL 1.1, and PoCL and Mesa leave the slot null, where a call through the loader would crash.
cl_int clSetCommandQueueProperty(cl_command_queue command_queue, cl_command_queue_properties properties, cl_bool enable,
                                 cl_command_queue_properties* old_properties) {
  if (command_queue != nullptr && !DriverHas(command_queue, Slot::clSetCommandQueueProperty)) return CL_INVALID_OPERATION;
  Queue* queue = FindQueue(command_queue);
  if (queue == nullptr) return Next().clSetCommandQueueProperty(command_queue, properties, enable, old_properties);
  // Profiling stays on below; the rest is the driver's.
  const bool hidden = HidesProfiling(command_queue);
  const bool concerns_profiling = (properties & CL_QUEUE_PROFILING_ENABLE) != 0;
  const cl_command_queue_properties passed =
      concerns_profiling && enable == CL_FALSE ? properties & ~cl_command_queue_properties{CL_QUEUE_PROFILING_ENABLE} : properties;
  const cl_int status = Next().clSetCommandQueueProperty(command_queue, passed, enable, old_properties);
  if (status != CL_SUCCESS) return status;
  if (old_properties != nullptr && hidden) *old_properties &= ~cl_command_queue_properties{CL_QUEUE_PROFILING_ENABLE};
  if ((properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) != 0) {
    CloseTail(*queue);
    queue->in_order.store(enable == CL_FALSE, std::memory_order_relaxed);
  }
  if (concerns_profiling) table.With(command_queue, [&](Entry& entry) { entry.hides_profiling = enable == CL_FALSE; });
  return status;
}

}  // namespace hook
}  // namespace flexai::opencl
