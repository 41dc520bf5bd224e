// Many processes of a slice start at the same moment: all of them get in, and what each of them does then is in the account.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "core/clock.hpp"
#include "slice/tenant.hpp"
#include "tests/integration/support/slice_world.hpp"

namespace flexai::testing {
namespace {

constexpr std::uint32_t kProcesses = 200;
constexpr std::uint64_t kPiece = 1000;

void NoQueues(slice::Tenant&, void*) {}

// What an interposer does at a program's first calls: join, take memory, run a command. The exit status says where it failed.
int Live(const char* slice_file) {
  slice::Membership& membership = slice::Membership::Process();
  if (membership.Attach(slice_file, NoQueues, nullptr) != Outcome::kOk) return 1;
  slice::Tenant& tenant = membership.tenant(0);
  if (tenant.Reserve({kPiece}) != Outcome::kOk) return 2;
  const slice::Ticket ticket = tenant.Admit(100 * kMicrosecond);
  tenant.Complete(ticket, {.start_ns = 0, .end_ns = 1000});
  return 0;
}

TEST(PainA14, TwoHundredProcessesThatStartTogetherAllGetInAndAreCounted) {
  SliceWorld world;
  const std::string file = world.MakeSlice("crowd", {{.xpu = "pocl-0", .memory = kProcesses * kPiece, .request = 500}});
  int gate[2], stay[2];
  ASSERT_EQ(pipe(gate), 0);
  ASSERT_EQ(pipe(stay), 0);
  std::vector<pid_t> children;
  for (std::uint32_t i = 0; i < kProcesses; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that fails half-way leaves nobody behind
      close(gate[1]);
      close(stay[0]);
      char byte;
      (void)!read(gate[0], &byte, 1);  // end of file: for all at the same moment
      const int failed = Live(file.c_str());
      byte = static_cast<char>(failed);
      (void)!write(stay[1], &byte, 1);
      pause();
      _exit(failed);
    }
    children.push_back(child);
  }
  close(gate[0]);
  close(stay[1]);
  const Nanos begin = MonotonicNow();
  close(gate[1]);

  std::uint32_t failures = 0;
  for (std::uint32_t i = 0; i < kProcesses; ++i) {
    char failed = 0;
    ASSERT_EQ(read(stay[0], &failed, 1), 1);
    if (failed != 0) ++failures;
  }
  std::printf("%u processes joined, allocated and ran a command in %.0f ms\n", kProcesses,
              static_cast<double>(MonotonicNow() - begin) / static_cast<double>(kMillisecond));
  EXPECT_EQ(failures, 0u);
  EXPECT_EQ(slice::Load(world.account("crowd", "pocl-0").commands), kProcesses);
  EXPECT_EQ(world.Held("crowd", "pocl-0"), kProcesses * kPiece);

  for (const pid_t child : children) kill(child, SIGKILL);
  for (const pid_t child : children) waitpid(child, nullptr, 0);
  EXPECT_EQ(world.Held("crowd", "pocl-0"), 0u) << "all of them at once gave it back";
}

}  // namespace
}  // namespace flexai::testing
