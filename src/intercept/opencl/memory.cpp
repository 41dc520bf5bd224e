#include "intercept/opencl/memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <new>

#include "core/clock.hpp"
#include "intercept/common/handle_table.hpp"
#include "intercept/opencl/attach.hpp"
#include "intercept/opencl/callbacks.hpp"
#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/svm.hpp"

namespace flexai::opencl {
namespace {

// ---- the life of an object ----------------------------------------------------------------------------------------------------------------------

// What the layer knows of an object that costs something. Referred to by the table and by the driver (its destructor callback's user data).
struct Held {
  Charge charge;
  std::uint32_t references = 1;  // the application's own
  bool let_go = false;           // the application has none left: the driver will destroy the object, at once or when its last command ends
  bool announced = true;         // the driver tells us when it does; OpenCL 1.0 drivers cannot
  Held* next = nullptr;
};

constinit intercept::HandleTable<Held*> objects;

// Objects let go and not yet paid back, and how many have been paid back: an allocation that finds no room waits for them (ReserveOrWait).
std::atomic<std::uint32_t> dying{0};
std::atomic<std::uint32_t> settled{0};
std::atomic<Nanos> last_let_go{0};

void Settle(Held* held) noexcept {
  Release(held->charge);
  settled.fetch_add(1, std::memory_order_release);
  if (held->let_go) dying.fetch_sub(1, std::memory_order_release);
  std::free(held);
}

// A driver calls the callback before it frees. Where that happens inside a release of this thread, the charge is kept until the driver is through, so that
// nobody is promised memory that is still in use.
class ReleasingCall {
 public:
  ReleasingCall() noexcept : outer_(current) {
    if (outer_ == nullptr) current = this;
  }
  ~ReleasingCall() {
    if (outer_ != nullptr) return;  // a release inside a callback of a release
    current = nullptr;
    while (Held* held = destroyed_) {
      destroyed_ = held->next;
      Settle(held);
    }
  }
  ReleasingCall(const ReleasingCall&) = delete;
  ReleasingCall& operator=(const ReleasingCall&) = delete;

  static void CL_CALLBACK OnDestroyed(cl_mem object, void* user_data) {
    auto* held = static_cast<Held*>(user_data);
    // Forgotten while the address is still the object's.
    Held* known = nullptr;
    objects.TakeIf(object, known, [&](Held*& entry) { return entry == held; });
    if (current == nullptr) return Settle(held);
    held->next = current->destroyed_;
    current->destroyed_ = held;
  }

 private:
  static constinit thread_local ReleasingCall* current __attribute__((tls_model("initial-exec")));

