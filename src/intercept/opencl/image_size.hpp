// How much memory an image takes at least, from its description alone: what is reserved before the driver is asked. Rows may be padded by the driver; the
// difference is charged when the image exists. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "intercept/opencl/cl_headers.hpp"

namespace flexai::opencl {

/// Bytes of one pixel; 1 for a format we do not know, so that the estimate never exceeds the truth.
[[nodiscard]] constexpr std::uint64_t PixelBytes(const cl_image_format& format) noexcept {
  switch (format.image_channel_data_type) {
    case CL_UNORM_SHORT_565:
    case CL_UNORM_SHORT_555: return 2;
    case CL_UNORM_INT24: return 3;
    case CL_UNORM_INT_101010:
    case CL_UNORM_INT_101010_2: return 4;
    default: break;
  }
  std::uint64_t channels = 1;
  switch (format.image_channel_order) {
    case CL_RG:
    case CL_RA: channels = 2; break;
    case CL_RGB:
    case CL_sRGB: channels = 3; break;
    case CL_RGBA:
    case CL_BGRA:
    case CL_ARGB:
    case CL_ABGR:
    case CL_sRGBA:
    case CL_sBGRA: channels = 4; break;
    default: break;
  }
  switch (format.image_channel_data_type) {
    case CL_SNORM_INT16:
    case CL_UNORM_INT16:
    case CL_SIGNED_INT16:
    case CL_UNSIGNED_INT16:
    case CL_HALF_FLOAT: return 2 * channels;
    case CL_SIGNED_INT32:
    case CL_UNSIGNED_INT32:
    case CL_FLOAT: return 4 * channels;
    case CL_SNORM_INT8:
    case CL_UNORM_INT8:
    case CL_SIGNED_INT8:
    case CL_UNSIGNED_INT8: return channels;
    default: return 1;
  }
}

namespace image_size_detail {
constexpr std::uint64_t Times(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}
constexpr std::uint64_t Plus(std::uint64_t a, std::uint64_t b) noexcept { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }
constexpr std::uint64_t Halved(std::uint64_t size, cl_uint level) noexcept {
  const std::uint64_t half = level < 64 ? size >> level : 0;
  return half != 0 || size == 0 ? half : 1;
}
}  // namespace image_size_detail

/// Saturates; 0 for an image of another object's memory and for sizes a driver refuses (a width of 0).
[[nodiscard]] constexpr std::uint64_t LeastImageBytes(const cl_image_format& format, const cl_image_desc& desc) noexcept {
  using namespace image_size_detail;
  if (desc.mem_object != nullptr) return 0;
  const cl_mem_object_type type = desc.image_type;
  const bool has_height = type == CL_MEM_OBJECT_IMAGE2D || type == CL_MEM_OBJECT_IMAGE2D_ARRAY || type == CL_MEM_OBJECT_IMAGE3D;
  const bool has_depth = type == CL_MEM_OBJECT_IMAGE3D;
  const bool is_array = type == CL_MEM_OBJECT_IMAGE1D_ARRAY || type == CL_MEM_OBJECT_IMAGE2D_ARRAY;
  std::uint64_t pixels = 0;
  const cl_uint levels = desc.num_mip_levels > 1 ? desc.num_mip_levels : 1;
  for (cl_uint level = 0; level < levels && level < 64; ++level) {
    std::uint64_t in_level = Halved(desc.image_width, level);
    if (has_height) in_level = Times(in_level, Halved(desc.image_height, level));
    if (has_depth) in_level = Times(in_level, Halved(desc.image_depth, level));
    pixels = Plus(pixels, in_level);
  }
  if (is_array) pixels = Times(pixels, desc.image_array_size);
  if (desc.num_samples > 1) pixels = Times(pixels, desc.num_samples);
  return Times(pixels, PixelBytes(format));
}

}  // namespace flexai::opencl
