// A driver's answer to clGetDeviceIDs, and the part of it that this slice may see. Any thread; allocates only for more than 32 devices.
#pragma once

#include <cstdlib>

#include "intercept/opencl/cl_headers.hpp"

namespace flexai::opencl {

class DeviceList {
 public:
  DeviceList() = default;
  DeviceList(const DeviceList&) = delete;
  DeviceList& operator=(const DeviceList&) = delete;
  ~DeviceList() {
    if (handles_ != few_) std::free(handles_);
  }

  /// What the driver lists; its error otherwise. A list is filled once.
  [[nodiscard]] cl_int Fetch(cl_platform_id platform, cl_device_type type) noexcept;
  /// The devices of `context`.
  [[nodiscard]] cl_int Fetch(cl_context context) noexcept;
  /// The devices of `program`.
  [[nodiscard]] cl_int Fetch(cl_program program) noexcept;
  /// What the slice may see of the driver's list; CL_DEVICE_NOT_FOUND when nothing is left.
  [[nodiscard]] cl_int FetchVisible(cl_platform_id platform, cl_device_type type) noexcept;

  [[nodiscard]] cl_uint count() const noexcept { return count_; }
  [[nodiscard]] cl_uint hidden() const noexcept { return hidden_; }  // by FetchVisible
  [[nodiscard]] const cl_device_id* data() const noexcept { return handles_; }
  [[nodiscard]] const cl_device_id* begin() const noexcept { return handles_; }
  [[nodiscard]] const cl_device_id* end() const noexcept { return handles_ + count_; }

 private:
  template <class Query>
  [[nodiscard]] cl_int FetchInfo(Query query) noexcept;
  [[nodiscard]] bool MakeRoom(cl_uint count) noexcept;
  void KeepVisible(cl_uint at_most) noexcept;

  static constexpr cl_uint kFew = 32;
  cl_device_id few_[kFew];
  cl_device_id* handles_ = few_;
  cl_uint count_ = 0;
  cl_uint hidden_ = 0;
};

}  // namespace flexai::opencl