  ReleasingCall* outer_;
  Held* destroyed_ = nullptr;
};

constinit thread_local ReleasingCall* ReleasingCall::current __attribute__((tls_model("initial-exec"))) = nullptr;

// ---- buffers ------------------------------------------------------------------------------------------------------------------------------------

Creation BufferOf(const ContextShares& shares, cl_mem_flags flags, std::size_t size, const void* host_ptr) noexcept {
  Creation creation;
  creation.bytes = size;
  if (shares.state() != ContextShares::State::kGoverned) return creation;
  // The application's own memory is charged like any other: a card needs a copy of it. What SVM has paid for already is not.
  if ((flags & CL_MEM_USE_HOST_PTR) != 0 && IsChargedSvm(host_ptr, size)) creation.bytes = 0;
  // Only where the quota is what limits: otherwise the driver has the word on its own limit.
  creation.too_large = size > shares.largest_limit() && shares.largest_limit() < shares.drivers_limit();
  if (size > shares.largest_limit()) creation.refusal = CL_INVALID_BUFFER_SIZE;
  return creation;
}

}  // namespace

bool KeepUntilDestroyed(cl_mem object, const Charge& charge) noexcept {
  if (charge.bytes == 0) return true;
  auto* held = static_cast<Held*>(std::malloc(sizeof(Held)));
  if (held == nullptr) return false;
  new (held) Held{charge};
  if (!objects.Insert(object, held)) {
    std::free(held);
    return false;
  }
  // Registered before the application can register any of its own; callbacks run in reverse order, so ours is the last.
  held->announced = DriverHas(object, Slot::clSetMemObjectDestructorCallback) &&
                    Next().clSetMemObjectDestructorCallback(object, ReleasingCall::OnDestroyed, held) == CL_SUCCESS;
  return true;
}

bool ReserveOrWait(std::uint16_t tenants, std::uint64_t bytes, Charge& charge) noexcept {
  const std::uint32_t before = settled.load(std::memory_order_acquire);
  if (Reserve(tenants, bytes, charge)) return true;
  // Drivers free in threads of their own, a moment after the application's last release, and then only what has been flushed. Without a limit nobody sees
  // that; with one, a program that frees and allocates in turn would be refused now and then.
  const std::uint32_t awaited = dying.load(std::memory_order_acquire);
  const Nanos deadline = last_let_go.load(std::memory_order_relaxed) + memory_detail::dying_patience;
  if (awaited == 0 || MonotonicNow() > deadline || InDriverCallback()) return false;
  slice::Membership& membership = slice::Membership::Process();
  for (std::uint32_t i = 0; i < membership.size(); ++i) {
    if ((tenants >> i & 1) != 0) FlushQueues(membership.tenant(i), nullptr);
  }
  for (std::uint32_t seen = before;;) {
    const std::uint32_t now = settled.load(std::memory_order_acquire);
    if (now != seen) {
      seen = now;
      if (Reserve(tenants, bytes, charge)) return true;
      if (now - before >= awaited) return false;  // as many as were on their way out: what others let go of meanwhile is not waited for
    }
    if (dying.load(std::memory_order_acquire) == 0 && settled.load(std::memory_order_acquire) == seen) return false;
    if (MonotonicNow() > deadline) return false;
    const timespec nap{0, 20'000};
    nanosleep(&nap, nullptr);
  }
}

namespace memory_detail {

Nanos dying_patience = 200 * kMillisecond;

void Destroy(cl_mem object) noexcept { (void)Next().clReleaseMemObject(object); }

std::uint64_t RealSize(cl_mem object, std::uint64_t least) noexcept {
  cl_mem associated = nullptr;
  if (Next().clGetMemObjectInfo(object, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof associated, &associated, nullptr) == CL_SUCCESS &&
      associated != nullptr) {
    return 0;
  }
  std::size_t size = 0;
  if (Next().clGetMemObjectInfo(object, CL_MEM_SIZE, sizeof size, &size, nullptr) != CL_SUCCESS) size = 0;
  return std::max<std::uint64_t>(size, least);
}

}  // namespace memory_detail

namespace hook {

cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void* host_ptr, cl_int* errcode_ret) {
  const auto create = [&](size_t bytes, cl_int* error) { return Next().clCreateBuffer(context, flags, bytes, host_ptr, error); };
  const ContextShares shares(context);
  if (!shares.enforced() || size == 0) return create(size, errcode_ret);
  return CreateCharged(
      shares, BufferOf(shares, flags, size, host_ptr), errcode_ret, [&](cl_int* error) { return create(size, error); },
      [&] { return Probe([&](cl_int* error) { return create(1, error); }); });
}

cl_mem clCreateBufferWithProperties(cl_context context, const cl_mem_properties* properties, cl_mem_flags flags, size_t size,
                                    void* host_ptr, cl_int* errcode_ret) {
  const auto create = [&](size_t bytes, cl_int* error) {
    return Next().clCreateBufferWithProperties(context, properties, flags, bytes, host_ptr, error);
  };
  const ContextShares shares(context);
  if (!shares.enforced() || size == 0) return create(size, errcode_ret);
  // Properties may hand a foreign allocation over for good, so a refusal must not try them.
  const bool plain = properties == nullptr || properties[0] == 0;
  return CreateCharged(
      shares, BufferOf(shares, flags, size, host_ptr), errcode_ret, [&](cl_int* error) { return create(size, error); },
      [&] { return plain ? Probe([&](cl_int* error) { return create(1, error); }) : CL_SUCCESS; });
}

cl_mem clCreatePipe(cl_context context, cl_mem_flags flags, cl_uint pipe_packet_size, cl_uint pipe_max_packets,
                    const cl_pipe_properties* properties, cl_int* errcode_ret) {
  const auto create = [&](cl_uint packets, cl_int* error) {
    return Next().clCreatePipe(context, flags, pipe_packet_size, packets, properties, error);
  };
  const ContextShares shares(context);
  if (!shares.enforced()) return create(pipe_max_packets, errcode_ret);
  Creation creation;
  creation.bytes = std::uint64_t{pipe_packet_size} * pipe_max_packets;
  creation.exact = false;
  return CreateCharged(
      shares, creation, errcode_ret, [&](cl_int* error) { return create(pipe_max_packets, error); },
      [&] { return Probe([&](cl_int* error) { return create(1, error); }); });
}

cl_int clRetainMemObject(cl_mem memobj) {
  const cl_int status = Next().clRetainMemObject(memobj);
  if (status == CL_SUCCESS) objects.With(memobj, [](Held*& held) { ++held->references; });
  return status;
}

cl_int clReleaseMemObject(cl_mem memobj) {
  const ReleasingCall call;
  Held* unannounced = nullptr;
  // Before the driver can give the address to another object. One release too many is the application's error and the driver's to report.
  objects.TakeIf(memobj, unannounced, [](Held*& held) {
    if (held->references != 0) --held->references;
    if (held->references != 0 || held->let_go) return false;
    held->let_go = true;
    last_let_go.store(MonotonicNow(), std::memory_order_relaxed);
    dying.fetch_add(1, std::memory_order_release);  // with the time before it
    return !held->announced;
  });
  const cl_int status = Next().clReleaseMemObject(memobj);
  if (unannounced != nullptr) Settle(unannounced);
  return status;
}

cl_int clSetMemObjectDestructorCallback(cl_mem memobj, void(CL_CALLBACK* pfn_notify)(cl_mem memobj, void* user_data), void* user_data) {
  if (pfn_notify == nullptr) return Next().clSetMemObjectDestructorCallback(memobj, nullptr, user_data);
  auto* wrapped = UserCallback<cl_mem>::New(pfn_notify, user_data);
  if (wrapped == nullptr) return CL_OUT_OF_HOST_MEMORY;
  const cl_int status = Next().clSetMemObjectDestructorCallback(memobj, wrapped->Once, wrapped);
  if (status != CL_SUCCESS) wrapped->Discard();
  return status;
}

}  // namespace hook
}  // namespace flexai::opencl
