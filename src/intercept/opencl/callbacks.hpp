// Knows whether the current thread runs code that a driver called. On every driver a callback that waits stops the device (docs/opencl-facts.md), so no
// gate may block there. Used by every hook that hands a function of the application to a driver, and by the gates. Any thread.
#pragma once

#include <cstdlib>

#include "intercept/opencl/cl_headers.hpp"

namespace flexai::opencl {

namespace callbacks_detail {
// Initial-exec: one instruction to read, and no __tls_get_addr, which would bring the dynamic linker into the list of needed libraries.
extern constinit thread_local int depth __attribute__((tls_model("initial-exec")));
}  // namespace callbacks_detail

/// Whether this thread is inside a callback (event, build, destructor, SVM free) or a native kernel.
[[nodiscard]] inline bool InDriverCallback() noexcept { return callbacks_detail::depth != 0; }

/// Around a call of the application's function by the driver.
class DriverCallbackScope {
 public:
  DriverCallbackScope() noexcept { ++callbacks_detail::depth; }
  ~DriverCallbackScope() { --callbacks_detail::depth; }
  DriverCallbackScope(const DriverCallbackScope&) = delete;
  DriverCallbackScope& operator=(const DriverCallbackScope&) = delete;
};

/// The application's function and its user data, to be registered with the driver in their place: `Args` are the parameters before the user data.
///
///   auto* wrapped = UserCallback<cl_event, cl_int>::New(pfn_notify, user_data);
///   if (wrapped == nullptr) return CL_OUT_OF_HOST_MEMORY;
///   const cl_int status = Next().clSetEventCallback(event, type, wrapped->Once, wrapped);
///   if (status != CL_SUCCESS) wrapped->Discard();
///
/// A null function must be passed on as it is: the driver refuses it. A callback that a driver never calls (PoCL and rusticl drop those of commands
/// whose dependency failed) costs its 16 bytes until the process ends.
template <class... Args>
class UserCallback {
 public:
  using Function = void(CL_CALLBACK*)(Args..., void*);

  /// Null when there is no memory.
  [[nodiscard]] static UserCallback* New(Function function, void* user_data) noexcept {
    auto* made = static_cast<UserCallback*>(std::malloc(sizeof(UserCallback)));
    if (made != nullptr) *made = {function, user_data};
    return made;
  }
  void Discard() noexcept { std::free(this); }

  /// For callbacks that are called once: calls and frees.
  static void CL_CALLBACK Once(Args... args, void* self) {
    const UserCallback callback = *static_cast<UserCallback*>(self);
    std::free(self);
    const DriverCallbackScope scope;
    callback.function_(args..., callback.user_data_);
  }

  /// For callbacks that may be called any number of times (a context's error report): whoever made it discards it.
  static void CL_CALLBACK EachTime(Args... args, void* self) {
    const UserCallback callback = *static_cast<UserCallback*>(self);
    const DriverCallbackScope scope;
    callback.function_(args..., callback.user_data_);
  }

 private:
  UserCallback(Function function, void* user_data) : function_(function), user_data_(user_data) {}

  Function function_;
  void* user_data_;
};

}  // namespace flexai::opencl
