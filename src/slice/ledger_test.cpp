#include "slice/ledger.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "slice/liveness.hpp"

namespace flexai::slice {
namespace {

// A region in plain memory with two slices that reserve memory (0, 1) and one that does not (2), and processes in them.
class LedgerTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kQuota = 1 << 20;

  LedgerTest() {
    quota_->header.device_memory_bytes = 4 * kQuota;
    quota_->header.reserved_memory_bytes = 2 * kQuota;
    for (std::uint32_t slot = 0; slot < 3; ++slot) {
      quota_->shares[slot].state = FLEXAI_SLOT_ACTIVE;
      quota_->shares[slot].flags = slot < 2 ? FLEXAI_SHARE_RESERVES_MEMORY : 0;
      quota_->shares[slot].memory_bytes = slot < 2 ? kQuota : 0;
    }
  }

  void AddProcess(std::uint32_t process, std::uint16_t slot) {
    state_->processes[process].slot = slot;
    state_->processes[process].life = WithState(1 << 8, FLEXAI_PROCESS_LIVE);
    state_->processes[process].alive = process + 1;
  }
  void Die(std::uint32_t process) { state_->processes[process].life = WithState(1 << 8, FLEXAI_PROCESS_GONE); }

  std::unique_ptr<flexai_quota_file> quota_ = std::make_unique<flexai_quota_file>();
  std::unique_ptr<flexai_state_file> state_ = std::make_unique<flexai_state_file>();
  RegionView region_{quota_.get(), state_.get()};
};

TEST_F(LedgerTest, RefusesTheByteAfterTheQuota) {
  AddProcess(0, 0);
  MemoryAccount account;
  account.Bind(region_, 0);

  EXPECT_EQ(account.Reserve({kQuota}), Outcome::kOk);
  EXPECT_EQ(account.Reserve({1}), Outcome::kExhausted);
  account.Release({1});
  EXPECT_EQ(account.Reserve({1}), Outcome::kOk);
  EXPECT_EQ(Load(state_->slices[0].memory_refusals), 1u);
  EXPECT_EQ(Load(state_->slices[0].memory_peak_bytes), kQuota);
}

TEST_F(LedgerTest, ProcessesOfASliceShareItsQuotaAndSlicesDoNot) {
  AddProcess(0, 0);
  AddProcess(1, 0);
  AddProcess(2, 1);
  MemoryAccount first, second, other;
  first.Bind(region_, 0);
  second.Bind(region_, 1);
  other.Bind(region_, 2);

  EXPECT_EQ(first.Reserve({kQuota / 2 + 1}), Outcome::kOk);
  EXPECT_EQ(second.Reserve({kQuota / 2}), Outcome::kExhausted);
  EXPECT_EQ(other.Reserve({kQuota}), Outcome::kOk);
}

TEST_F(LedgerTest, WithoutAReservationASliceMayTakeWhatNobodyReserved) {
  AddProcess(0, 2);
  MemoryAccount account;
  account.Bind(region_, 0);

  EXPECT_EQ(account.Reserve({2 * kQuota}), Outcome::kOk);
  EXPECT_EQ(account.Reserve({1}), Outcome::kExhausted);
  EXPECT_EQ(HeldBySlice(region_, 2), 2 * kQuota);
}

TEST_F(LedgerTest, NeverGoesBelowZeroHoweverMuchIsReleased) {
  AddProcess(0, 0);
  MemoryAccount account;
  account.Bind(region_, 0);

  ASSERT_EQ(account.Reserve({100}), Outcome::kOk);
  account.Release({1'000'000});
  account.Release({1});

  EXPECT_EQ(HeldByProcess(region_, 0), 0u);
  EXPECT_EQ(Load(state_->slices[0].memory.used_bytes), 0u);
}

TEST_F(LedgerTest, AnAmountThatWouldWrapIsRefused) {
  AddProcess(0, 0);
  MemoryAccount account;
  account.Bind(region_, 0);

  EXPECT_EQ(account.Reserve({UINT64_MAX}), Outcome::kExhausted);
  EXPECT_EQ(account.Reserve({UINT64_MAX / 2}), Outcome::kExhausted);
}

TEST_F(LedgerTest, WhatTheDeadHeldIsGivenBackOnceByAnyNumberOfSweepers) {
  for (int round = 0; round < 50; ++round) {
    AddProcess(0, 0);
    AddProcess(1, 0);
    MemoryAccount dead, living;
    dead.Bind(region_, 0);
    living.Bind(region_, 1);
    ASSERT_EQ(dead.Reserve({kQuota / 2}), Outcome::kOk);
    ASSERT_EQ(living.Reserve({1000}), Outcome::kOk);
    Die(0);

    std::vector<std::thread> sweepers;
    for (int i = 0; i < 3; ++i) sweepers.emplace_back([&] { ReleaseAllMemory(region_, 0); });
    for (int i = 0; i < 200; ++i) {
      ASSERT_EQ(living.Reserve({100}), Outcome::kOk);
      living.Release({100});
    }
    for (std::thread& sweeper : sweepers) sweeper.join();

    EXPECT_EQ(Load(state_->slices[0].memory.used_bytes), 1000u);
    EXPECT_EQ(HeldByProcess(region_, 0), 0u);
    living.Release({1000});
  }
}

// Property: whatever a crowd does, the total never passes the limit, is the sum of the accounts at rest, and nothing is refused while there is room for
// everybody's largest request.
TEST_F(LedgerTest, RacingProcessesNeverPassTheLimitAndAreNeverRefusedWithoutReason) {
  constexpr std::uint32_t kProcesses = 6;
  constexpr std::uint64_t kMost = kQuota / kProcesses;  // all of them together just fit
  std::atomic<bool> stop{false};
  std::atomic<int> over{0}, refused{0};
  for (std::uint32_t p = 0; p < kProcesses; ++p) AddProcess(p, 0);
  std::vector<std::thread> threads;
  for (std::uint32_t p = 0; p < kProcesses; ++p) {
    threads.emplace_back([&, p] {
      MemoryAccount account;
      account.Bind(region_, p);
      std::mt19937_64 random(p);
      std::uint64_t held = 0;
      for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t amount = random() % (kMost - held + 1);
        if (account.Reserve({amount}) == Outcome::kOk)
          held += amount;
        else
          ++refused;
        if (random() % 3 == 0) {
          const std::uint64_t back = random() % (held + 1);
          account.Release({back});
          held -= back;
        }
      }
      account.Release({held});
    });
  }
  std::thread observer([&] {
    while (!stop) {
      if (Load(state_->slices[0].memory.used_bytes) > kQuota) ++over;
    }
  });
  for (std::thread& thread : threads) thread.join();
  stop = true;
  observer.join();

  EXPECT_EQ(over, 0);
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(Load(state_->slices[0].memory.used_bytes), 0u);
}

}  // namespace
}  // namespace flexai::slice
