#include "cli/smi_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace flexai::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

XpuEntry Pocl() {
  device::Xpu xpu;
  xpu.id = XpuId::Parse("pocl-0").value();
  xpu.kind = XpuKind::kCpu;
  xpu.vendor = "AuthenticAMD";
  xpu.model = "AMD EPYC";
  xpu.memory = Bytes{8ULL << 30};
  xpu.compute_units = 2;
  xpu.driver_version = "3.1";
  xpu.platform = "Portable Computing Language";
  xpu.driver_library = "/usr/lib/libpocl.so.2";
  xpu.sources = {"pocl.icd"};
  return {.id = xpu.id, .xpu = xpu, .enforceable = {.possible = true}};
}

SliceSnapshot Training() {
  SliceSnapshot slice;
  slice.name = "training";
  slice.command = "python3 train.py";
  slice.ref = {3, 7};
  slice.owner_uid = geteuid();
  slice.request_permille = 300;
  slice.limit_permille = 1000;
  slice.reserves_memory = true;
  slice.reserved_bytes = 4ULL << 30;
  slice.held_bytes = 1ULL << 30;
  slice.created_ns = 10 * kSecond;
  slice.device_ns = 2 * kSecond;
  slice.commands = 42;
  slice.processes = {{.pid = 99, .pid_is_ours = true, .is_keeper = true, .comm = "flexai"},
                     {.pid = 100, .pid_is_ours = true, .comm = "python3"}};
  return slice;
}

Inventory Sample() {
  Inventory inventory;
  inventory.discovery.opencl_loader = "/usr/lib/libOpenCL.so.1";
  inventory.runtime = Runtime{.path = "/run/flexai"};
  XpuEntry entry = Pocl();
  entry.region = RegionSnapshot{.xpu = entry.id,
                                .kind = XpuKind::kCpu,
                                .device_memory_bytes = 8ULL << 30,
                                .reserved_memory_bytes = 4ULL << 30,
                                .stamps = FLEXAI_STAMPS_AGREE,
                                .taken_ns = 20 * kSecond,
                                .slices = {Training()}};
  inventory.entries = {entry};
  return inventory;
}

Baseline BeforeSample() {
  RegionSnapshot before = *Sample().entries[0].region;
  before.taken_ns -= kSecond;
  before.slices[0].device_ns -= 296 * kMillisecond;
  return {before};
}

TEST(SmiViewTest, ShowsXpusAndSlices) {
  const std::string text = SmiText(Sample(), BeforeSample(), {});

  EXPECT_THAT(text, HasSubstr("pocl-0  cpu   AMD EPYC     8Gi   4Gi         70%       1  compute, memory\n"));
  EXPECT_THAT(text, HasSubstr("training  pocl-0"));
  EXPECT_THAT(text, HasSubstr("100 python3  30:100     29.6%  1Gi of 4Gi  normal\n"));
  EXPECT_THAT(text, HasSubstr("MEASURED: device time over the last 1.0 s\n"));
  EXPECT_THAT(text, Not(HasSubstr("99 flexai")));
}

TEST(SmiViewTest, SaysWhenASliceIsMeasuredSinceItBegan) {
  const std::string text = SmiText(Sample(), {}, {});

  EXPECT_THAT(text, HasSubstr("20.0%*"));  // 2 s of 10 s
  EXPECT_THAT(text, HasSubstr("MEASURED: *since the slice began\n"));
}

TEST(SmiViewTest, WideSaysWhereTimesComeFrom) {
  const std::string text = SmiText(Sample(), BeforeSample(), {.wide = true});

  EXPECT_THAT(text, HasSubstr("driver stamps"));
  EXPECT_THAT(text, HasSubstr("python3 train.py"));
  EXPECT_THAT(text, HasSubstr("pocl.icd"));
  EXPECT_EQ(StampsName(FLEXAI_STAMPS_DISAGREE), "host marks");
  EXPECT_EQ(StampsName(0), "unknown yet");
  EXPECT_EQ(StampsName(99), "unknown yet");
}

