// The exact account of device memory: what each process holds and what they hold together, right after the death of any process at any instruction.
//
// A total is changed only together with a tag that names the change: {used, (process, operation)} in one 16-byte compare-and-swap. The process writes
// its intent first and adds the amount to its own account last, and anybody who finds a tag on the total finishes that last step for its author before
// changing the total again. So at any moment the sum of all accounts equals the total, up to one change that is fully described:
//
//   intent = {delta, n}              by the process
//   total  = {used + delta, (p, n)}  one CAS; refused before it if it would pass the limit: nothing to undo
//   account: {held, n-1} -> {held + delta, n}  one CAS, by the process or by whoever meets the tag; only one can win
//
// A sweeper gives back what a dead process held with the same two swaps; its tag says so, and the delta is then the whole account.
//
// Lock-free between processes. Within a process one change at a time (MemoryAccount holds a process-local lock, which no other process can wait for).
// No false refusals: a change is refused only if the total really has no room at that moment.
#pragma once

#include <pthread.h>

#include <cstdint>

#include "core/outcome.hpp"
#include "core/units.hpp"
#include "slice/region_view.hpp"

namespace flexai::slice {

/// Changes the account of `process` and the total it counts into by `delta`, if the total stays within `limit` (kExhausted otherwise). Only by the
/// process itself, one change at a time.
[[nodiscard]] Outcome ChangeMemory(const RegionView& region, std::uint32_t process, std::int64_t delta, std::uint64_t limit) noexcept;

/// Takes back everything a dead process (state GONE) holds. Idempotent, any process, any time: without effect once the record lives again.
void ReleaseAllMemory(const RegionView& region, std::uint32_t process) noexcept;

/// The total that `process` counts into: its slice's where that reserves memory, else the one of all slices that do not.
[[nodiscard]] flexai_memory_total& TotalOf(const RegionView& region, std::uint32_t process) noexcept;

/// How much `TotalOf(process)` may be: the slice's quota, or what nobody has reserved.
[[nodiscard]] std::uint64_t LimitOf(const RegionView& region, std::uint32_t process) noexcept;

/// What the living processes of `slot` hold together.
[[nodiscard]] std::uint64_t HeldBySlice(const RegionView& region, std::uint32_t slot) noexcept;
[[nodiscard]] std::uint64_t HeldByProcess(const RegionView& region, std::uint32_t process) noexcept;

/// This process's account on one XPU. Any thread.
class MemoryAccount {
 public:
  MemoryAccount() = default;
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

  void Bind(const RegionView& region, std::uint32_t process) noexcept;

  /// Charges `amount`, or leaves everything unchanged and returns kExhausted.
  [[nodiscard]] Outcome Reserve(Bytes amount) noexcept;
  /// Charges what cannot be refused any more; may pass the limit.
  void ReserveUnconditionally(Bytes amount) noexcept;
  /// Takes back at most what this process holds.
  void Release(Bytes amount) noexcept;

 private:
  Outcome Change(std::int64_t delta, std::uint64_t limit) noexcept;

  RegionView region_{};
  std::uint32_t process_ = 0;
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
};

}  // namespace flexai::slice
