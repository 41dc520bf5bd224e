#include "cli/run_admission.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "slice/liveness.hpp"

namespace flexai::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class RunAdmissionTest : public ::testing::Test {
 public:
  RunAdmissionTest() {
    std::string folder = (fs::temp_directory_path() / "flexai-admission-test-XXXXXX").string();
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    runtime_ = {.directory = {}, .path = fs::canonical(folder).string()};
    entries_ = {Entry("intel-0", 16), Entry("pocl-0", 8)};
  }
  ~RunAdmissionTest() override {
    std::error_code ignored;
    fs::remove_all(runtime_.path, ignored);
  }

 protected:
  static XpuEntry Entry(const char* id, std::uint64_t memory_gi) {
    device::Xpu xpu;
    xpu.id = XpuId::Parse(id).value();
    xpu.kind = XpuKind::kCpu;
    xpu.model = "EPYC";
    xpu.memory = Bytes{memory_gi << 30};
    xpu.driver_library = "/usr/lib/libdriver.so";
    return {.id = xpu.id, .xpu = xpu, .enforceable = {.possible = true}};
  }
  static SliceRequest Request(const char* name, const char* cores, const char* memory = nullptr) {
    SliceRequest request{.name = name, .command = {"prog", "--flag"}};
    request.wish.cores = ParseCores(cores).value();
    if (memory != nullptr) request.wish.memory = ParseMemory(memory);
    return request;
  }
  Result<HeldSlice> Admit(const SliceRequest& request, const std::vector<int>& which = {1}) {
    std::vector<const XpuEntry*> xpus;
    for (const int i : which) xpus.push_back(&entries_[static_cast<std::size_t>(i)]);
    return HeldSlice::Admit(runtime_, xpus, request);
  }
  Error Refused(const SliceRequest& request, const std::vector<int>& which = {1}) {
    const auto held = Admit(request, which);
    EXPECT_FALSE(held);
    return held ? Error{} : held.error();
  }

  Runtime runtime_;
  std::vector<XpuEntry> entries_;
};

TEST_F(RunAdmissionTest, WritesAFileThatNamesEveryShareInOrder) {
  const auto held = Admit(Request("train", "30", "50%"), {0, 1});

  ASSERT_TRUE(held) << held.error().message;
  EXPECT_EQ(held->file(), runtime_.path + "/slice-train");
  slice::SliceFile file;
  ASSERT_EQ(slice::ReadSliceFile(held->file().c_str(), file), Outcome::kOk);
  EXPECT_STREQ(file.name, "train");
  ASSERT_EQ(file.count, 2u);
  EXPECT_EQ(file.shares[0].xpu.view(), "intel-0");
  EXPECT_EQ(file.shares[1].xpu.view(), "pocl-0");

  slice::RegionFile region;
  ASSERT_EQ(slice::RegionFile::Open(runtime_.path, entries_[1].id, region), Outcome::kOk);
  const RegionSnapshot snapshot = TakeSnapshot(region, MonotonicNow());
  ASSERT_EQ(snapshot.slices.size(), 1u);
  EXPECT_TRUE(snapshot.slices[0].is_gang);
  EXPECT_EQ(snapshot.slices[0].reserved_bytes, 4ULL << 30);
  EXPECT_EQ(snapshot.slices[0].command, "prog --flag");
  EXPECT_EQ(file.shares[1].pair_id, region.view().quota->header.pair_id);
}

TEST_F(RunAdmissionTest, RefusesComputeWithTheHoldersName) {
  const auto first = Admit(Request("train", "70"));
  const Error error = Refused(Request("more", "40"));

  EXPECT_EQ(error.code, ErrorCode::kExhausted);
  EXPECT_THAT(error.message, HasSubstr("pocl-0 has 30% of its compute left to guarantee, 40% are asked for"));
  EXPECT_THAT(error.message, ContainsRegex("the slice train of [^ ]+ holds the most \\(70%\\)"));
  EXPECT_THAT(error.message, HasSubstr("(--cores 30), or for idle capacity only (--cores 0:40)"));
}

TEST_F(RunAdmissionTest, RefusesMemoryWithTheHoldersName) {
  const auto first = Admit(Request("train", "10", "6Gi"));

  EXPECT_THAT(Refused(Request("more", "10", "4Gi")).message,
              HasSubstr("pocl-0 has 2Gi of memory left, 4Gi are asked for; the slice train"));
  EXPECT_EQ(Refused(Request("huge", "10", "100Gi")).message, "pocl-0 has 8Gi of memory, 100Gi are asked for; ask for less");
  EXPECT_EQ(Refused(Request("huge", "10", "100Gi")).code, ErrorCode::kExhausted);
}

TEST_F(RunAdmissionTest, ANameIsForOneSlice) {
  const auto first = Admit(Request("train", "10"));
  const Error error = Refused(Request("train", "10"));

  EXPECT_EQ(error.code, ErrorCode::kExists);
  EXPECT_THAT(error.message, HasSubstr("the name train is taken by the slice train of"));
  EXPECT_THAT(error.message, HasSubstr("pid " + std::to_string(getpid())));
}