TEST(SmiViewTest, UnknownIsADashAndNullNeverZero) {
  Inventory inventory = Sample();
  XpuEntry& entry = inventory.entries[0];
  entry.region.reset();
  entry.xpu->memory.reset();
  entry.xpu->compute_units.reset();
  entry.xpu->driver_version.clear();

  const Document document = SmiDocument(inventory, {});
  EXPECT_THAT(SmiText(inventory, {}, {}), HasSubstr("AMD EPYC       -     -        100%       0"));
  for (const char* key : {"memory_bytes", "memory_free_bytes", "compute_units", "driver_version", "uuid", "pci_address"})
    EXPECT_TRUE(document["xpus"].Items()[0][key].IsNull()) << key;
}

TEST(SmiViewTest, ARegionThatCannotBeReadIsUnknownNotFree) {
  Inventory inventory = Sample();
  inventory.entries[0].region.reset();
  inventory.entries[0].region_trouble = "the region of pocl-0 is damaged";

  EXPECT_THAT(SmiText(inventory, {}, {}), HasSubstr("8Gi     -           -       -"));
  EXPECT_TRUE(SmiDocument(inventory, {})["xpus"].Items()[0]["free_permille"].IsNull());
  EXPECT_THAT(Warnings(inventory), ElementsAre("the region of pocl-0 is damaged"));
}

TEST(SmiViewTest, DocumentsSaySharesInPermilleAndMemoryInBytes) {
  const Document slice = SmiDocument(Sample(), BeforeSample())["xpus"].Items()[0]["slices"].Items()[0];

  EXPECT_EQ(slice["request_permille"].AsInt(), 300);
  EXPECT_EQ(slice["limit_permille"].AsInt(), 1000);
  EXPECT_EQ(slice["measured"]["permille"].AsInt(), 296);
  EXPECT_EQ(slice["measured"]["over_ns"].AsInt(), kSecond);
  EXPECT_EQ(slice["memory_reserved_bytes"].AsUnsigned(), 4ULL << 30);
  EXPECT_EQ(slice["memory_held_bytes"].AsUnsigned(), 1ULL << 30);
  EXPECT_EQ(slice["processes"].Items().size(), 1u);
  EXPECT_EQ(slice["processes"].Items()[0]["pid"].AsInt(), 100);
}

TEST(SmiViewTest, APidOfAnotherNamespaceIsNotShownAsOurs) {
  Inventory inventory = Sample();
  for (ProcessSnapshot& process : inventory.entries[0].region->slices[0].processes) process.pid_is_ours = false;

  EXPECT_THAT(SmiText(inventory, {}, {}), HasSubstr("1 in another PID namespace"));
  EXPECT_TRUE(SmiDocument(inventory, {})["xpus"].Items()[0]["slices"].Items()[0]["processes"].Items()[0]["pid"].IsNull());
}

TEST(SmiViewTest, BrokenDriversAndOtherUsersAreWarnings) {
  Inventory inventory = Sample();
  inventory.discovery.drivers = {{.name = "hang.icd", .state = device::DriverReport::State::kHung, .trouble = "did not answer within 10 s"},
                                 {.name = "NVML", .state = device::DriverReport::State::kMissing}};
  inventory.entries[0].other_users = {"alice"};

  EXPECT_THAT(Warnings(inventory), ElementsAre("driver hang.icd: did not answer within 10 s", HasSubstr("slices of alice")));
}

TEST(SmiViewTest, AnEmptyMachineIsToldWhatToInstall) {
  Inventory inventory;
  EXPECT_THAT(SmiText(inventory, {}, {}), HasSubstr("apt install ocl-icd-libopencl1 pocl-opencl-icd"));
  inventory.discovery.opencl_loader = "/usr/lib/libOpenCL.so.1";
  EXPECT_THAT(SmiText(inventory, {}, {}), HasSubstr("apt install pocl-opencl-icd"));
  inventory.discovery.drivers = {{.name = "pocl.icd", .icd = "/etc/OpenCL/vendors/pocl.icd"}};
  EXPECT_THAT(SmiText(inventory, {}, {}), HasSubstr("`flexai doctor` says what each of them answers"));
  EXPECT_THAT(SmiDocument(inventory, {})["xpus"].Items(), IsEmpty());
}

TEST(SlicesTextTest, ShowsOnlyTheSlicesAskedFor) {
  EXPECT_THAT(SlicesText(Sample(), {}, {}, {"training"}), HasSubstr("training"));
  EXPECT_EQ(SlicesText(Sample(), {}, {}, {"other"}), "");
  EXPECT_EQ(SlicesDocument(Sample(), {}, {"other"})["slices"].Items().size(), 0u);
}

}  // namespace
}  // namespace flexai::cli
