// A process as a tenant: joining, forks, several threads. Every case runs in children of its own, because a process joins once.
#include "slice/tenant.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "slice/liveness.hpp"
#include "slice/testing/temporary_region.hpp"

namespace flexai::slice {
namespace {

void NoQueues(Tenant&, void*) {}

// Runs `body` in a forked child; true when it returned true. The watchdog is the test's own timeout.
bool InChild(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Outcome Attach(const std::string& path) { return Membership::Process().Attach(path.c_str(), NoQueues, nullptr); }

class TenantTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(region_.Admit("slice", {.request = {500}, .limit = {1000}, .reserves_memory = true, .memory = {1000}}, ref_), Outcome::kOk);
    std::uint32_t keeper = 0;
    ASSERT_EQ(Register(region_.file(), ref_, FLEXAI_ROLE_KEEPER, keeper), Outcome::kOk);
    path_ = region_.WriteSlice("slice", ref_);
  }

  TemporaryRegion region_;
  SlotRef ref_;
  std::string path_;
};

TEST_F(TenantTest, JoinsRunsAndIsCharged) {
  EXPECT_TRUE(InChild([&] {
    if (Attach(path_) != Outcome::kOk || !Membership::Process().Attached()) return false;
    Tenant* tenant = Membership::Process().Find(region_.facts().xpu);
    if (tenant == nullptr || Membership::Process().name() != "slice") return false;
    const Ticket ticket = tenant->Admit(kMillisecond);
    tenant->Complete(ticket, {.start_ns = 1000, .end_ns = 1000 + kMillisecond});
    return tenant->MemoryQuota().value == 1000 && tenant->Reserve({1001}) == Outcome::kExhausted && tenant->Reserve({1000}) == Outcome::kOk;
  }));

  EXPECT_EQ(Load(region_.view().account(ref_.slot).device_ns), static_cast<std::uint64_t>(kMillisecond));
  EXPECT_EQ(Load(region_.view().account(ref_.slot).commands), 1u);
}

TEST_F(TenantTest, OverlappingCommandsOfAProcessAreChargedOnce) {
  EXPECT_TRUE(InChild([&] {
    if (Attach(path_) != Outcome::kOk) return false;
    Tenant& tenant = Membership::Process().tenant(0);
    const Ticket first = tenant.Admit(100), second = tenant.Admit(100);
    tenant.Complete(first, {.start_ns = 0, .end_ns = 100});
    tenant.Complete(second, {.start_ns = 50, .end_ns = 150});
    return true;
  }));

  EXPECT_EQ(Load(region_.view().account(ref_.slot).device_ns), 150u);
}

TEST_F(TenantTest, AnAbandonedCommandCostsNothingAndLeavesNothingInFlight) {
  EXPECT_TRUE(InChild([&] {
    if (Attach(path_) != Outcome::kOk) return false;
    Tenant& tenant = Membership::Process().tenant(0);
    tenant.Abandon(tenant.Admit(kMillisecond));
    return Lease::Unpack(Load(region_.view().state->header.lease)).in_flight == 0;
  }));
  EXPECT_EQ(Load(region_.view().account(ref_.slot).device_ns), 0u);
}

TEST_F(TenantTest, AChildOfForkJoinsAnewWithAnAccountOfItsOwn) {
  EXPECT_TRUE(InChild([&] {
    if (Attach(path_) != Outcome::kOk) return false;
    if (Membership::Process().tenant(0).Reserve({600}) != Outcome::kOk) return false;
    const bool grandchild = InChild([&] {
      if (Membership::Process().Attached()) return false;
      if (Attach(path_) != Outcome::kOk) return false;
      Tenant& tenant = Membership::Process().tenant(0);
      tenant.Release({600});  // the parent's memory, not ours: nothing to give back
      tenant.Complete(tenant.Admit(1000), {.start_ns = 0, .end_ns = 500});
      return tenant.Reserve({500}) == Outcome::kExhausted && tenant.Reserve({400}) == Outcome::kOk;
    });
    return grandchild && Membership::Process().Attached() && Membership::Process().tenant(0).MemoryHeld().value >= 600;
  }));
}

TEST_F(TenantTest, ManyThreadsAtTheFirstCallJoinOnce) {
  EXPECT_TRUE(InChild([&] {
    std::vector<std::thread> threads;
    std::atomic<int> ok{0};
    for (int i = 0; i < 16; ++i) threads.emplace_back([&] { ok += Attach(path_) == Outcome::kOk ? 1 : 0; });
    for (std::thread& thread : threads) thread.join();
    int records = 0;
    for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i)
      if (IsAlive(region_.view().process(i)) && region_.view().process(i).role == FLEXAI_ROLE_TENANT) ++records;
    return ok == 16 && records == 1;
  }));
}

