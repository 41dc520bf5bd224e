#include "cli/region_snapshot.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "slice/slice_file.hpp"

namespace flexai::cli {
namespace {

namespace fs = std::filesystem;

// A real region in a folder of its own, written to as admission and tenants do.
class RegionSnapshotTest : public ::testing::Test {
 public:
  RegionSnapshotTest() {
    folder_ = (fs::temp_directory_path() / "flexai-region-test-XXXXXX").string();
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    const slice::RegionFacts facts{.xpu = XpuId::Parse("pocl-0").value(),
                                   .kind = static_cast<std::uint32_t>(XpuKind::kCpu),
                                   .device_memory = {8ULL << 30},
                                   .model = "EPYC",
                                   .driver = "3.1"};
    EXPECT_EQ(slice::RegionFile::OpenOrCreate(folder_, facts, region_), Outcome::kOk);
  }
  ~RegionSnapshotTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

 protected:
  slice::SlotRef Admit(const char* name, ShareSpec share) {
    slice::SlotRef ref;
    slice::Refusal why;
    EXPECT_EQ(slice::Admit(region_, {.name = name, .command = "python3 train.py", .share = share}, ref, why), Outcome::kOk) << name;
    std::uint32_t process = 0;
    EXPECT_EQ(slice::Register(region_, ref, FLEXAI_ROLE_KEEPER, process), Outcome::kOk);
    return ref;
  }
  RegionSnapshot Take(Nanos now = MonotonicNow()) { return TakeSnapshot(region_, now); }

