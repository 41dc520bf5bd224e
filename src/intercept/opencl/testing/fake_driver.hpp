// An OpenCL driver that allocates nothing and does as the test says: refuses, destroys late, knows no destructor callbacks, answers with padding. Tells at any
// time what it really holds on each device, which is what the ledger has to agree with. Any thread, as with a real driver.
//
// Platform "fake": devices 0 and 1 (the tests grant them), 2 (hidden). Platform "flexai remote pool": one device.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "intercept/opencl/cl_headers.hpp"

namespace flexai::opencl::testing {

class FakeDriver {
 public:
  static constexpr int kDevices = 3;
  static constexpr std::uint64_t kDeviceMemory = 1 << 20;
  static constexpr std::uint64_t kMostOneBuffer = 1 << 19;
  static constexpr std::size_t kWidest = 128;  // images

  /// The one driver of the program, below the layer from the first call on.
  static FakeDriver& Get();

  cl_platform_id platform();
  cl_platform_id remote_platform();
  cl_device_id device(int index);
  cl_device_id remote_device();

  /// What is allocated on the device now, counted from just before the allocation until just after the freeing.
  [[nodiscard]] std::uint64_t Allocated(int device) const { return allocated_[static_cast<std::size_t>(device)].load(); }
  /// The most that was ever allocated since the last Reset.
  [[nodiscard]] std::uint64_t Peak(int device) const { return peak_[static_cast<std::size_t>(device)].load(); }
  [[nodiscard]] int calls() const { return info_calls.load(); }  // of clGetDeviceInfo

  // -- behaviour ----------------------------------------------------------------------------------------------------------------------------
  std::atomic<int> fail_next{0};                // so many creations to refuse, with CL_OUT_OF_RESOURCES
  std::atomic<bool> destroy_late{false};        // destroyed objects with callbacks wait for DestroyPending
  std::atomic<bool> refuse_callbacks{false};    // clSetMemObjectDestructorCallback fails
  std::atomic<bool> handle_with_error{false};   // a refused creation returns a handle together with its error
  std::atomic<std::uint64_t> padding{0};        // added to the size of images and pipes
  std::atomic<std::uint64_t> variables{0};      // what a build takes on each device
  std::atomic<bool> call_back_on_error{false};  // a build with a callback that fails calls back all the same
  std::atomic<bool> fail_builds{false};

  /// The handle that comes with an error under handle_with_error.
  cl_mem handle_of_an_error() { return reinterpret_cast<cl_mem>(this); }

  /// Reports an error of the context, if anybody wants to know.
  static void Report(cl_context context, const char* text);

  /// Destroys what waits; from any thread.
  void DestroyPending();
  /// Default behaviour, peaks forgotten. Nothing may be allocated.
  void Reset();

  // What the drivers' objects are; public for the functions in the table only.
  struct Object {
    const cl_icd_dispatch* table;
  };
  struct Device : Object {
    int index = 0;
    Device* parent = nullptr;
    cl_platform_id platform = nullptr;
  };
  struct Context : Object {
    std::vector<cl_device_id> devices;
    std::atomic<cl_uint> references{1};
    void(CL_CALLBACK* report)(const char*, const void*, std::size_t, void*) = nullptr;
    void* report_data = nullptr;
    std::vector<std::pair<void(CL_CALLBACK*)(cl_context, void*), void*>> callbacks;
  };
  using Callback = void(CL_CALLBACK*)(cl_mem, void*);
  struct Memory : Object {
    Context* context = nullptr;
    Memory* parent = nullptr;
    std::uint64_t bytes = 0;
    std::atomic<cl_uint> references{1};
    std::vector<std::pair<Callback, void*>> callbacks;
  };
  struct Program : Object {
    Context* context = nullptr;
    std::uint64_t variables = 0;
    std::atomic<cl_uint> references{1};
  };
  struct Kernel : Object {
    Program* program = nullptr;
    std::atomic<cl_uint> references{1};
  };

  Device* NewPart(Device& parent);
  cl_mem Make(cl_context context, std::uint64_t bytes, Memory* parent, cl_int* error);
  void LetGo(Memory* memory);
  void Destroy(Memory* memory);
  void LetGo(Program* program);
  void Count(const Context& context, std::int64_t bytes);
  [[nodiscard]] bool Fails() {
    int left = fail_next.load();
    while (left > 0 && !fail_next.compare_exchange_weak(left, left - 1)) {
    }
    return left > 0;
  }

  std::mutex mutex;
  std::map<void*, std::pair<Context*, std::uint64_t>> svm;
  std::atomic<int> info_calls{0};

 private:
  FakeDriver();

  std::vector<Memory*> pending_;
  std::vector<std::unique_ptr<Device>> parts_;  // kept for ever
  std::array<Device, kDevices> devices_;
  Device remote_device_;
  std::array<Object, 2> platforms_;
  std::array<std::atomic<std::uint64_t>, kDevices> allocated_{};
  std::array<std::atomic<std::uint64_t>, kDevices> peak_{};
};

}  // namespace flexai::opencl::testing