TEST_F(TenantTest, AnEndedSliceIsStaleAndStaysSo) {
  SliceFile slice;
  ASSERT_EQ(ReadSliceFile(path_.c_str(), slice), Outcome::kOk);
  ++slice.shares[0].ref.generation;
  Path other;
  ASSERT_EQ(WriteSliceFile(region_.directory(), false, slice, other), Outcome::kOk);
  EXPECT_TRUE(InChild([&] { return Attach(other.c_str()) == Outcome::kStale && Attach(other.c_str()) == Outcome::kStale; }));
}

TEST_F(TenantTest, ARegionMadeAnewUnderTheOldNameIsStale) {
  SliceFile slice;
  ASSERT_EQ(ReadSliceFile(path_.c_str(), slice), Outcome::kOk);
  slice.shares[0].pair_id ^= 1;
  Path other;
  ASSERT_EQ(WriteSliceFile(region_.directory(), false, slice, other), Outcome::kOk);
  EXPECT_TRUE(InChild([&] { return Attach(other.c_str()) == Outcome::kStale; }));
}

// Several threads of several processes submit at once; nothing hangs, everything is charged.
TEST_F(TenantTest, ACrowdOfThreadsAndProcessesGetsThrough) {
  constexpr int kProcesses = 4, kThreads = 3, kCommands = 200;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = fork();
    if (child == 0) {
      if (Attach(path_) != Outcome::kOk) _exit(1);
      Tenant& tenant = Membership::Process().tenant(0);
      std::vector<std::thread> threads;
      std::atomic<Nanos> clock{0};
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
          for (int i = 0; i < kCommands; ++i) {
            const Ticket ticket = tenant.Admit(20 * kMicrosecond);
            const Nanos start = clock.fetch_add(1000);
            tenant.Complete(ticket, {.start_ns = start, .end_ns = start + 1000});
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      _exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }

  EXPECT_EQ(Load(region_.view().account(ref_.slot).commands), static_cast<std::uint64_t>(kProcesses * kThreads * kCommands));
  EXPECT_EQ(Load(region_.view().account(ref_.slot).device_ns), static_cast<std::uint64_t>(kProcesses * kThreads * kCommands) * 1000);
  Sweep(region_.view(), MonotonicNow());
  EXPECT_EQ(Lease::Unpack(Load(region_.view().state->header.lease)).holder, 0u);
}

TEST_F(TenantTest, AnUnflushedSubmissionIsFlushedWhenSomebodyElseWaits) {
  auto* flushed = static_cast<std::atomic<int>*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t sleeper = fork();
  if (sleeper == 0) {
    static std::atomic<int>* counter = flushed;
    // The flush makes the work run: here it completes at once.
    static Ticket pending;
    const auto flush = [](Tenant& tenant, void*) {
      tenant.MarkFlushed();
      counter->fetch_add(1);
      tenant.Complete(pending, {.start_ns = 0, .end_ns = 1000});
    };
    if (Membership::Process().Attach(path_.c_str(), flush, nullptr) != Outcome::kOk) _exit(1);
    Tenant& tenant = Membership::Process().tenant(0);
    pending = tenant.Admit(kMillisecond);
    tenant.MarkUnflushed();
    (void)!write(ready[1], "x", 1);
    for (;;) pause();  // asleep in its own code
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_TRUE(InChild([&] {
    if (Attach(path_) != Outcome::kOk) return false;
    (void)Membership::Process().tenant(0).Admit(
        kMillisecond);  // gets on only if the sleeper's helper thread flushed, or after the stall valve
    return flushed->load() == 1;
  }));
  kill(sleeper, SIGKILL);
  waitpid(sleeper, nullptr, 0);
  EXPECT_EQ(Load(region_.view().account(ref_.slot).valve_opened), 0u);
  munmap(flushed, 4096);
}

}  // namespace
}  // namespace flexai::slice
