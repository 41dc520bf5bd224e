#include "slice/region_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "slice/admission_lock.hpp"
#include "slice/runtime_directory.hpp"
#include "slice/testing/temporary_region.hpp"

namespace flexai::slice {
namespace {

void Overwrite(const std::string& path, std::size_t offset, const void* bytes, std::size_t count) {
  const int fd = open(path.c_str(), O_WRONLY);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(pwrite(fd, bytes, count, static_cast<off_t>(offset)), static_cast<ssize_t>(count));
  close(fd);
}

TEST(RegionFileTest, WhatWasMadeOpensAndSaysWhatItIs) {
  TemporaryRegion region;
  RegionFile again;

  ASSERT_EQ(RegionFile::Open(region.directory(), region.facts().xpu, again), Outcome::kOk);
  EXPECT_EQ(again.xpu().view(), "fake-0");
  EXPECT_STREQ(again.view().quota->header.driver, "fake 1.0");
  EXPECT_TRUE(again.StillPublished());
}

TEST(RegionFileTest, FilesAreReadableByTheirOwnerOnlyAndHaveAllTheirSpace) {
  TemporaryRegion region;
  for (const char* suffix : {"quota", "state"}) {
    struct stat status{};
    ASSERT_EQ(stat(region.path(suffix).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_GE(status.st_blocks * 512, status.st_size) << "space must be taken at creation, not at the first write";
  }
}

TEST(RegionFileTest, NothingTemporaryIsLeftBehind) {
  TemporaryRegion region;
  for (const auto& entry : std::filesystem::directory_iterator(region.directory()))
    EXPECT_NE(entry.path().filename().string()[0], '.') << entry;
}

TEST(RegionFileTest, AMissingRegionIsNotFound) {
  TemporaryRegion region;
  RegionFile other;
  EXPECT_EQ(RegionFile::Open(region.directory(), XpuId::Parse("other-0").value_or(XpuId{}), other), Outcome::kNotFound);
  EXPECT_EQ(RegionFile::Open("/nonexistent", XpuId::Parse("other-0").value_or(XpuId{}), other), Outcome::kNotFound);
}

TEST(RegionFileTest, ATruncatedFileIsCorrupt) {
  for (const char* suffix : {"quota", "state"}) {
    TemporaryRegion region;
    ASSERT_EQ(truncate(region.path(suffix).c_str(), 1000), 0);
    RegionFile again;
    EXPECT_EQ(RegionFile::Open(region.directory(), region.facts().xpu, again), Outcome::kCorrupt) << suffix;
  }
}

TEST(RegionFileTest, AnotherMajorVersionIsToldApartFromCorruption) {
  TemporaryRegion region;
  const std::uint16_t major = FLEXAI_REGION_ABI_MAJOR + 1;
  Overwrite(region.path("state"), offsetof(flexai_state_header, abi_major), &major, sizeof major);
  RegionFile again;
  EXPECT_EQ(RegionFile::Open(region.directory(), region.facts().xpu, again), Outcome::kWrongVersion);
}

TEST(RegionFileTest, ANewerMinorVersionJoins) {
  TemporaryRegion region;
  const std::uint16_t minor = FLEXAI_REGION_ABI_MINOR + 3;
  Overwrite(region.path("state"), offsetof(flexai_state_header, abi_minor), &minor, sizeof minor);
  RegionFile again;
  EXPECT_EQ(RegionFile::Open(region.directory(), region.facts().xpu, again), Outcome::kOk);
}

TEST(RegionFileTest, FilesOfTwoRegionsDoNotMakeOne) {
  TemporaryRegion first, second;
  std::filesystem::copy_file(second.path("state"), first.path("state"), std::filesystem::copy_options::overwrite_existing);
  RegionFile again;
  EXPECT_EQ(RegionFile::Open(first.directory(), first.facts().xpu, again), Outcome::kCorrupt);
}

TEST(RegionFileTest, ASymbolicLinkIsNotFollowed) {
  TemporaryRegion region, target;
  std::filesystem::remove(region.path("quota"));
  std::filesystem::create_symlink(target.path("quota"), region.path("quota"));
  RegionFile again;
  EXPECT_EQ(RegionFile::Open(region.directory(), region.facts().xpu, again), Outcome::kForeignOwner);
}

TEST(RegionFileTest, AFileOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to make a file of another user";
  TemporaryRegion region;
  ASSERT_EQ(chown(region.path("state").c_str(), 12345, 12345), 0);
  RegionFile again;
  EXPECT_EQ(RegionFile::Open(region.directory(), region.facts().xpu, again), Outcome::kForeignOwner);
}

TEST(RegionFileTest, ADeletedRegionIsNoLongerPublished) {
  TemporaryRegion region;
  std::filesystem::remove(region.path("state"));
  EXPECT_FALSE(region.file().StillPublished());
}

TEST(RegionFileTest, ACreatorThatDiedHalfWayIsRepaired) {
  TemporaryRegion region;
  std::filesystem::remove(region.path("quota"));  // it had published the state file only
  RegionFile again;
  EXPECT_EQ(RegionFile::OpenOrCreate(region.directory(), region.facts(), again), Outcome::kOk);
}

TEST(RegionFileTest, ManyCreatorsAtOnceMakeOneRegion) {
  TemporaryRegion region;
  RegionFacts facts = region.facts();
  facts.xpu = XpuId::Parse("race-0").value_or(XpuId{});
  for (int i = 0; i < 16; ++i) {
    if (fork() == 0) {
      RegionFile mine;
      _exit(RegionFile::OpenOrCreate(region.directory(), facts, mine) == Outcome::kOk
                ? static_cast<int>(mine.view().quota->header.pair_id & 0x7f)
                : 255);
    }
  }
  int first = -1;
  for (int i = 0; i < 16; ++i) {
    int status = 0;
    ASSERT_GT(wait(&status), 0);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_NE(WEXITSTATUS(status), 255);
    if (first < 0) first = WEXITSTATUS(status);
    EXPECT_EQ(WEXITSTATUS(status), first);
  }
}

TEST(AdmissionLockTest, ALivingHolderIsNamedAndADeadOneIsForgotten) {
  TemporaryRegion region;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    AdmissionLock lock;
    std::int32_t nobody = 0;
    const bool locked = lock.Acquire(region.path("lock").c_str(), nobody) == Outcome::kOk;
    (void)!write(ready[1], &locked, 1);
    for (;;) pause();
  }
  bool locked = false;
  ASSERT_EQ(read(ready[0], &locked, 1), 1);
  ASSERT_TRUE(locked);

  {
    AdmissionLock lock;
    std::int32_t pid = 0;
    EXPECT_EQ(lock.Acquire(region.path("lock").c_str(), pid), Outcome::kBusy);
    EXPECT_EQ(pid, holder);
  }
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  AdmissionLock lock;
  std::int32_t pid = 0;
  EXPECT_EQ(lock.Acquire(region.path("lock").c_str(), pid), Outcome::kOk);
}

TEST(RuntimeDirectoryTest, AnOverrideMustExistAndBeADirectory) {
  TemporaryRegion region;
  RuntimeDirectory found;

  EXPECT_EQ(FindRuntimeDirectory(region.directory(), found), Outcome::kOk);
  EXPECT_EQ(found.path.view(), region.directory());
  EXPECT_FALSE(found.shared);
  EXPECT_EQ(FindRuntimeDirectory("/nonexistent", found), Outcome::kNotFound);
  EXPECT_EQ(FindRuntimeDirectory(region.path("quota"), found), Outcome::kIo);
  EXPECT_EQ(FindRuntimeDirectory(std::string(600, 'x'), found), Outcome::kInvalid);
}

TEST(PathTest, RefusesWhatDoesNotFit) {
  EXPECT_TRUE(Path(std::string(300, 'a'), std::string(300, 'b')).empty());
  EXPECT_EQ(Path("/dev/shm/", "c").directory(), "/dev/shm");
  EXPECT_EQ(Path("/c", "").directory(), "/");
  EXPECT_EQ(Path("c", "").directory(), ".");
}

}  // namespace
}  // namespace flexai::slice
