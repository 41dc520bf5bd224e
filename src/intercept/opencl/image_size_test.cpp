#include "intercept/opencl/image_size.hpp"

#include <gtest/gtest.h>

namespace flexai::opencl {
namespace {

constexpr cl_image_format kRgba8{CL_RGBA, CL_UNORM_INT8};

cl_image_desc Image(cl_mem_object_type type, size_t width, size_t height = 0, size_t depth = 0, size_t array = 0) {
  cl_image_desc desc = {};
  desc.image_type = type;
  desc.image_width = width;
  desc.image_height = height;
  desc.image_depth = depth;
  desc.image_array_size = array;
  return desc;
}

TEST(ImageSizeTest, KnowsThePixelsOfEveryFormatOfTheSpecification) {
  struct Case {
    cl_channel_order order;
    cl_channel_type type;
    std::uint64_t bytes;
  };
  for (const Case& each : {Case{CL_R, CL_UNORM_INT8, 1}, Case{CL_RG, CL_HALF_FLOAT, 4}, Case{CL_RGBA, CL_FLOAT, 16},
                           Case{CL_BGRA, CL_UNORM_INT8, 4}, Case{CL_sRGBA, CL_UNORM_INT8, 4}, Case{CL_RGB, CL_UNORM_SHORT_565, 2},
                           Case{CL_RGB, CL_UNORM_INT_101010, 4}, Case{CL_DEPTH, CL_FLOAT, 4}, Case{CL_DEPTH, CL_UNORM_INT16, 2},
                           Case{CL_LUMINANCE, CL_SIGNED_INT16, 2}, Case{CL_RA, CL_UNSIGNED_INT32, 8}}) {
    EXPECT_EQ(PixelBytes({each.order, each.type}), each.bytes) << std::hex << each.order << " " << each.type;
  }
}

TEST(ImageSizeTest, NeverGuessesTooMuchForAFormatItDoesNotKnow) { EXPECT_EQ(PixelBytes({0x1234, 0x5678}), 1u); }

TEST(ImageSizeTest, CountsWhatEachTypeHas) {
  EXPECT_EQ(LeastImageBytes(kRgba8, Image(CL_MEM_OBJECT_IMAGE1D, 10)), 40u);
  EXPECT_EQ(LeastImageBytes(kRgba8, Image(CL_MEM_OBJECT_IMAGE1D, 10, 77, 77, 77)), 40u) << "the other sizes do not apply";
  EXPECT_EQ(LeastImageBytes(kRgba8, Image(CL_MEM_OBJECT_IMAGE1D_ARRAY, 10, 0, 0, 3)), 120u);
  EXPECT_EQ(LeastImageBytes(kRgba8, Image(CL_MEM_OBJECT_IMAGE2D, 10, 20)), 800u);
  EXPECT_EQ(LeastImageBytes(kRgba8, Image(CL_MEM_OBJECT_IMAGE2D_ARRAY, 10, 20, 0, 3)), 2400u);
  EXPECT_EQ(LeastImageBytes(kRgba8, Image(CL_MEM_OBJECT_IMAGE3D, 10, 20, 5)), 4000u);
}

TEST(ImageSizeTest, CountsMipLevelsAndSamples) {
  cl_image_desc desc = Image(CL_MEM_OBJECT_IMAGE2D, 8, 4);
  desc.num_mip_levels = 4;
  EXPECT_EQ(LeastImageBytes(kRgba8, desc), 4u * (8 * 4 + 4 * 2 + 2 * 1 + 1 * 1));

  desc.num_mip_levels = 0;
  desc.num_samples = 4;
  EXPECT_EQ(LeastImageBytes(kRgba8, desc), 4u * 8 * 4 * 4);
}

TEST(ImageSizeTest, AnImageOfAnotherObjectsMemoryTakesNone) {
  cl_image_desc desc = Image(CL_MEM_OBJECT_IMAGE2D, 8, 4);
  int object = 0;
  desc.mem_object = reinterpret_cast<cl_mem>(&object);

  EXPECT_EQ(LeastImageBytes(kRgba8, desc), 0u);
}

TEST(ImageSizeTest, SaturatesInsteadOfWrapping) {
  const size_t huge = SIZE_MAX;
  EXPECT_EQ(LeastImageBytes(kRgba8, Image(CL_MEM_OBJECT_IMAGE3D, huge, huge, huge)), UINT64_MAX);
  EXPECT_EQ(LeastImageBytes(kRgba8, Image(CL_MEM_OBJECT_IMAGE2D_ARRAY, 1u << 20, 1u << 20, 0, huge)), UINT64_MAX);
  cl_image_desc desc = Image(CL_MEM_OBJECT_IMAGE1D, huge);
  desc.num_mip_levels = UINT32_MAX;
  EXPECT_EQ(LeastImageBytes(kRgba8, desc), UINT64_MAX);
}

TEST(ImageSizeTest, AnImageWithoutPixelsTakesNothing) {
  EXPECT_EQ(LeastImageBytes(kRgba8, Image(CL_MEM_OBJECT_IMAGE2D, 0, 4)), 0u);
  EXPECT_EQ(LeastImageBytes(kRgba8, Image(0x9999, 0)), 0u);
}

}  // namespace
}  // namespace flexai::opencl
