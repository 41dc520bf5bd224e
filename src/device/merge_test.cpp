#include "device/merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flexai::device {
namespace {

using ::testing::ElementsAre;

Xpu Make(const char* id, XpuKind kind, const char* source, const char* pci = "", const char* uuid = "") {
  Xpu xpu;
  xpu.id = XpuId::Parse(id).value();
  xpu.kind = kind;
  xpu.pci_address = pci;
  xpu.uuid = uuid;
  xpu.sources = {source};
  return xpu;
}

std::vector<std::string> Ids(const std::vector<Xpu>& xpus) {
  std::vector<std::string> ids;
  for (const Xpu& xpu : xpus) ids.emplace_back(xpu.id.view());
  return ids;
}

TEST(MergeXpusTest, OrdersByKindThenId) {
  const std::vector<Xpu> seen{Make("pocl-0", XpuKind::kCpu, "a"), Make("ascend-npu0", XpuKind::kNpu, "b"),
                              Make("intel-0", XpuKind::kCpu, "c"), Make("amd-gpu0", XpuKind::kGpu, "d")};
  EXPECT_THAT(Ids(MergeXpus(seen)), ElementsAre("amd-gpu0", "ascend-npu0", "intel-0", "pocl-0"));
}

TEST(MergeXpusTest, TheFirstSourceNamesTheCardAndLaterOnesFillGaps) {
  Xpu opencl = Make("amd-0000-03-00.0", XpuKind::kGpu, "rusticl.icd", "0000:03:00.0");
  opencl.model = "AMD Radeon RX 6600";
  opencl.driver_library = "/usr/lib/librusticl.so";
  Xpu bus = Make("amd-0000-03-00.0", XpuKind::kGpu, "sysfs", "0000:03:00.0");
  bus.model = "PCI device 1002:73ff";
  bus.memory = Bytes{8ULL << 30};

  const auto merged = MergeXpus(std::vector{opencl, bus});

  ASSERT_EQ(merged.size(), 1u);
  EXPECT_EQ(merged[0].model, "AMD Radeon RX 6600");
  EXPECT_EQ(merged[0].memory->value, 8ULL << 30);
  EXPECT_THAT(merged[0].sources, ElementsAre("rusticl.icd", "sysfs"));
}

TEST(MergeXpusTest, MatchesUuidsInBothSpellings) {
  const auto merged =
      MergeXpus(std::vector{Make("nvidia-gpu0", XpuKind::kGpu, "pocl.icd", "", "1a2b3c4d5e6f708192a3b4c5d6e7f809"),
                            Make("nvidia-x", XpuKind::kGpu, "NVML", "0000:3b:00.0", "GPU-1A2B3C4D-5e6f-7081-92a3-b4c5d6e7f809")});
  EXPECT_THAT(Ids(merged), ElementsAre("nvidia-gpu0"));
}

TEST(MergeXpusTest, CpuDriversStayApartAndMergeOnlyByName) {
  const auto merged = MergeXpus(std::vector{Make("pocl-0", XpuKind::kCpu, "pocl.icd", "", "11111111111111111111111111111111"),
                                            Make("intel-0", XpuKind::kCpu, "intel.icd", "", "11111111111111111111111111111111"),
                                            Make("pocl-0", XpuKind::kCpu, "pocl-5.icd")});
  EXPECT_THAT(Ids(merged), ElementsAre("intel-0", "pocl-0"));
}

TEST(MergeXpusTest, TwoCardsOfOneModelAreTwo) {
  const auto merged = MergeXpus(std::vector{
      Make("amd-0000-03-00.0", XpuKind::kGpu, "x.icd", "0000:03:00.0"), Make("amd-0000-83-00.0", XpuKind::kGpu, "x.icd", "0000:83:00.0"),
      Make("amd-0000-03-00.0", XpuKind::kGpu, "sysfs", "0000:03:00.0"), Make("amd-0000-83-00.0", XpuKind::kGpu, "sysfs", "0000:83:00.0")});
  EXPECT_EQ(merged.size(), 2u);
}

TEST(MergeXpusTest, ACardOnTheBusIsTheOneADriverShowsWithoutAnAddress) {
  const auto merged = MergeXpus(std::vector{Make("intel-gpu0", XpuKind::kGpu, "intel.icd"),
                                            Make("intel-0000-00-02.0", XpuKind::kGpu, "sysfs", "0000:00:02.0"),
                                            Make("intel-0000-03-00.0", XpuKind::kGpu, "sysfs", "0000:03:00.0")});
  EXPECT_THAT(Ids(merged), ElementsAre("intel-0000-03-00.0", "intel-gpu0"));
}

}  // namespace
}  // namespace flexai::device
