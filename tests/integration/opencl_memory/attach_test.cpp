// A process that cannot join its slice sees no devices, goes on, and says once why.
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "fixture.hpp"
#include "slice/admission_lock.hpp"

namespace flexai::testing {
namespace {

class AttachTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (DevicesShown(DriverNamed("pocl"), Joined(DriverEnvironment(DriverNamed("pocl")), kBare)) < 1)
      GTEST_SKIP() << "PoCL is not installed (tools/install-packages run)";
    slice_ = world_.MakeSlice("joined", {{.xpu = "pocl-0", .memory = 64 * kMiB}});
  }

  // Runs a program that looks for devices three times, and expects none and one line that contains each of `words`.
  void ExpectRefusal(const std::vector<std::string>& environment, const std::vector<std::string>& words) {
    const auto shell = StartShell(environment);
    for (int i = 0; i < 3; ++i) {
      const std::string answer = shell->Ask("platforms");
      EXPECT_NE(answer.find("Portable Computing Language=-1;"), answer.npos) << answer;
    }
    EXPECT_EQ(shell->Ask("use Portable"), "-1");
    const std::string errors = shell->Errors();
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
    EXPECT_TRUE(errors.starts_with("flexai: ")) << errors;
    for (const std::string& word : words) EXPECT_NE(errors.find(word), errors.npos) << "no \"" << word << "\" in: " << errors;
    EXPECT_EQ(shell->Finish(), 0);
  }

  std::vector<std::string> Sliced(const std::string& slice) { return Joined(DriverEnvironment(DriverNamed("pocl")), InSlice(slice)); }

  void Overwrite(const std::string& path, std::size_t offset, const void* data, std::size_t bytes) {
    const int fd = open(path.c_str(), O_WRONLY);
    ASSERT_GE(fd, 0);
    EXPECT_EQ(pwrite(fd, data, bytes, static_cast<off_t>(offset)), static_cast<ssize_t>(bytes));
    close(fd);
  }

  SliceWorld world_;
  std::string slice_;
};

TEST_F(AttachTest, NothingIsDoneBeforeTheFirstCallThatNeedsIt) {
  const auto shell = StartShell(Sliced(world_.directory() + "/slice-nobody"));

  EXPECT_EQ(shell->Ask("called"), "none");
  EXPECT_EQ(shell->Errors(), "");
}

TEST_F(AttachTest, WithoutASlice) {
  auto environment = Sliced(slice_);
  environment.back() = "FLEXAI_SLICE";
  ExpectRefusal(environment, {"FLEXAI_SLICE is not set", "flexai run", "OPENCL_LAYERS"});
}

TEST_F(AttachTest, ToASliceThatNeverWas) {
  ExpectRefusal(Sliced(world_.directory() + "/slice-nobody"), {"slice-nobody", "does not exist"});
}

TEST_F(AttachTest, ToASliceThatEnded) {
  slice::SliceFile file;
  ASSERT_EQ(slice::ReadSliceFile(slice_.c_str(), file), Outcome::kOk);
  ++file.shares[0].ref.generation;
  std::snprintf(file.name, sizeof file.name, "gone");
  slice::Path path;
  ASSERT_EQ(slice::WriteSliceFile(world_.directory(), false, file, path), Outcome::kOk);

  ExpectRefusal(Sliced(path.c_str()), {"slice gone has ended", "flexai run"});
}

TEST_F(AttachTest, ToARegionMadeAnew) {
  std::filesystem::remove(world_.directory() + "/xpu-pocl-0.quota");
  std::filesystem::remove(world_.directory() + "/xpu-pocl-0.state");
  world_.AddXpu("pocl-0", 1024 * kMiB);

  ExpectRefusal(Sliced(slice_), {"slice joined has ended"});
}

TEST_F(AttachTest, ToADamagedSliceFile) {
  std::ofstream(slice_, std::ios::trunc) << "flexai-slice 1\nname joined\nshare pocl-0 0";

  ExpectRefusal(Sliced(slice_), {"damaged", slice_});
}

TEST_F(AttachTest, ToADamagedRegion) {
  std::filesystem::resize_file(world_.directory() + "/xpu-pocl-0.state", 1000);

  ExpectRefusal(Sliced(slice_), {"damaged", "joined"});
}

TEST_F(AttachTest, ToARegionOfAnotherMajorVersion) {
  const std::uint16_t major = FLEXAI_REGION_ABI_MAJOR + 1;
  Overwrite(world_.directory() + "/xpu-pocl-0.quota", offsetof(flexai_quota_header, abi_major), &major, sizeof major);

  ExpectRefusal(Sliced(slice_), {"another major version"});
}

TEST_F(AttachTest, ToASliceFileThatIsALink) {
  const std::string link = world_.directory() + "/slice-link";
  std::filesystem::create_symlink(slice_, link);

  ExpectRefusal(Sliced(link), {"do not belong to this user"});
}

TEST_F(AttachTest, TheThousandAndTwentyFifthProcess) {
  const slice::RegionView& region = world_.region("pocl-0").view();
  for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i) {
    flexai_process& process = region.process(i);
    if ((process.life & 0xff) == FLEXAI_PROCESS_FREE) slice::Atomic(process.life).store(process.life | FLEXAI_PROCESS_LIVE);
  }

  ExpectRefusal(Sliced(slice_), {"1024 processes", "joined"});
}

TEST_F(AttachTest, WhileAStoppedProcessHoldsTheLock) {
  slice::AdmissionLock lock;
  std::int32_t holder = 0;
  ASSERT_EQ(lock.Acquire(world_.region("pocl-0").lock_path().c_str(), holder), Outcome::kOk);

  ExpectRefusal(Sliced(slice_), {"locked", "joined"});
}

TEST_F(AttachTest, AChildOfForkThatCannotJoinAllocatesNothing) {
  const auto shell = StartShell(Sliced(slice_));
  ASSERT_EQ(shell->Ask("use Portable"), "0");
  ASSERT_EQ(shell->Ask("context c"), "0 devices 1");
  std::filesystem::remove(slice_);

  ASSERT_EQ(shell->Ask("fork"), "child");
  EXPECT_EQ(shell->Ask("buffer a 4096"), kNoRoom);
  EXPECT_EQ(shell->Ask("svm s 4096"), "null");
  EXPECT_EQ(shell->Ask("context d"), kBadDevice);
  EXPECT_NE(shell->Errors().find("does not exist"), std::string::npos);
  shell->Send("quit");
  EXPECT_EQ(shell->ReadLine(), "parent 0");

  EXPECT_EQ(shell->Ask("buffer a 4096"), kOk) << "the parent is in its slice";
  EXPECT_EQ(world_.Held("joined", "pocl-0"), 4096u);
}

}  // namespace
}  // namespace flexai::testing
