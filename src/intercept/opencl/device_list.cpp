#include "intercept/opencl/device_list.hpp"

#include "intercept/opencl/devices.hpp"
#include "intercept/opencl/dispatch.hpp"

namespace flexai::opencl {

bool DeviceList::MakeRoom(cl_uint count) noexcept {
  if (count <= kFew) return true;
  auto* more = static_cast<cl_device_id*>(std::realloc(handles_ == few_ ? nullptr : handles_, count * sizeof(cl_device_id)));
  if (more == nullptr) return false;
  handles_ = more;
  return true;
}

cl_int DeviceList::Fetch(cl_platform_id platform, cl_device_type type) noexcept {
  cl_uint known = 0;
  if (const cl_int status = Next().clGetDeviceIDs(platform, type, 0, nullptr, &known); status != CL_SUCCESS) return status;
  if (!MakeRoom(known)) return CL_OUT_OF_HOST_MEMORY;
  cl_uint now = 0;
  if (known != 0) {
    if (const cl_int status = Next().clGetDeviceIDs(platform, type, known, handles_, &now); status != CL_SUCCESS) return status;
  }
  count_ = now < known ? now : known;
  return CL_SUCCESS;
}

template <class Query>
cl_int DeviceList::FetchInfo(Query query) noexcept {
  std::size_t bytes = 0;
  cl_int status = query(sizeof few_, few_, &bytes);
  if (status == CL_INVALID_VALUE) {  // more than a few
    status = query(0, nullptr, &bytes);
    if (status != CL_SUCCESS) return status;
    if (!MakeRoom(static_cast<cl_uint>(bytes / sizeof(cl_device_id)))) return CL_OUT_OF_HOST_MEMORY;
    status = query(bytes, handles_, &bytes);
  }
  if (status == CL_SUCCESS) count_ = static_cast<cl_uint>(bytes / sizeof(cl_device_id));
  return status;
}

cl_int DeviceList::Fetch(cl_context context) noexcept {
  return FetchInfo([&](std::size_t room, cl_device_id* list, std::size_t* bytes) {
    return Next().clGetContextInfo(context, CL_CONTEXT_DEVICES, room, list, bytes);
  });
}

cl_int DeviceList::Fetch(cl_program program) noexcept {
  return FetchInfo([&](std::size_t room, cl_device_id* list, std::size_t* bytes) {
    return Next().clGetProgramInfo(program, CL_PROGRAM_DEVICES, room, list, bytes);
  });
}

void DeviceList::KeepVisible(cl_uint at_most) noexcept {
  cl_uint kept = 0;
  for (cl_uint i = 0; i < count_ && kept < at_most; ++i) {
    if (IsVisible(handles_[i])) handles_[kept++] = handles_[i];
  }
  hidden_ += count_ - kept;
  count_ = kept;
}

cl_int DeviceList::FetchVisible(cl_platform_id platform, cl_device_type type) noexcept {
  if (const cl_int status = Fetch(platform, type); status != CL_SUCCESS) return status;
  const cl_uint listed = count_;
  KeepVisible(listed);
  if (count_ == 0 && listed != 0 && (type & CL_DEVICE_TYPE_DEFAULT) != 0) {
    // The driver has a default device that the slice does not hold: the first it does hold is the default then.
    if (const cl_int status = Fetch(platform, CL_DEVICE_TYPE_ALL); status != CL_SUCCESS) return status;
    KeepVisible(1);
  }
  return count_ != 0 ? CL_SUCCESS : CL_DEVICE_NOT_FOUND;
}

}  // namespace flexai::opencl
