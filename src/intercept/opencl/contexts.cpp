#include "intercept/opencl/contexts.hpp"

#include <algorithm>

#include "intercept/opencl/attach.hpp"
#include "intercept/opencl/callbacks.hpp"
#include "intercept/opencl/device_info.hpp"
#include "intercept/opencl/device_list.hpp"
#include "intercept/opencl/devices.hpp"
#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"

namespace flexai::opencl {
namespace {

using ErrorReport = UserCallback<const char*, const void*, std::size_t>;

// The application's error report, wrapped; empty when it wants none. Ends with the context where the driver tells us that end, else never.
class WrappedReport {
 public:
  WrappedReport(ErrorReport::Function wanted, void* user_data) noexcept : user_data_(user_data) {
    if (wanted == nullptr) return;
    wrapped_ = ErrorReport::New(wanted, user_data);
    failed_ = wrapped_ == nullptr;
  }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] ErrorReport::Function function() const noexcept { return wrapped_ != nullptr ? ErrorReport::EachTime : nullptr; }
  [[nodiscard]] void* user_data() const noexcept { return wrapped_ != nullptr ? wrapped_ : user_data_; }

  // `status` decides, not the handle: PoCL 3.1 returns one together with an error.
  cl_context Keep(cl_context context, cl_int status, cl_int* errcode_ret) noexcept {
    if (errcode_ret != nullptr) *errcode_ret = status;
    if (wrapped_ == nullptr) return context;
    if (context == nullptr || status != CL_SUCCESS) {
      wrapped_->Discard();
    } else if (DriverHas(context, Slot::clSetContextDestructorCallback)) {
      (void)Next().clSetContextDestructorCallback(
          context, [](cl_context, void* report) { static_cast<ErrorReport*>(report)->Discard(); }, wrapped_);
    }
    return context;
  }

 private:
  ErrorReport* wrapped_ = nullptr;
  void* user_data_;
  bool failed_ = false;
};

cl_context Fail(cl_int error, cl_int* errcode_ret) noexcept {
  if (errcode_ret != nullptr) *errcode_ret = error;
  return nullptr;
}

cl_platform_id PlatformIn(const cl_context_properties* properties) noexcept {
  if (properties == nullptr) return nullptr;
  for (; properties[0] != 0; properties += 2) {
    if (properties[0] == CL_CONTEXT_PLATFORM) return reinterpret_cast<cl_platform_id>(properties[1]);
  }
  return nullptr;
}

bool HoldsOnlyVisible(cl_context context) noexcept {
  DeviceList devices;
  if (devices.Fetch(context) != CL_SUCCESS) return false;
  return std::all_of(devices.begin(), devices.end(), IsVisible);
}

}  // namespace

ContextShares::ContextShares(cl_context context) noexcept {
  DeviceList devices;
  if (context == nullptr || devices.Fetch(context) != CL_SUCCESS) return;
  state_ = State::kUngoverned;
  for (cl_device_id handle : devices) {
    const Device* device = RootDevice(handle);
    if (device != nullptr && device->left_alone) continue;
    slice::Tenant* tenant = device != nullptr ? TenantOf(*device) : nullptr;
    if (tenant == nullptr) {
      state_ = State::kRefused;
      return;
    }
    state_ = State::kGoverned;
    tenants_ = static_cast<std::uint16_t>(tenants_ | 1u << (tenant - &slice::Membership::Process().tenant(0)));
    const std::uint64_t limit = MostOneBuffer(*device, *tenant);
    largest_limit_ = std::max(largest_limit_, limit);
    smallest_limit_ = std::min(smallest_limit_, limit);
    drivers_limit_ = std::max(drivers_limit_, device->most_one_buffer);
  }
}

namespace hook {

cl_context clCreateContext(const cl_context_properties* properties, cl_uint num_devices, const cl_device_id* devices,
                           void(CL_CALLBACK* pfn_notify)(const char* errinfo, const void* private_info, size_t cb, void* user_data),
                           void* user_data, cl_int* errcode_ret) {
  for (cl_uint i = 0; devices != nullptr && i < num_devices; ++i) {
    if (devices[i] != nullptr && RefuseHidden(devices[i])) return Fail(CL_INVALID_DEVICE, errcode_ret);
  }
  WrappedReport report(pfn_notify, user_data);
  if (report.failed()) return Fail(CL_OUT_OF_HOST_MEMORY, errcode_ret);
  cl_int error = CL_SUCCESS;
  cl_context context = Next().clCreateContext(properties, num_devices, devices, report.function(), report.user_data(), &error);
  return report.Keep(context, error, errcode_ret);
}

cl_context clCreateContextFromType(const cl_context_properties* properties, cl_device_type device_type,
                                   void(CL_CALLBACK* pfn_notify)(const char* errinfo, const void* private_info, size_t cb, void* user_data),
                                   void* user_data, cl_int* errcode_ret) {
  DeviceList visible;
  const cl_int status = visible.FetchVisible(PlatformIn(properties), device_type);
  if (status == CL_DEVICE_NOT_FOUND && visible.hidden() != 0) return Fail(status, errcode_ret);
  WrappedReport report(pfn_notify, user_data);
  if (report.failed()) return Fail(CL_OUT_OF_HOST_MEMORY, errcode_ret);
  cl_int error = CL_SUCCESS;
  if (status == CL_SUCCESS && visible.hidden() != 0) {
    cl_context context = Next().clCreateContext(properties, visible.count(), visible.data(), report.function(), report.user_data(), &error);
    return report.Keep(context, error, errcode_ret);
  }
  // Nothing to hide, or arguments that the driver finds wrong: its own answer.
  cl_context context = Next().clCreateContextFromType(properties, device_type, report.function(), report.user_data(), &error);
  if (context != nullptr && error == CL_SUCCESS && !HoldsOnlyVisible(context)) {
    Next().clReleaseContext(context);
    context = nullptr;
    error = CL_DEVICE_NOT_FOUND;
  }
  return report.Keep(context, error, errcode_ret);
}

cl_int clSetContextDestructorCallback(cl_context context, void(CL_CALLBACK* pfn_notify)(cl_context context, void* user_data),
                                      void* user_data) {
  if (pfn_notify == nullptr) return Next().clSetContextDestructorCallback(context, nullptr, user_data);
  auto* wrapped = UserCallback<cl_context>::New(pfn_notify, user_data);
  if (wrapped == nullptr) return CL_OUT_OF_HOST_MEMORY;
  const cl_int status = Next().clSetContextDestructorCallback(context, wrapped->Once, wrapped);
  if (status != CL_SUCCESS) wrapped->Discard();
  return status;
}

}  // namespace hook
}  // namespace flexai::opencl