  std::string folder_;
  slice::RegionFile region_;
};

TEST_F(RegionSnapshotTest, CopiesWhatAdmissionWrote) {
  Admit("a", {.request = {300}, .limit = {1000}, .priority = Priority::kHigh, .reserves_memory = true, .memory = {1ULL << 30}});
  Admit("b", {.request = {100}, .limit = {100}});

  const RegionSnapshot snapshot = Take();

  EXPECT_EQ(snapshot.xpu.view(), "pocl-0");
  EXPECT_EQ(snapshot.kind, XpuKind::kCpu);
  EXPECT_EQ(snapshot.model, "EPYC");
  EXPECT_EQ(snapshot.free_permille(), 600u);
  EXPECT_EQ(snapshot.free_memory_bytes(), 7ULL << 30);
  ASSERT_EQ(snapshot.slices.size(), 2u);
  EXPECT_EQ(snapshot.slices[0].name, "a");
  EXPECT_EQ(snapshot.slices[0].command, "python3 train.py");
  EXPECT_EQ(snapshot.slices[0].priority, Priority::kHigh);
  EXPECT_EQ(snapshot.slices[0].reserved_bytes, 1ULL << 30);
  EXPECT_EQ(snapshot.slices[0].owner_uid, geteuid());
  ASSERT_EQ(snapshot.slices[0].processes.size(), 1u);
  EXPECT_TRUE(snapshot.slices[0].processes[0].is_keeper);
  EXPECT_EQ(snapshot.slices[0].processes[0].pid, static_cast<std::uint32_t>(getpid()));
  EXPECT_TRUE(snapshot.slices[0].processes[0].pid_is_ours);
}

TEST_F(RegionSnapshotTest, MeasuresBetweenTwoLooks) {
  const slice::SlotRef ref = Admit("a", {});
  flexai_slice_account& account = region_.view().account(ref.slot);
  account.device_ns = 5 * kSecond;
  const RegionSnapshot before = Take(100 * kSecond);
  account.device_ns += 300 * kMillisecond;
  account.think_ns += 50 * kMillisecond;
  account.overlap_ns += 7 * kMillisecond;

  const RegionSnapshot now = Take(101 * kSecond);
  const auto measured = Measure(before, now.slices.at(0), now.taken_ns);

  ASSERT_TRUE(measured);
  EXPECT_FALSE(measured->since_begin);
  EXPECT_EQ(measured->permille, 300u);
  EXPECT_EQ(measured->think_permille, 50u);
  EXPECT_EQ(measured->overlap_permille, 7u);
  EXPECT_EQ(measured->over_ns, kSecond);
}

TEST_F(RegionSnapshotTest, ASliceThatBeganSinceIsMeasuredSinceItBegan) {
  const RegionSnapshot before = Take(100 * kSecond);
  const slice::SlotRef ref = Admit("a", {});
  region_.view().account(ref.slot).device_ns = kSecond;
  region_.view().share(ref.slot).created_ns = 100 * kSecond;

  const RegionSnapshot now = Take(104 * kSecond);
  const auto measured = Measure(before, now.slices.at(0), now.taken_ns);

  ASSERT_TRUE(measured);
  EXPECT_TRUE(measured->since_begin);
  EXPECT_EQ(measured->permille, 250u);
}

TEST_F(RegionSnapshotTest, ASliceThatEndedIsToldOfUntilItsSlotIsGivenAway) {
  slice::SlotRef ref;
  slice::Refusal why;
  ASSERT_EQ(slice::Admit(region_, {.name = "gone", .command = "a.out", .share = {.request = {500}}}, ref, why), Outcome::kOk);
  region_.view().account(ref.slot).device_ns = 7;
  ASSERT_EQ(slice::End(region_, ref), Outcome::kOk);

  const RegionSnapshot snapshot = Take();
  EXPECT_TRUE(snapshot.slices.empty());
  ASSERT_EQ(snapshot.ended.size(), 1u);
  const EndedSlice& ended = snapshot.ended[0];
  EXPECT_EQ(ended.slice.name, "gone");
  EXPECT_EQ(ended.slice.command, "a.out");
  EXPECT_EQ(ended.slice.device_ns, 7u);
  EXPECT_TRUE(ended.ended_unix_s);
  EXPECT_LE(ended.slice.idle_ns, ended.slice.asked_ns);
  EXPECT_TRUE(ended.slice.processes.empty());

  region_.view().share(ref.slot).ended_generation = 0;  // as an older flexai leaves it
  const RegionSnapshot older = Take();
  ASSERT_EQ(older.ended.size(), 1u);
  EXPECT_FALSE(older.ended[0].ended_unix_s);
  EXPECT_FALSE(older.ended[0].slice.asked_ns);

  region_.view().share(ref.slot).ended_generation = FLEXAI_SHARE_GIVEN;
  EXPECT_TRUE(Take().ended.empty());
}

TEST_F(RegionSnapshotTest, NoTimeMeansNoMeasurement) {
  Admit("a", {});
  const RegionSnapshot now = Take(100 * kSecond);
  EXPECT_FALSE(Measure(now, now.slices.at(0), now.taken_ns));
}

TEST_F(RegionSnapshotTest, SurvivesATenantThatWritesNonsense) {
  const slice::SlotRef ref = Admit("a", {});
  const RegionSnapshot before = Take(100 * kSecond);
  const slice::RegionView& view = region_.view();
  std::memset(view.share(ref.slot).name, 'x', sizeof view.share(ref.slot).name);
  view.quota->header.kind = 77;
  view.account(ref.slot).device_ns = ~0ULL;
  view.share(ref.slot).compute = ~0ULL;
  for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i) {
    view.process(i).slot = 0xffff;
    std::memset(view.process(i).comm, 'y', sizeof view.process(i).comm);
  }

  const RegionSnapshot now = Take(101 * kSecond);

  ASSERT_EQ(now.slices.size(), 1u);
  EXPECT_EQ(now.slices[0].name.size(), 64u);
  EXPECT_EQ(now.kind, XpuKind::kOther);
  EXPECT_LE(now.slices[0].request_permille, 1000u);
  EXPECT_LE(Measure(before, now.slices[0], now.taken_ns)->permille, 999'999u);
  view.account(ref.slot).device_ns = 0;  // went back
  EXPECT_EQ(Measure(now, Take(102 * kSecond).slices.at(0), 102 * kSecond)->permille, 0u);
}

}  // namespace
}  // namespace flexai::cli
