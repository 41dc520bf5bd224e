#include "core/identity.hpp"

#include <gtest/gtest.h>

#include <string>

namespace flexai {
namespace {

// The four drivers below answered these strings on a real machine.
TEST(IdentifyXpuTest, NamesCpuDriversByThemselves) {
  EXPECT_EQ(IdentifyXpu({.platform_name = "Portable Computing Language",
                         .platform_vendor = "The pocl project",
                         .device_vendor = "AuthenticAMD",
                         .device_name = "pthread-skylake-avx512-AMD EPYC",
                         .kind = XpuKind::kCpu})
                .view(),
            "pocl-0");
  EXPECT_EQ(IdentifyXpu({.platform_name = "Intel(R) OpenCL",
                         .platform_vendor = "Intel(R) Corporation",
                         .device_vendor = "Intel(R) Corporation",
                         .device_name = "AMD EPYC",
                         .uuid = "2210110fa1000332fafffffb8b170000",
                         .kind = XpuKind::kCpu})
                .view(),
            "intel-0");
  EXPECT_EQ(IdentifyXpu({.platform_name = "rusticl",
                         .platform_vendor = "Mesa/X.org",
                         .device_vendor = "Mesa/X.org",
                         .device_name = "llvmpipe (LLVM 15.0.6, 256 bits)",
                         .kind = XpuKind::kCpu,
                         .index = 1})
                .view(),
            "llvmpipe-1");
  EXPECT_EQ(IdentifyXpu({.platform_name = "Oclgrind",
                         .platform_vendor = "University of Bristol",
                         .device_vendor = "University of Bristol",
                         .device_name = "Oclgrind Simulator",
                         .kind = XpuKind::kCpu})
                .view(),
            "oclgrind-0");
}

TEST(IdentifyXpuTest, GivesOneNameToACardSeenThroughTwoApis) {
  const XpuId opencl = IdentifyXpu({.platform_name = "NVIDIA CUDA",
                                    .device_vendor = "NVIDIA Corporation",
                                    .device_name = "NVIDIA H100 80GB HBM3",
                                    .uuid = "1a2b3c4d5e6f708192a3b4c5d6e7f809",
                                    .pci_address = "0000:3b:00.0",
                                    .kind = XpuKind::kGpu});
  const XpuId cuda = IdentifyXpu({.platform_name = "CUDA",
                                  .device_vendor = "NVIDIA",
                                  .device_name = "NVIDIA H100 80GB HBM3",
                                  .uuid = "GPU-1A2B3C4D-5e6f-7081-92a3-b4c5d6e7f809",
                                  .kind = XpuKind::kGpu,
                                  .index = 3});
  const XpuId pocl_cuda = IdentifyXpu({.platform_name = "Portable Computing Language",
                                       .device_vendor = "NVIDIA Corporation",
                                       .device_name = "NVIDIA H100",
                                       .uuid = "1a2b3c4d5e6f708192a3b4c5d6e7f809",
                                       .kind = XpuKind::kGpu});

  EXPECT_EQ(opencl.view(), "nvidia-1a2b3c4d5e6f708192a3b4c5d6e7f809");
  EXPECT_EQ(cuda, opencl);
  EXPECT_EQ(pocl_cuda, opencl);
}

TEST(IdentifyXpuTest, UsesThePciAddressWhereThereIsNoUuid) {
  EXPECT_EQ(IdentifyXpu({.platform_name = "rusticl",
                         .platform_vendor = "Mesa/X.org",
                         .device_vendor = "AMD",
                         .device_name = "AMD Radeon RX 6600",
                         .pci_address = "0000:03:00.0",
                         .kind = XpuKind::kGpu})
                .view(),
            "amd-0000-03-00.0");
  EXPECT_EQ(IdentifyXpu({.device_vendor = "Huawei", .uuid = "-", .pci_address = "0000:c1:00.0", .kind = XpuKind::kNpu}).view(),
            "ascend-0000-c1-00.0");
}

TEST(IdentifyXpuTest, DoesNotTakeACardWithoutUuidForTheCpuDriverOfTheSameVendor) {
  const DeviceFacts cpu{.platform_name = "Intel(R) OpenCL", .device_vendor = "Intel(R) Corporation", .kind = XpuKind::kCpu};
  const DeviceFacts gpu{.platform_name = "Intel(R) OpenCL Graphics", .device_vendor = "Intel(R) Corporation", .kind = XpuKind::kGpu};
  const DeviceFacts fpga{.platform_name = "Intel(R) FPGA Emulation", .device_vendor = "Intel(R) Corporation", .kind = XpuKind::kFpga};

  EXPECT_EQ(IdentifyXpu(cpu).view(), "intel-0");
  EXPECT_EQ(IdentifyXpu(gpu).view(), "intel-gpu0");
  EXPECT_EQ(IdentifyXpu(fpga).view(), "intel-fpga0");
}

TEST(IdentifyXpuTest, NamesAnUnknownVendorToo) {
  EXPECT_EQ(IdentifyXpu({.platform_name = "Dubious Platform", .device_vendor = "Nobody", .kind = XpuKind::kOther, .index = 12}).view(),
            "xpu-other12");
  EXPECT_EQ(IdentifyXpu({}).view(), "xpu-other0");
}

TEST(IdentifyXpuTest, AlwaysGivesAnIdWhateverTheDriverSays) {
  const std::string noise(300, '\xff');
  const XpuId id = IdentifyXpu({.device_vendor = noise, .device_name = noise, .pci_address = noise, .kind = XpuKind::kGpu});

  EXPECT_FALSE(id.empty());
  EXPECT_EQ(XpuId::Parse(id.view()), id);
  EXPECT_FALSE(IdentifyXpu({.uuid = std::string_view(noise.data(), noise.size()), .kind = XpuKind::kGpu, .index = 4'000'000'000u}).empty());
  const std::string long_uuid(300, 'a');
  EXPECT_EQ(IdentifyXpu({.device_vendor = "nvidia", .uuid = long_uuid, .kind = XpuKind::kGpu}).view().size(), XpuId::kMaxLength);
}

}  // namespace
}  // namespace flexai
