#include "cli/run_selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flexai::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

XpuEntry Entry(const char* id, XpuKind kind, std::uint32_t taken_permille = 0, std::uint64_t memory_gi = 8) {
  device::Xpu xpu;
  xpu.id = XpuId::Parse(id).value();
  xpu.kind = kind;
  xpu.memory = Bytes{memory_gi << 30};
  xpu.driver_library = "/usr/lib/libdriver.so";
  XpuEntry entry{.id = xpu.id, .xpu = xpu, .enforceable = {.possible = true}};
  if (taken_permille != 0) {
    SliceSnapshot slice;
    slice.request_permille = taken_permille;
    entry.region = RegionSnapshot{.xpu = xpu.id, .kind = kind, .device_memory_bytes = memory_gi << 30, .slices = {slice}};
  }
  return entry;
}

Inventory Machine(std::vector<XpuEntry> entries) {
  Inventory inventory;
  inventory.entries = std::move(entries);
  return inventory;
}

std::vector<std::string> Chosen(const Inventory& inventory, const std::vector<std::string>& selectors, const Wish& wish = {}) {
  const auto xpus = SelectXpus(inventory, selectors, wish);
  if (!xpus) return {xpus.error().message};
  std::vector<std::string> ids;
  for (const XpuEntry* entry : *xpus) ids.emplace_back(entry->id.view());
  return ids;
}

Wish Cores(const char* text) { return {.cores = ParseCores(text).value()}; }

TEST(SelectXpusTest, PrefersCardsThenTakesTheOneWithMostFreeCompute) {
  const Inventory machine =
      Machine({Entry("amd-gpu0", XpuKind::kGpu, 500), Entry("nvidia-gpu0", XpuKind::kGpu, 200), Entry("ascend-npu0", XpuKind::kNpu),
               Entry("intel-fpga0", XpuKind::kFpga), Entry("pocl-0", XpuKind::kCpu)});

  EXPECT_THAT(Chosen(machine, {}), ElementsAre("nvidia-gpu0"));
  EXPECT_THAT(Chosen(Machine({machine.entries[2], machine.entries[4]}), {}), ElementsAre("ascend-npu0"));
  EXPECT_THAT(Chosen(Machine({machine.entries[3], machine.entries[4]}), {}), ElementsAre("pocl-0"));
}

TEST(SelectXpusTest, EqualsAreTakenInOrderOfTheirNames) {
  EXPECT_THAT(Chosen(Machine({Entry("pocl-0", XpuKind::kCpu), Entry("intel-0", XpuKind::kCpu)}), {}), ElementsAre("intel-0"));
}

TEST(SelectXpusTest, LooksForRoomWithinAKindButNeverFallsBackToALesserOne) {
  const Inventory machine =
      Machine({Entry("amd-gpu0", XpuKind::kGpu, 300, 4), Entry("nvidia-gpu0", XpuKind::kGpu, 500, 80), Entry("pocl-0", XpuKind::kCpu)});

  EXPECT_THAT(Chosen(machine, {}, Cores("60")), ElementsAre("amd-gpu0"));
  EXPECT_THAT(Chosen(machine, {}, {.memory = ParseMemory("40Gi")}), ElementsAre("nvidia-gpu0"));
  EXPECT_THAT(Chosen(machine, {}, Cores("90")), ElementsAre("amd-gpu0"));  // refused by admission, with the holder's name
}

TEST(SelectXpusTest, TakesIdsBeginningsAndKinds) {
  const Inventory machine =
      Machine({Entry("nvidia-1a2b", XpuKind::kGpu, 100), Entry("nvidia-1c3d", XpuKind::kGpu), Entry("pocl-0", XpuKind::kCpu)});

  EXPECT_THAT(Chosen(machine, {"pocl-0"}), ElementsAre("pocl-0"));
  EXPECT_THAT(Chosen(machine, {"nvidia-1a"}), ElementsAre("nvidia-1a2b"));
  EXPECT_THAT(Chosen(machine, {"gpu"}), ElementsAre("nvidia-1c3d"));
  EXPECT_THAT(Chosen(machine, {"pocl-0", "gpu", "nvidia-1c3d"}), ElementsAre("nvidia-1a2b", "nvidia-1c3d", "pocl-0"));
}

TEST(SelectXpusTest, AnIdThatBeginsAnotherMeansItself) {
  EXPECT_THAT(Chosen(Machine({Entry("pocl-1", XpuKind::kCpu), Entry("pocl-10", XpuKind::kCpu)}), {"pocl-1"}), ElementsAre("pocl-1"));
}

TEST(SelectXpusTest, SaysWhatIsWrongWithASelector) {
  const Inventory machine =
      Machine({Entry("nvidia-1a2b", XpuKind::kGpu), Entry("nvidia-1c3d", XpuKind::kGpu), Entry("pocl-0", XpuKind::kCpu)});
  const auto refused = [&](const std::vector<std::string>& selectors) { return SelectXpus(machine, selectors, {}).error(); };

  EXPECT_THAT(refused({"nvidia"}).message, HasSubstr("beginning of several XPUs: nvidia-1a2b nvidia-1c3d"));
  EXPECT_THAT(refused({"pocl-1"}).message, HasSubstr("there is no XPU 'pocl-1'; did you mean pocl-0?"));
  EXPECT_THAT(refused({""}).message, HasSubstr("there is no XPU ''"));
  EXPECT_THAT(refused({"pocl-0", "pocl"}).message, HasSubstr("--xpu pocl-0 is given twice"));
  EXPECT_THAT(refused({"npu"}).message, HasSubstr("there is no npu here"));
  EXPECT_THAT(refused({"gpu", "gpu", "gpu"}).message, HasSubstr("only 2 XPUs of kind gpu"));
  EXPECT_EQ(refused({"nvidia"}).code, ErrorCode::kInvalid);
}

TEST(SelectXpusTest, WhatCannotBeEnforcedIsRefusedWithTheReason) {
  Inventory machine = Machine({Entry("nvidia-1a2b", XpuKind::kGpu)});
  machine.entries[0].enforceable = {.reason = "no OpenCL driver shows it", .fix = "apt install nvidia-opencl-icd"};

  for (const std::vector<std::string>& selectors : {std::vector<std::string>{}, {"nvidia-1a2b"}, {"gpu"}}) {
    const auto refused = SelectXpus(machine, selectors, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnenforceable);
    EXPECT_EQ(refused.error().message,
              "a slice of nvidia-1a2b cannot be enforced here: no OpenCL driver shows it; apt install nvidia-opencl-icd");
  }
}

TEST(SelectXpusTest, ACardThatCannotBeEnforcedDoesNotHideOneThatCan) {
  Inventory machine = Machine({Entry("nvidia-1a2b", XpuKind::kGpu), Entry("pocl-0", XpuKind::kCpu)});
  machine.entries[0].enforceable = {.reason = "no OpenCL driver shows it"};
  EXPECT_THAT(Chosen(machine, {}), ElementsAre("pocl-0"));
}

TEST(SelectXpusTest, AMachineWithoutXpusIsToldWhatToInstall) {
  const auto refused = SelectXpus({}, {}, {});
  EXPECT_EQ(refused.error().code, ErrorCode::kUnenforceable);
  EXPECT_THAT(refused.error().message, HasSubstr("apt install"));
}

}  // namespace
}  // namespace flexai::cli
