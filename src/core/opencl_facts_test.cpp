#include "core/opencl_facts.hpp"

#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <CL/cl_ext.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace flexai {
namespace {

static_assert(opencl::kPlatformName == CL_PLATFORM_NAME && opencl::kPlatformVendor == CL_PLATFORM_VENDOR);
static_assert(opencl::kDeviceType == CL_DEVICE_TYPE && opencl::kDeviceName == CL_DEVICE_NAME && opencl::kDeviceVendor == CL_DEVICE_VENDOR);
static_assert(opencl::kDeviceUuidKhr == CL_DEVICE_UUID_KHR && CL_UUID_SIZE_KHR == 16);
static_assert(opencl::kDevicePciBusKhr == CL_DEVICE_PCI_BUS_INFO_KHR && sizeof(cl_device_pci_bus_info_khr) == 16);
static_assert(opencl::kDeviceTopologyAmd == CL_DEVICE_TOPOLOGY_AMD && sizeof(cl_device_topology_amd) == 24);
static_assert(opencl::kTypeCpu == CL_DEVICE_TYPE_CPU && opencl::kTypeGpu == CL_DEVICE_TYPE_GPU &&
              opencl::kTypeAccelerator == CL_DEVICE_TYPE_ACCELERATOR);

// Answers the queries it was given and refuses all others, as a driver without an extension does.
class FakeDriver {
 public:
  FakeDriver& Text(std::uint32_t param, const std::string& text) {
    answers_[param].assign(text.c_str(), text.c_str() + text.size() + 1);
    return *this;
  }
  template <class T>
  FakeDriver& Value(std::uint32_t param, const T& value) {
    answers_[param].resize(sizeof value);
    std::memcpy(answers_[param].data(), &value, sizeof value);
    return *this;
  }
  std::size_t operator()(std::uint32_t param, std::size_t bytes, void* out) const {
    const auto found = answers_.find(param);
    if (found == answers_.end() || found->second.size() > bytes) return 0;
    std::memcpy(out, found->second.data(), found->second.size());
    return found->second.size();
  }

