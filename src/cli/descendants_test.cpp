#include "cli/descendants.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/fds.hpp"

namespace flexai::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

TEST(ParseStatTest, ReadsNamesThatHoldAnything) {
  const auto stat =
      ParseStat("4711 (a ) (b) R 12 13 14 0 -1 4194304 1 2 3 4 150 50 7 8 20 0 1 0 987654 1000 200 18446744073709551615 1 1\n");

  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, 4711);
  EXPECT_EQ(stat->name, "a ) (b");
  EXPECT_EQ(stat->state, 'R');
  EXPECT_EQ(stat->parent, 12);
  EXPECT_EQ(stat->start_ticks, 987654u);
  EXPECT_EQ(stat->cpu_time, 200 * (kSecond / sysconf(_SC_CLK_TCK)));
}

TEST(ParseStatTest, RefusesWhatIsCutOff) {
  for (const char* text : {"", "4711", "4711 (x", "4711 (x) R", "4711 (x) R 12 13", "x (x) R 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", ") ("})
    EXPECT_FALSE(ParseStat(text)) << text;
}

TEST(ParseMapsTest, NamesEachFileOnce) {
  EXPECT_THAT(ParseMaps("55d0-55d1 r--p 00000000 08:01 12 /usr/bin/x\n"
                        "55d1-55d2 r-xp 00001000 08:01 12 /usr/bin/x\n"
                        "7f00-7f01 rw-p 00000000 00:00 0 \n"
                        "7f01-7f02 rw-s 00000000 00:1a 7 /dev/shm/flexai-0/xpu-pocl-0.state (deleted)\n"
                        "7ffd-7ffe rw-p 00000000 00:00 0 [stack]"),
              ElementsAre("/dev/shm/flexai-0/xpu-pocl-0.state (deleted)", "/usr/bin/x"));
}

TEST(DriverNamesTest, RecognisesDriversInEveryVersionAndPlace) {
  const DriverNames names({"/usr/lib/x86_64-linux-gnu/libpocl.so.2.10.0", "/opt/intel/libintelocl.so"});

  for (const char* path : {"/usr/lib/x86_64-linux-gnu/libpocl.so.2.10.0", "/opt/conda/lib/libpocl.so.2.11",
                           "/opt/intel/libintelocl.so (deleted)", "/usr/lib/libcuda.so.1", "/usr/lib/libcuda.so.570.1"})
    EXPECT_TRUE(names.IsDriver(path)) << path;
  for (const char* path :
       {"/usr/lib/libOpenCL.so.1", "/usr/lib/libpoclx.so", "/usr/lib/libcudart.so.12", "/usr/bin/pocl", "", "/usr/lib/libnvidia-ml.so.1"})
    EXPECT_FALSE(names.IsDriver(path)) << path;
  EXPECT_TRUE(DriverNames::IsOurs("/usr/lib/flexai/libflexai_opencl.so"));
  EXPECT_FALSE(DriverNames::IsOurs("/opt/libflexai_opencl/x.so"));
}

// A child that lives until its pipe is closed.
class WaitingChild {
 public:
  WaitingChild() {
    Pipe pipe = MakePipe().value();
    pid_ = fork();
    if (pid_ == 0) {
      pipe.write_end.Reset();
      char c = 0;
      (void)!read(pipe.read_end.get(), &c, 1);
      _exit(0);
    }
    hold_ = std::move(pipe.write_end);
  }
  WaitingChild(const WaitingChild&) = delete;
  WaitingChild& operator=(const WaitingChild&) = delete;
  ~WaitingChild() {
    hold_.Reset();
    waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  UniqueFd hold_;
  pid_t pid_ = -1;
};

TEST(DescendantsOfTest, FindsChildrenAndNoZombies) {
  const WaitingChild child;
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(dead), &info, WEXITED | WNOWAIT);  // a zombie from here on

  std::vector<int> pids;
  for (const ProcessStat& process : DescendantsOf(getpid())) pids.push_back(process.pid);

  EXPECT_THAT(pids, ElementsAre(child.pid()));
  waitpid(dead, nullptr, 0);
  EXPECT_TRUE(DescendantsOf(child.pid()).empty());
}

TEST(LookAtTest, ReadsWhatAProcessHasMapped) {
  std::string folder = (fs::temp_directory_path() / "flexai-look-test-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const auto map = [&](const std::string& name) {
    std::ofstream(folder + "/" + name) << std::string(4096, 'x');
    const UniqueFd fd(open((folder + "/" + name).c_str(), O_RDONLY | O_CLOEXEC));
    return mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  };
  const DriverNames names({"/usr/lib/libfakedriver.so.1"});

  EXPECT_EQ(LookAt(getpid(), names).verdict, Look::Verdict::kNoDriver);
  void* driver = map("libfakedriver.so.2");
  EXPECT_EQ(LookAt(getpid(), names).verdict, Look::Verdict::kUnenforced);
  EXPECT_FALSE(LookAt(getpid(), names).has_loader);
  void* loader = map("libOpenCL.so.1");
  EXPECT_TRUE(LookAt(getpid(), names).has_loader);
  void* ours = map("libflexai_opencl.so");
  EXPECT_EQ(LookAt(getpid(), names).verdict, Look::Verdict::kEnforced);

  EXPECT_EQ(FindProcessMapping(fs::canonical(folder).string() + "/libfakedriver.so.2"), getpid());
  fs::remove(folder + "/libfakedriver.so.2");
  EXPECT_EQ(FindProcessMapping(fs::canonical(folder).string() + "/libfakedriver.so.2 (deleted)"), getpid());
  EXPECT_EQ(FindProcessMapping(folder + "/nothing"), std::nullopt);
  for (void* mapped : {driver, loader, ours}) munmap(mapped, 4096);
  fs::remove_all(folder);
}

TEST(LookAtTest, AProcessOfSomebodyElseIsHidden) {
  const WaitingChild child;
  const pid_t looker = fork();
  if (looker == 0) {
    // Not the owner of the other, nor allowed to trace it.
    if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
    const pid_t looked_at = geteuid() == 65534 ? child.pid() : 1;
    _exit(LookAt(looked_at, DriverNames({})).verdict == Look::Verdict::kHidden ? 0 : 1);
  }
  int status = -1;
  waitpid(looker, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(LookAtTest, AProcessThatEndedIsGone) {
  pid_t ended = -1;
  {
    const WaitingChild child;
    ended = child.pid();
  }
  EXPECT_EQ(LookAt(ended, DriverNames({})).verdict, Look::Verdict::kGone);
  EXPECT_EQ(RunQueueDelay(ended), 0);
  EXPECT_FALSE(IsDiscoveryChild(ended, "/usr/bin/flexai"));
}

}  // namespace
}  // namespace flexai::cli
