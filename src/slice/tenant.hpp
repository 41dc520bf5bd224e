// What an interposer sees of slices: this process's membership of its slice, one Tenant per XPU. The gate before a driver call, the charge after a
// command completed, the memory account. Everything else of this folder is behind it.
//
// Any thread may call any method, also at once. Admit blocks (that is its purpose) and must not be called from a driver callback: AdmitNow is for
// those. Nothing here takes a lock that another process could hold; nothing allocates, throws or writes to a stream.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <string_view>

#include "core/clock.hpp"
#include "core/outcome.hpp"
#include "core/units.hpp"
#include "core/xpu_id.hpp"
#include "slice/arbiter.hpp"
#include "slice/busy_time.hpp"
#include "slice/ledger.hpp"
#include "slice/region_file.hpp"
#include "slice/slice_file.hpp"

namespace flexai::slice {

/// A part of the device's busy time, in one clock: the driver's stamps, or host-observed times where the stamps cannot be believed.
struct BusyInterval {
  Nanos start_ns = 0;
  Nanos end_ns = 0;
  bool host_clock = false;  // which clock: intervals of the two are never mixed
  Engine engine = Engine::kCompute;
};

/// One XPU of the process's slice.
class Tenant {
 public:
  Tenant() = default;
  Tenant(const Tenant&) = delete;
  Tenant& operator=(const Tenant&) = delete;

  [[nodiscard]] const XpuId& xpu() const noexcept { return xpu_; }

  // -- compute ----------------------------------------------------------------------------------------------------------------------------------

  /// Waits until `count` commands of together `estimate` device time may enter the driver, and counts them in flight. `estimate` < 0: unknown.
  /// Returns the ticket that each of the commands completes with (its share of the estimate is estimate/count). Always returns: see "stall valve".
  [[nodiscard]] Ticket Admit(Nanos estimate, std::uint32_t count = 1) noexcept;

  /// The same without ever blocking, for work submitted from a driver callback: under our lease it is ordinary work, otherwise it counts as overlap.
  [[nodiscard]] Ticket AdmitNow(Nanos estimate, std::uint32_t count = 1) noexcept;

  /// One admitted command ran during `busy`. Charges the part of the interval not charged yet (commands of several queues overlap).
  /// With `count`: that many commands, admitted under the lease of `ticket`, whose estimate_ns is then that of all of them together. For backends where
  /// not every command tells its end.
  void Complete(const Ticket& ticket, const BusyInterval& busy, std::uint32_t count = 1) noexcept;

  /// One admitted command never ran: the driver refused it, or it was dropped because a dependency failed.
  void Abandon(const Ticket& ticket) noexcept;

  /// Somebody else waits for this XPU: queues must be flushed after each submission, so that the lease never rests on unflushed work.
  [[nodiscard]] bool Contended() const noexcept;

  /// Nobody minds accounts that lag by some 0.2 ms: no other slice worked on this XPU lately, and ours has no cap.
  [[nodiscard]] bool Alone() const noexcept;

  /// Between an admitted submission and the flush of its queue. While set, a waiter may ask the flusher to flush.
  void MarkUnflushed() noexcept;
  void MarkFlushed() noexcept;

  // -- what the driver's stamps are worth ---------------------------------------------------------------------------------------------------------

  /// The verdict kept in the region for this driver version, FLEXAI_STAMPS_UNKNOWN when there is none yet.
  [[nodiscard]] std::uint32_t StampsVerdict(std::uint64_t driver_hash) const noexcept;
  void LearnStamps(std::uint64_t driver_hash, std::uint32_t verdict) noexcept;

  // -- memory -----------------------------------------------------------------------------------------------------------------------------------

  /// Charges `amount` to this process, or leaves everything unchanged and returns kExhausted. Call before the driver allocates; Release if it fails.
  [[nodiscard]] Outcome Reserve(Bytes amount) noexcept;
  /// Charges what is already allocated and cannot be refused (program-scope variables): may pass the quota.
  void ReserveUnconditionally(Bytes amount) noexcept;
  void Release(Bytes amount) noexcept;

