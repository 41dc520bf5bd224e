// Images: charged with what their description says before the driver is asked, and with what the driver says afterwards. Images of a buffer's or another
// image's memory cost nothing.
#include <algorithm>
#include <iterator>

#include "intercept/opencl/device_list.hpp"
#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/image_size.hpp"
#include "intercept/opencl/memory.hpp"

namespace flexai::opencl {
namespace {

// An image of the same kind with one pixel, or two, so that rows and slices that do not fit into their pitch still do not.
cl_image_desc Smallest(const cl_image_format& format, cl_image_desc desc) noexcept {
  using image_size_detail::Times;
  const std::uint64_t row = Times(desc.image_width, PixelBytes(format));
  const std::uint64_t slice = Times(std::max<std::uint64_t>(row, desc.image_row_pitch), desc.image_height);
  const bool row_too_long = desc.image_row_pitch != 0 && desc.image_row_pitch < row;
  const bool slice_too_long =
      desc.image_slice_pitch != 0 && desc.image_slice_pitch < slice && desc.image_type != CL_MEM_OBJECT_IMAGE1D_ARRAY;
  for (size_t* size : {&desc.image_width, &desc.image_height, &desc.image_depth, &desc.image_array_size})
    *size = std::min<size_t>(*size, 1);
  desc.num_mip_levels = std::min<cl_uint>(desc.num_mip_levels, 1);
  if (row_too_long) {
    desc.image_width = 2;
    desc.image_row_pitch = PixelBytes(format);
  }
  if (slice_too_long) {
    desc.image_height = 2;
    desc.image_slice_pitch = desc.image_row_pitch;
  }
  return desc;
}

// Whether some dimension is larger than any device of the context allows: then the driver refuses, and knows best with which error.
bool IsTooWide(cl_context context, const cl_image_desc& desc) noexcept {
  struct Bound {
    cl_device_info name;
    std::size_t wanted;
  };
  Bound bounds[3] = {};
  switch (desc.image_type) {
    case CL_MEM_OBJECT_IMAGE2D_ARRAY:
    case CL_MEM_OBJECT_IMAGE2D:
      bounds[0] = {CL_DEVICE_IMAGE2D_MAX_WIDTH, desc.image_width};
      bounds[1] = {CL_DEVICE_IMAGE2D_MAX_HEIGHT, desc.image_height};
      break;
    case CL_MEM_OBJECT_IMAGE3D:
      bounds[0] = {CL_DEVICE_IMAGE3D_MAX_WIDTH, desc.image_width};
      bounds[1] = {CL_DEVICE_IMAGE3D_MAX_HEIGHT, desc.image_height};
      bounds[2] = {CL_DEVICE_IMAGE3D_MAX_DEPTH, desc.image_depth};
      break;
    default: bounds[0] = {CL_DEVICE_IMAGE2D_MAX_WIDTH, desc.image_width}; break;
  }
  if (desc.image_type == CL_MEM_OBJECT_IMAGE1D_ARRAY || desc.image_type == CL_MEM_OBJECT_IMAGE2D_ARRAY) {
    bounds[2] = {CL_DEVICE_IMAGE_MAX_ARRAY_SIZE, desc.image_array_size};
  }
  DeviceList devices;
  if (devices.Fetch(context) != CL_SUCCESS) return false;
  return std::none_of(devices.begin(), devices.end(), [&](cl_device_id device) {
    return std::all_of(std::begin(bounds), std::end(bounds), [&](const Bound& bound) {
      std::size_t most = 0;
      return bound.wanted <= 1 || Next().clGetDeviceInfo(device, bound.name, sizeof most, &most, nullptr) != CL_SUCCESS ||
             bound.wanted <= most;
    });
  });
}

// `create(desc, errcode_ret)` is the driver's call.
template <class Create>
cl_mem CreateImage(cl_context context, const cl_image_format* format, const cl_image_desc* desc, bool may_probe, cl_int* errcode_ret,
                   Create create) noexcept {
  const ContextShares shares(context);
  if (!shares.enforced() || format == nullptr || desc == nullptr) return create(desc, errcode_ret);
  Creation creation;
  creation.bytes = LeastImageBytes(*format, *desc);
  creation.exact = false;
  return CreateCharged(
      shares, creation, errcode_ret, [&](cl_int* error) { return create(desc, error); },
      [&] {
        if (!may_probe) return CL_SUCCESS;
        const cl_image_desc smallest = IsTooWide(context, *desc) ? *desc : Smallest(*format, *desc);
        return Probe([&](cl_int* error) { return create(&smallest, error); });
      });
}

}  // namespace

namespace hook {

cl_mem clCreateImage(cl_context context, cl_mem_flags flags, const cl_image_format* image_format, const cl_image_desc* image_desc,
                     void* host_ptr, cl_int* errcode_ret) {
  return CreateImage(context, image_format, image_desc, true, errcode_ret, [&](const cl_image_desc* desc, cl_int* error) {
    return Next().clCreateImage(context, flags, image_format, desc, host_ptr, error);
  });
}

cl_mem clCreateImageWithProperties(cl_context context, const cl_mem_properties* properties, cl_mem_flags flags,
                                   const cl_image_format* image_format, const cl_image_desc* image_desc, void* host_ptr,
                                   cl_int* errcode_ret) {
  // Properties may hand a foreign allocation over for good, so a refusal must not try them.
  const bool plain = properties == nullptr || properties[0] == 0;
  return CreateImage(context, image_format, image_desc, plain, errcode_ret, [&](const cl_image_desc* desc, cl_int* error) {
    return Next().clCreateImageWithProperties(context, properties, flags, image_format, desc, host_ptr, error);
  });
}

cl_mem clCreateImage2D(cl_context context, cl_mem_flags flags, const cl_image_format* image_format, size_t image_width, size_t image_height,
                       size_t image_row_pitch, void* host_ptr, cl_int* errcode_ret) {
  cl_image_desc desc = {};
  desc.image_type = CL_MEM_OBJECT_IMAGE2D;
  desc.image_width = image_width;
  desc.image_height = image_height;
  desc.image_row_pitch = image_row_pitch;
  return CreateImage(context, image_format, &desc, true, errcode_ret, [&](const cl_image_desc* wanted, cl_int* error) {
    return Next().clCreateImage2D(context, flags, image_format, wanted->image_width, wanted->image_height, wanted->image_row_pitch,
                                  host_ptr, error);
  });
}

cl_mem clCreateImage3D(cl_context context, cl_mem_flags flags, const cl_image_format* image_format, size_t image_width, size_t image_height,
                       size_t image_depth, size_t image_row_pitch, size_t image_slice_pitch, void* host_ptr, cl_int* errcode_ret) {
  cl_image_desc desc = {};
  desc.image_type = CL_MEM_OBJECT_IMAGE3D;
  desc.image_width = image_width;
  desc.image_height = image_height;
  desc.image_depth = image_depth;
  desc.image_row_pitch = image_row_pitch;
  desc.image_slice_pitch = image_slice_pitch;
  return CreateImage(context, image_format, &desc, true, errcode_ret, [&](const cl_image_desc* wanted, cl_int* error) {
    return Next().clCreateImage3D(context, flags, image_format, wanted->image_width, wanted->image_height, wanted->image_depth,
                                  wanted->image_row_pitch, wanted->image_slice_pitch, host_ptr, error);
  });
}

}  // namespace hook
}  // namespace flexai::opencl
