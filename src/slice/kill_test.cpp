// Real processes killed between any two accesses to the region, with the library built so that each access is a step (FLEXAI_STEP_HOOK).
// Whatever the victim was doing, the others must go on, the ledger must be exact and the table must admit again.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "slice/liveness.hpp"
#include "slice/tenant.hpp"
#include "slice/testing/temporary_region.hpp"
#include "slice/usage.hpp"
#include "tests/support/repetitions.hpp"

namespace {
std::atomic<long> steps_left{-1};  // negative: nobody is killed
}

namespace flexai::slice {

void StepHook() noexcept {
  if (steps_left.load(std::memory_order_relaxed) < 0) return;
  if (steps_left.fetch_sub(1, std::memory_order_relaxed) == 0) kill(getpid(), SIGKILL);
}

namespace {

void NoQueues(Tenant&, void*) {}

constexpr std::uint64_t kQuota = 1 << 20;

// One victim's life: joins, allocates, runs commands, frees. Returns to the caller only if the steps did not run out.
void Live(const std::string& path, int rounds) {
  if (Membership::Process().Attach(path.c_str(), NoQueues, nullptr) != Outcome::kOk) _exit(3);
  Tenant& tenant = Membership::Process().tenant(0);
  Nanos clock = 0;
  for (int i = 0; i < rounds; ++i) {
    if (tenant.Reserve({1000}) != Outcome::kOk) _exit(4);
    const Ticket first = tenant.Admit(100 * kMicrosecond), second = tenant.Admit(100 * kMicrosecond);
    tenant.Complete(first, {.start_ns = clock, .end_ns = clock + 1000});
    tenant.Complete(second, {.start_ns = clock + 1000, .end_ns = clock + 2000});
    clock += 2000;
    if (i % 2 == 0) tenant.Release({1000});
  }
}

class KillTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const ShareSpec share{.request = {400}, .limit = {1000}, .reserves_memory = true, .memory = {kQuota}};
    std::uint32_t keeper = 0;
    ASSERT_EQ(region_.Admit("victim", share, victim_), Outcome::kOk);
    ASSERT_EQ(Register(region_.file(), victim_, FLEXAI_ROLE_KEEPER, keeper), Outcome::kOk);
    ASSERT_EQ(region_.Admit("other", share, other_), Outcome::kOk);
    ASSERT_EQ(Register(region_.file(), other_, FLEXAI_ROLE_KEEPER, keeper), Outcome::kOk);
    victim_path_ = region_.WriteSlice("victim", victim_);
    other_path_ = region_.WriteSlice("other", other_);
  }

  // After the victim is reaped: nobody of its slice but the keeper, no memory, and the lease not in dead hands.
  void ExpectClean() {
    Sweep(region_.view(), MonotonicNow());
    const RegionView& region = region_.view();
    EXPECT_EQ(HeldBySlice(region, victim_.slot), 0u);
    EXPECT_EQ(Load(region.account(victim_.slot).memory.used_bytes), 0u);
    const Lease lease = Lease::Unpack(Load(region.state->header.lease));
    if (lease.holder != 0) {
      EXPECT_TRUE(IsAlive(region.process(lease.holder - 1)));
    }
    EXPECT_EQ(SweepShares(region_.file()), Outcome::kOk);
    ExpectUsageIsPossible();
    for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i)
      EXPECT_NE(StateOf(region.process(i)), static_cast<std::uint32_t>(FLEXAI_PROCESS_ATTACHING)) << "record " << i << " is lost";
  }

  // Who dies between moving the guarantee's clock and counting what lapsed loses that stretch; nobody takes anything back or invents it.
  void ExpectUsageIsPossible() {
    const RegionView& region = region_.view();
    const ShareUsage usage = UsageOf(region, victim_.slot, ShareLife::kRunning, MonotonicNow(), Tuning{});
    ASSERT_TRUE(usage.asked_ns && usage.idle_ns);
    EXPECT_LE(*usage.idle_ns, *usage.asked_ns);
    const std::uint64_t counted = Load(region.account(victim_.slot).idle_ns);
    EXPECT_GE(counted, idle_before_);
    idle_before_ = counted;
  }

  std::uint64_t idle_before_ = 0;
  TemporaryRegion region_;
  SlotRef victim_, other_;
  std::string victim_path_, other_path_;
};