  /// What the application should see as the device's memory: the quota, or the physical memory for a slice that reserves nothing.
  [[nodiscard]] Bytes MemoryQuota() const noexcept;
  [[nodiscard]] Bytes MemoryHeld() const noexcept;  // by the whole slice

  /// Counts an attempt to leave the slice that was refused (invariant 3).
  void CountBypassAttempt() noexcept;

 private:
  friend class Membership;

  [[nodiscard]] Ticket AdmitSlowly(Nanos estimate, std::uint32_t count, GateState& gate) noexcept;
  [[nodiscard]] Ticket AdmitGang(Nanos estimate, std::uint32_t count) noexcept;
  void SleepUntilWoken(std::uint32_t word_seen, Nanos until) noexcept;
  [[nodiscard]] flexai_process& self() const noexcept { return region_.view().process(process_); }
  [[nodiscard]] flexai_slice_account& account() const noexcept { return region_.view().account(slot_); }
  static void* HelperThread(void* tenant);

  XpuId xpu_;
  RegionFile region_;
  std::uint32_t process_ = 0;
  std::uint32_t slot_ = 0;
  Arbiter arbiter_;
  MemoryAccount memory_;
  pthread_mutex_t busy_mutex_ = PTHREAD_MUTEX_INITIALIZER;
  BusyTime busy_[2];  // by clock: driver stamps, host
  class Membership* membership_ = nullptr;
};

/// This process's slice: what FLEXAI_SLICE names.
class Membership {
 public:
  /// Called when this process's queues on `tenant` must be flushed: by our helper thread for a waiter elsewhere, or by a thread of ours before it
  /// sleeps in a gate. May call the driver, must not submit work.
  using Flusher = void (*)(Tenant& tenant, void* context);

  /// The one object of this process: made at the first call, never destroyed.
  [[nodiscard]] static Membership& Process() noexcept;

  /// Joins the slice that the file at `path` names: opens each region, takes a process record, starts the lifeline and helper threads. Once per process;
  /// concurrent callers wait for the first. A child of fork joins anew by calling it again. On failure nothing stays attached, and the same answer is
  /// given to later calls. Errors: kNotFound, kStale (the slice ended), kExhausted (1,024 processes), kCorrupt, kWrongVersion, kForeignOwner,
  /// kUnenforceable (no robust futexes here), kBusy, kIo.
  [[nodiscard]] Outcome Attach(const char* path, Flusher flusher, void* context) noexcept;

  /// True in a process that attached; false before, and in a child forked from it until it attaches itself. One load.
  [[nodiscard]] bool Attached() const noexcept;

  [[nodiscard]] std::uint32_t size() const noexcept { return count_; }
  [[nodiscard]] Tenant& tenant(std::uint32_t index) noexcept { return tenants_[index]; }
  /// The tenant of `xpu`, or null when the slice has no share of it.
  [[nodiscard]] Tenant* Find(const XpuId& xpu) noexcept;
  [[nodiscard]] std::string_view name() const noexcept { return slice_.name; }

 private:
  friend class Tenant;
  [[nodiscard]] Outcome Join(const char* path) noexcept;

  SliceFile slice_;
  Tenant tenants_[SliceFile::kMaxShares];
  std::uint32_t count_ = 0;
  Flusher flusher_ = nullptr;
  void* flusher_context_ = nullptr;
  std::uint32_t* own_page_ = nullptr;     // 1 in the process that attached; the kernel wipes it in children of fork
  std::atomic<std::int64_t> joining_{0};  // pid of the process whose thread is in Join
  Outcome outcome_ = Outcome::kNotFound;
  std::int64_t outcome_pid_ = 0;  // the process that outcome_ is of
};

}  // namespace flexai::slice