 private:
  std::map<std::uint32_t, std::vector<char>> answers_;
};

const FakeDriver kNvidiaPlatform = FakeDriver().Text(CL_PLATFORM_NAME, "NVIDIA CUDA").Text(CL_PLATFORM_VENDOR, "NVIDIA Corporation");

FakeDriver Gpu(const std::string& vendor) {
  return FakeDriver().Text(CL_DEVICE_NAME, "Card").Text(CL_DEVICE_VENDOR, vendor).Value<cl_device_type>(CL_DEVICE_TYPE, CL_DEVICE_TYPE_GPU);
}

TEST(OpenClFactsTest, ReadsTheUuid) {
  std::array<unsigned char, 16> uuid{};
  for (std::size_t i = 0; i < uuid.size(); ++i) uuid[i] = static_cast<unsigned char>(i * 17);

  const OpenClFacts facts = OpenClFacts::Read(kNvidiaPlatform, Gpu("NVIDIA Corporation").Value(CL_DEVICE_UUID_KHR, uuid), 0);

  EXPECT_EQ(facts.facts().uuid, "00112233445566778899aabbccddeeff");
  EXPECT_EQ(facts.id().view(), "nvidia-00112233445566778899aabbccddeeff");
}

TEST(OpenClFactsTest, AUuidOfZerosNamesNothing) {
  const std::array<unsigned char, 16> zeros{};
  const OpenClFacts facts = OpenClFacts::Read(kNvidiaPlatform, Gpu("NVIDIA Corporation").Value(CL_DEVICE_UUID_KHR, zeros), 2);

  EXPECT_EQ(facts.facts().uuid, "");
  EXPECT_EQ(facts.id().view(), "nvidia-gpu2");
}

TEST(OpenClFactsTest, ReadsThePciAddressInEachVendorsForm) {
  const cl_device_pci_bus_info_khr khr{0x10, 0x3b, 0x1f, 7};
  cl_device_topology_amd amd{};
  amd.pcie.type = CL_DEVICE_TOPOLOGY_TYPE_PCIE_AMD;
  amd.pcie.bus = static_cast<cl_char>(0xc1);
  amd.pcie.device = 2;
  const auto nvidia =
      Gpu("NVIDIA Corporation").Value<cl_uint>(opencl::kDevicePciBusNv, 0x3b).Value<cl_uint>(opencl::kDevicePciSlotNv, 1 << 3 | 2);

  EXPECT_EQ(OpenClFacts::Read(FakeDriver(), Gpu("X").Value(CL_DEVICE_PCI_BUS_INFO_KHR, khr), 0).facts().pci_address, "0010:3b:1f.7");
  EXPECT_EQ(OpenClFacts::Read(FakeDriver(), Gpu("Advanced Micro Devices, Inc.").Value(CL_DEVICE_TOPOLOGY_AMD, amd), 0).facts().pci_address,
            "0000:c1:02.0");
  EXPECT_EQ(OpenClFacts::Read(FakeDriver(), nvidia, 0).facts().pci_address, "0000:3b:01.2");
}

TEST(OpenClFactsTest, IgnoresAnAddressThatCannotBe) {
  const cl_device_pci_bus_info_khr nonsense{0x10000, 0x3b, 0, 0};
  EXPECT_EQ(OpenClFacts::Read(FakeDriver(), Gpu("X").Value(CL_DEVICE_PCI_BUS_INFO_KHR, nonsense), 0).facts().pci_address, "");
}

TEST(OpenClFactsTest, NamesCpuDevicesWithoutAskingForMore) {
  const auto cpu = FakeDriver()
                       .Text(CL_DEVICE_NAME, "AMD EPYC")
                       .Text(CL_DEVICE_VENDOR, "Intel(R) Corporation")
                       .Value<cl_device_type>(CL_DEVICE_TYPE, CL_DEVICE_TYPE_CPU | CL_DEVICE_TYPE_DEFAULT)
                       .Value(CL_DEVICE_UUID_KHR, std::array<unsigned char, 16>{1, 2, 3});
  EXPECT_EQ(OpenClFacts::Read(FakeDriver().Text(CL_PLATFORM_NAME, "Intel(R) OpenCL"), cpu, 0).id().view(), "intel-0");
}

TEST(OpenClFactsTest, TellsAcceleratorsByTheirName) {
  EXPECT_EQ(OpenClKind(CL_DEVICE_TYPE_ACCELERATOR, "Intel(R) FPGA Emulation Device"), XpuKind::kFpga);
  EXPECT_EQ(OpenClKind(CL_DEVICE_TYPE_ACCELERATOR, "Ascend 910B3"), XpuKind::kNpu);
  EXPECT_EQ(OpenClKind(CL_DEVICE_TYPE_ACCELERATOR, "Something"), XpuKind::kOther);
  EXPECT_EQ(OpenClKind(CL_DEVICE_TYPE_CUSTOM, "Something"), XpuKind::kOther);
}

TEST(OpenClFactsTest, SurvivesADriverThatAnswersNothingOrTooMuch) {
  const auto refuses = [](std::uint32_t, std::size_t, void*) -> std::size_t { return 0; };
  const auto lies = [](std::uint32_t, std::size_t bytes, void* out) -> std::size_t {
    std::memset(out, 'x', bytes);
    return bytes + 4096;
  };
  EXPECT_EQ(OpenClFacts::Read(refuses, refuses, 0).id().view(), "xpu-other0");
  EXPECT_EQ(OpenClFacts::Read(lies, lies, 0).id().view(), "xpu-other0");
}

TEST(OpenClFactsTest, CutsLongNames) {
  const OpenClFacts facts = OpenClFacts::Read(FakeDriver().Text(CL_PLATFORM_NAME, std::string(500, 'p')), Gpu(std::string(500, 'v')), 0);
  EXPECT_EQ(facts.facts().platform_name.size(), 127u);
  EXPECT_EQ(facts.facts().device_vendor.size(), 127u);
}

}  // namespace
}  // namespace flexai
