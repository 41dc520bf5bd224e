#include "slice/admission.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <string>
#include <vector>

#include "slice/ledger.hpp"
#include "slice/liveness.hpp"
#include "slice/testing/temporary_region.hpp"

namespace flexai::slice {
namespace {

ShareSpec Share(std::uint32_t request, std::uint32_t limit, std::uint64_t memory = 0) {
  return {.request = {request}, .limit = {limit}, .reserves_memory = memory != 0, .memory = {memory}};
}

class AdmissionTest : public testing::Test {
 protected:
  // Admits and keeps alive: this process registers in it. A test may do that as often as it likes.
  Outcome AdmitAndKeep(std::string_view name, const ShareSpec& share) {
    if (const Outcome outcome = region_.Admit(name, share, ref_); outcome != Outcome::kOk) return outcome;
    std::uint32_t process = 0;
    return Register(region_.file(), ref_, FLEXAI_ROLE_KEEPER, process);
  }

  // As if the share had begun long ago.
  void Age(SlotRef ref) { region_.view().share(ref.slot).created_ns -= kSecond; }

  TemporaryRegion region_;
  SlotRef ref_;
};

TEST_F(AdmissionTest, GuaranteesAddUpToTheWholeXpuAndNoFurther) {
  EXPECT_EQ(AdmitAndKeep("a", Share(600, 600)), Outcome::kOk);
  EXPECT_EQ(AdmitAndKeep("b", Share(400, 1000)), Outcome::kOk);
  EXPECT_EQ(AdmitAndKeep("c", Share(10, 1000)), Outcome::kExhausted);
  EXPECT_STREQ(region_.why.holder, "a") << "the largest holder is named";
  EXPECT_EQ(region_.why.free_permille, 0u);
  EXPECT_EQ(AdmitAndKeep("d", Share(0, 1000)), Outcome::kOk) << "who wants no guarantee always fits";
}

TEST_F(AdmissionTest, ReservedMemoryAddsUpToTheDevice) {
  EXPECT_EQ(AdmitAndKeep("a", Share(10, 1000, TemporaryRegion::kMemory - 100)), Outcome::kOk);
  EXPECT_EQ(AdmitAndKeep("b", Share(10, 1000, 101)), Outcome::kExhausted);
  EXPECT_EQ(region_.why.free_memory.value, 100u);
  EXPECT_STREQ(region_.why.holder, "a");
  EXPECT_EQ(AdmitAndKeep("b", Share(10, 1000, 100)), Outcome::kOk);
}

TEST_F(AdmissionTest, MemoryHeldWithoutReservationCannotBeReserved) {
  ASSERT_EQ(region_.Admit("free", Share(10, 1000), ref_), Outcome::kOk);
  std::uint32_t process = 0;
  ASSERT_EQ(Register(region_.file(), ref_, FLEXAI_ROLE_TENANT, process), Outcome::kOk);
  MemoryAccount account;
  account.Bind(region_.view(), process);
  ASSERT_EQ(account.Reserve({TemporaryRegion::kMemory / 2}), Outcome::kOk);

  EXPECT_EQ(AdmitAndKeep("b", Share(10, 1000, TemporaryRegion::kMemory / 2 + 1)), Outcome::kExhausted);
  EXPECT_STREQ(region_.why.holder, "free");
  EXPECT_EQ(AdmitAndKeep("b", Share(10, 1000, TemporaryRegion::kMemory / 2)), Outcome::kOk);
  EXPECT_EQ(account.Reserve({1}), Outcome::kExhausted) << "and what was reserved meanwhile cannot be held";
}

TEST_F(AdmissionTest, ALivingNameIsTaken) {
  ASSERT_EQ(AdmitAndKeep("train", Share(100, 100)), Outcome::kOk);
  EXPECT_EQ(AdmitAndKeep("train", Share(100, 100)), Outcome::kExists);
  EXPECT_EQ(AdmitAndKeep("trai", Share(100, 100)), Outcome::kOk);
  EXPECT_EQ(AdmitAndKeep("train2", Share(100, 100)), Outcome::kOk);
}

TEST_F(AdmissionTest, ImpossibleSharesAreInvalid) {
  EXPECT_EQ(AdmitAndKeep("a", Share(500, 400)), Outcome::kInvalid);
  EXPECT_EQ(AdmitAndKeep("a", Share(10, 1001)), Outcome::kInvalid);
  EXPECT_EQ(AdmitAndKeep("a", Share(0, 0)), Outcome::kInvalid);
  EXPECT_EQ(AdmitAndKeep("a b", Share(10, 10)), Outcome::kInvalid);
}

TEST_F(AdmissionTest, The129thSliceIsRefused) {
  for (int i = 0; i < 128; ++i) ASSERT_EQ(AdmitAndKeep("s" + std::to_string(i), Share(0, 1000)), Outcome::kOk) << i;
  EXPECT_EQ(AdmitAndKeep("one-more", Share(0, 1000)), Outcome::kExhausted);
}

TEST_F(AdmissionTest, The1025thProcessIsRefused) {
  ASSERT_EQ(AdmitAndKeep("crowd", Share(100, 1000)), Outcome::kOk);
  // Records of living processes, as far as anybody can tell: the word of each is owned by a thread of this test.
  const std::uint32_t keeper = Load(region_.view().process(0).alive);
  for (std::uint32_t i = 1; i < FLEXAI_REGION_PROCESSES; ++i) {
    flexai_process& process = region_.view().process(i);
    process.slot = static_cast<std::uint16_t>(ref_.slot);
    process.alive = keeper;
    process.life = WithState(1 << 8, FLEXAI_PROCESS_LIVE);
  }
  std::uint32_t process = 0;
  EXPECT_EQ(Register(region_.file(), ref_, FLEXAI_ROLE_TENANT, process), Outcome::kExhausted);
}

TEST_F(AdmissionTest, AShareEndsWithItsLastProcess) {
  const pid_t child = fork();
  if (child == 0) {
    SlotRef ref;
    std::uint32_t process = 0;
    const bool ok = region_.Admit("short", Share(1000, 1000), ref) == Outcome::kOk &&
                    Register(region_.file(), ref, FLEXAI_ROLE_KEEPER, process) == Outcome::kOk;
    _exit(ok ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);

  EXPECT_EQ(AdmitAndKeep("next", Share(1000, 1000)), Outcome::kOk);
}

TEST_F(AdmissionTest, AKeeperThatEndsInAnOrderlyWayIsSeenToEnd) {
  const pid_t child = fork();
  if (child == 0) {
    {
      RegionFile mine;  // destroyed before the process ends
      SlotRef ref;
      Refusal why;
      std::uint32_t process = 0;
      const AdmitRequest request{.name = "orderly", .command = "test", .share = Share(1000, 1000)};
      if (RegionFile::Open(region_.directory(), region_.facts().xpu, mine) != Outcome::kOk ||
          Admit(mine, request, ref, why) != Outcome::kOk || Register(mine, ref, FLEXAI_ROLE_KEEPER, process) != Outcome::kOk)
        _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(FindShare(region_.view(), "orderly", ref_));

  EXPECT_FALSE(IsAlive(region_.view().process(0))) << "the kernel must have found the word of its lifeline";
}

TEST_F(AdmissionTest, AProcessThatLeftNoWordOfItsDeathIsFoundByItsPid) {
  ASSERT_EQ(AdmitAndKeep("slice", Share(100, 1000)), Outcome::kOk);
  const pid_t child = fork();
  if (child == 0) _exit(0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  flexai_process& process = region_.view().process(7);
  process = region_.view().process(0);
  process.pid = static_cast<std::uint32_t>(child);

  Sweep(region_.view(), MonotonicNow());

  EXPECT_EQ(StateOf(region_.view().process(7)), static_cast<std::uint32_t>(FLEXAI_PROCESS_FREE));
  EXPECT_TRUE(IsAlive(region_.view().process(0)));
}

TEST_F(AdmissionTest, AShareWithoutAnyProcessIsSwept) {
  ASSERT_EQ(region_.Admit("nobody", Share(1000, 1000), ref_), Outcome::kOk);
  EXPECT_EQ(AdmitAndKeep("next", Share(1000, 1000)), Outcome::kExhausted) << "its keeper may be about to register";
  Age(ref_);
  EXPECT_EQ(AdmitAndKeep("next", Share(1000, 1000)), Outcome::kOk);
}

TEST_F(AdmissionTest, AnEndedShareCannotBeJoined) {
  ASSERT_EQ(region_.Admit("gone", Share(100, 100), ref_), Outcome::kOk);
  const SlotRef old = ref_;
  Age(old);
  ASSERT_EQ(SweepShares(region_.file()), Outcome::kOk);
  std::uint32_t process = 0;
  EXPECT_EQ(Register(region_.file(), old, FLEXAI_ROLE_TENANT, process), Outcome::kStale);
  ASSERT_EQ(AdmitAndKeep("heir", Share(100, 100)), Outcome::kOk);
  EXPECT_EQ(Register(region_.file(), old, FLEXAI_ROLE_TENANT, process), Outcome::kStale) << "the slot is somebody else's now";
}

TEST_F(AdmissionTest, EndRefusesWhileSomebodyLivesInIt) {
  ASSERT_EQ(AdmitAndKeep("busy", Share(100, 100)), Outcome::kOk);
  EXPECT_EQ(End(region_.file(), ref_), Outcome::kExists);
  EXPECT_EQ(End(region_.file(), {ref_.slot, ref_.generation + 1}), Outcome::kStale);
}

TEST_F(AdmissionTest, ChangeKeepsTheSums) {
  ASSERT_EQ(AdmitAndKeep("a", Share(600, 600, 1000)), Outcome::kOk);
  const SlotRef a = ref_;
  ASSERT_EQ(AdmitAndKeep("b", Share(300, 300)), Outcome::kOk);

  EXPECT_EQ(Change(region_.file(), a, {.set_compute = true, .request = {800}, .limit = {800}}, region_.why), Outcome::kExhausted);
  EXPECT_STREQ(region_.why.holder, "b");
  EXPECT_EQ(region_.why.free_permille, 700u);
  EXPECT_EQ(Change(region_.file(), a, {.set_compute = true, .request = {700}, .limit = {1000}}, region_.why), Outcome::kOk);
  EXPECT_EQ(region_.view().compute(a.slot).request_permille, 700u);
  EXPECT_EQ(Change(region_.file(), a, {.set_priority = true, .priority = Priority::kHigh}, region_.why), Outcome::kOk);
  EXPECT_EQ(region_.view().compute(a.slot).priority, Priority::kHigh);
  EXPECT_EQ(region_.view().compute(a.slot).request_permille, 700u) << "what is not set stays";
  EXPECT_EQ(Change(region_.file(), ref_, {.set_memory = true, .memory = {1}}, region_.why), Outcome::kInvalid) << "b reserves nothing";
}

TEST_F(AdmissionTest, AShareThatEndedMeanwhileIsNotChangedNorIsItsHeir) {
  ASSERT_EQ(region_.Admit("gone", Share(100, 100), ref_), Outcome::kOk);
  const SlotRef old = ref_;
  ASSERT_EQ(End(region_.file(), old), Outcome::kOk);
  const ShareChange change{.set_compute = true, .request = {200}, .limit = {200}};
  EXPECT_EQ(Change(region_.file(), old, change, region_.why), Outcome::kStale);
  for (int i = 0; i < FLEXAI_REGION_SLICES; ++i) ASSERT_EQ(region_.Admit("s" + std::to_string(i), Share(0, 1000), ref_), Outcome::kOk);
  EXPECT_EQ(Change(region_.file(), old, change, region_.why), Outcome::kStale);
}

TEST_F(AdmissionTest, MemoryCannotShrinkBelowWhatIsHeld) {
  ASSERT_EQ(region_.Admit("a", Share(10, 1000, 1000), ref_), Outcome::kOk);
  std::uint32_t process = 0;
  ASSERT_EQ(Register(region_.file(), ref_, FLEXAI_ROLE_TENANT, process), Outcome::kOk);
  MemoryAccount account;
  account.Bind(region_.view(), process);
  ASSERT_EQ(account.Reserve({600}), Outcome::kOk);

  EXPECT_EQ(Change(region_.file(), ref_, {.set_memory = true, .memory = {599}}, region_.why), Outcome::kExhausted);
  EXPECT_EQ(Change(region_.file(), ref_, {.set_memory = true, .memory = {600}}, region_.why), Outcome::kOk);
  EXPECT_EQ(account.Reserve({1}), Outcome::kExhausted);
}

TEST_F(AdmissionTest, TheDeadGiveBackTheirLeaseAndTheirMemory) {
  ASSERT_EQ(AdmitAndKeep("slice", Share(100, 1000, 1000)), Outcome::kOk);
  const pid_t child = fork();
  if (child == 0) {
    std::uint32_t process = 0;
    if (Register(region_.file(), ref_, FLEXAI_ROLE_TENANT, process) != Outcome::kOk) _exit(1);
    MemoryAccount account;
    account.Bind(region_.view(), process);
    if (account.Reserve({700}) != Outcome::kOk) _exit(2);
    Lease lease{.sequence = 5, .holder = process + 1, .in_flight = 3};
    Atomic(region_.view().state->header.lease).store(lease.Pack());
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));

  Sweep(region_.view(), MonotonicNow());

  EXPECT_EQ(Lease::Unpack(Load(region_.view().state->header.lease)).holder, 0u);
  EXPECT_EQ(HeldBySlice(region_.view(), ref_.slot), 0u);
  EXPECT_EQ(Load(region_.view().account(ref_.slot).memory.used_bytes), 0u);
}

// Property: whatever is asked and whoever dies, the sums hold after every step.
TEST_F(AdmissionTest, SumsHoldAfterEveryStep) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    TemporaryRegion region;
    std::mt19937_64 random(seed);
    std::vector<SlotRef> known;
    for (int step = 0; step < 40; ++step) {
      const auto memory = random() % 3 == 0 ? 0 : random() % TemporaryRegion::kMemory;
      const auto request = static_cast<std::uint32_t>(random() % 500);
      switch (random() % 3) {
        case 0: {
          SlotRef ref;
          if (region.Admit("s" + std::to_string(step), Share(request, 1000, memory), ref) != Outcome::kOk) break;
          known.push_back(ref);
          std::uint32_t process = 0;
          if (random() % 2 == 0) {
            ASSERT_EQ(Register(region.file(), ref, FLEXAI_ROLE_KEEPER, process), Outcome::kOk);
          }
          break;
        }
        case 1:
          if (known.empty()) break;
          (void)Change(region.file(), known[random() % known.size()],
                       {.set_compute = random() % 2 == 0,
                        .set_memory = random() % 2 == 0,
                        .request = {request},
                        .limit = {1000},
                        .memory = {memory}},
                       region.why);
          break;
        default: ASSERT_EQ(SweepShares(region.file()), Outcome::kOk);
      }
      std::uint64_t permille = 0, bytes = 0;
      for (std::uint32_t i = 0; i < FLEXAI_REGION_SLICES; ++i) {
        if (region.view().share(i).state != FLEXAI_SLOT_ACTIVE) continue;
        permille += region.view().compute(i).request_permille;
        bytes += region.view().share(i).memory_bytes;
      }
      ASSERT_LE(permille, 1000u);
      ASSERT_LE(bytes, TemporaryRegion::kMemory);
      ASSERT_EQ(region.view().quota->header.reserved_memory_bytes, bytes);
    }
  }
}

}  // namespace
}  // namespace flexai::slice