// Every step of a quiet life, one after the other.
TEST_F(KillTest, AtEveryStepOfAnUncontendedLife) {
  const long stride = flexai::testing::Repetitions(100) >= 100 ? 1 : 7;
  long step = static_cast<long>(flexai::testing::Seed() % 7);
  bool died = true;
  for (; died; step += stride) {
    SCOPED_TRACE(::testing::Message() << "step " << step);
    const pid_t victim = fork();
    if (victim == 0) {
      steps_left = step;
      Live(victim_path_, 2);
      steps_left = -1;
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(victim, &status, 0), victim);
    died = WIFSIGNALED(status);
    if (!died) {
      ASSERT_EQ(WEXITSTATUS(status), 0);
    }
    ExpectClean();
    // And somebody else gets through at once.
    const pid_t other = fork();
    if (other == 0) {
      Live(other_path_, 1);
      _exit(0);
    }
    ASSERT_EQ(waitpid(other, &status, 0), other);
    ASSERT_EQ(status, 0);
    if (HasFailure()) return;
  }
  EXPECT_GT(step, 300) << "a life has more steps than that";
}

// Victims die at random steps while two others compete with them for the lease and for their own slice's memory.
TEST_F(KillTest, AtRandomStepsWhileOthersCompete) {
  const std::uint64_t seed = flexai::testing::Seed();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  int stop[2];
  ASSERT_EQ(pipe(stop), 0);
  std::vector<pid_t> others;
  for (int i = 0; i < 2; ++i) {
    const pid_t other = fork();
    if (other == 0) {
      close(stop[1]);
      std::atomic<bool> end{false};
      std::thread watcher([&] {
        char byte;
        (void)!read(stop[0], &byte, 1);  // end of file when the test closes its side
        end = true;
      });
      if (Membership::Process().Attach((i == 0 ? other_path_ : victim_path_).c_str(), NoQueues, nullptr) != Outcome::kOk) _exit(3);
      Tenant& tenant = Membership::Process().tenant(0);
      Nanos clock = 0;
      std::uint64_t rounds = 0;
      while (!end) {
        if (tenant.Reserve({500}) != Outcome::kOk) _exit(4);
        const Ticket ticket = tenant.Admit(50 * kMicrosecond);
        tenant.Complete(ticket, {.start_ns = clock, .end_ns = clock + 500});
        clock += 500;
        tenant.Release({500});
        ++rounds;
      }
      watcher.join();
      _exit(rounds > 0 ? 0 : 5);
    }
    others.push_back(other);
  }
  close(stop[0]);

  const auto kills = flexai::testing::Repetitions(5000);
  for (std::uint64_t i = 0; i < kills; ++i) {
    const pid_t victim = fork();
    if (victim == 0) {
      steps_left = static_cast<long>(random() % 3000);
      Live(victim_path_, 100);
      steps_left = -1;
      _exit(0);
    }
    random.discard(1);
    int status = 0;
    ASSERT_EQ(waitpid(victim, &status, 0), victim);
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << "exit " << WEXITSTATUS(status);
  }
  const std::uint64_t before = Load(region_.view().account(other_.slot).commands);
  while (Load(region_.view().account(other_.slot).commands) == before) usleep(1000);  // the test's timeout is the watchdog
  close(stop[1]);
  for (const pid_t other : others) {
    int status = 0;
    ASSERT_EQ(waitpid(other, &status, 0), other);
    EXPECT_EQ(status, 0);
  }
  ExpectClean();
  EXPECT_EQ(Load(region_.view().account(other_.slot).memory.used_bytes), 0u);
}

}  // namespace
}  // namespace flexai::slice