TEST_F(RunAdmissionTest, ANameOfOursGivesWay) {
  const auto first = Admit(Request("", "10"));
  const auto second = Admit(Request("", "10"));

  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->name(), "prog-" + std::to_string(getpid()));
  EXPECT_EQ(second->name(), first->name() + "-2");
}

TEST_F(RunAdmissionTest, The129thSliceIsRefused) {
  std::vector<HeldSlice> held;
  for (int i = 0; i < FLEXAI_REGION_SLICES; ++i) {
    auto slice = Admit(Request(("s" + std::to_string(i)).c_str(), "0:100"));
    ASSERT_TRUE(slice) << i << ": " << slice.error().message;
    held.push_back(std::move(*slice));
  }
  const Error error = Refused(Request("one-more", "0:100"));
  EXPECT_EQ(error.code, ErrorCode::kExhausted);
  EXPECT_THAT(error.message, HasSubstr("has 128 slices already"));
}

TEST_F(RunAdmissionTest, The1025thProcessIsRefused) {
  const auto first = Admit(Request("train", "10"));
  slice::RegionFile region;
  ASSERT_EQ(slice::RegionFile::Open(runtime_.path, entries_[1].id, region), Outcome::kOk);
  for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i) {
    flexai_process& process = region.view().process(i);
    if (slice::StateOf(process) == FLEXAI_PROCESS_LIVE) continue;
    process.alive = 1;  // a thread that never dies
    process.life = slice::WithState(1 << 8, FLEXAI_PROCESS_LIVE);
  }

  const Error error = Refused(Request("more", "10"));
  EXPECT_EQ(error.code, ErrorCode::kExhausted);
  EXPECT_THAT(error.message, HasSubstr("is used by 1024 processes already"));
}

TEST_F(RunAdmissionTest, ARegionDeletedUnderARunningProgramIsNotReplaced) {
  // In a process of its own: whoever was admitted keeps its region mapped to its end.
  const pid_t child = fork();
  if (child == 0) _exit(Admit(Request("train", "10")) ? 0 : 1);
  waitpid(child, nullptr, 0);
  const std::string state = runtime_.path + "/xpu-pocl-0.state";
  const int fd = open(state.c_str(), O_RDONLY | O_CLOEXEC);
  void* mapped = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  for (const char* file : {"/xpu-pocl-0.state", "/xpu-pocl-0.quota"}) fs::remove(runtime_.path + file);

  const Error error = Refused(Request("again", "10"));
  EXPECT_EQ(error.code, ErrorCode::kUnenforceable);
  EXPECT_THAT(error.message, HasSubstr("was deleted while pid " + std::to_string(getpid()) + " runs in a slice of it"));
  munmap(mapped, 4096);
  const auto again = Admit(Request("again", "10"));
  EXPECT_TRUE(again) << again.error().message;
}

TEST_F(RunAdmissionTest, DamagedRegionsAreNamedWithTheWayOut) {
  std::ofstream(runtime_.path + "/xpu-pocl-0.quota") << "not a region";
  const Error error = Refused(Request("train", "10"));
  EXPECT_THAT(error.message, HasSubstr("the region of pocl-0 is damaged"));
  EXPECT_THAT(error.message, HasSubstr("remove " + runtime_.path + "/xpu-pocl-0.*"));
}

TEST_F(RunAdmissionTest, FilesOfEndedSlicesAreRemovedAndLivingOnesStay) {
  const auto living = Admit(Request("living", "10"));
  auto ended = Admit(Request("ended", "10"));
  ASSERT_TRUE(ended);
  fs::copy(ended->file(), runtime_.path + "/slice-left");  // of one that was killed: nobody removed it
  ended->Leave();
  std::ofstream(runtime_.path + "/slice-nonsense") << "nonsense";

  RemoveStaleSliceFiles(runtime_.path);

  EXPECT_FALSE(fs::exists(runtime_.path + "/slice-left"));
  EXPECT_TRUE(fs::exists(runtime_.path + "/slice-living"));
  EXPECT_TRUE(fs::exists(runtime_.path + "/slice-nonsense"));
}

TEST_F(RunAdmissionTest, LeavingGivesEverythingBackAtOnce) {
  auto held = Admit(Request("train", "100", "100%"));
  ASSERT_TRUE(held);
  held->Leave();

  EXPECT_TRUE(Admit(Request("next", "100", "100%")));
  EXPECT_FALSE(fs::exists(runtime_.path + "/slice-train"));
}

TEST(DefaultSliceNameTest, FitsASliceWhateverTheProgramIsCalled) {
  EXPECT_EQ(DefaultSliceName({"/usr/bin/python3.11", "train.py"}, 42), "python3.11-42");
  EXPECT_EQ(DefaultSliceName({"./-w e i r d!"}, 42), "w_e_i_r_d_-42");
  EXPECT_EQ(DefaultSliceName({"..."}, 42), "slice-42");
  EXPECT_EQ(DefaultSliceName({}, 42), "slice-42");
  EXPECT_TRUE(slice::IsSliceName(DefaultSliceName({std::string(500, 'x')}, 2147483647)));
}

}  // namespace
}  // namespace flexai::cli
