// What an interposer sees of slices: this process's membership of its slice, one Tenant per XPU. The gate before a driver call, the charge after a
// command completed, the memory account. Everything else of this folder is behind it.
//
// Any thread may call any method, also at once. Admit blocks (that is its purpose) and must not be called from a driver callback: AdmitNow is for
// those. Nothing here takes a lock that another process could hold; nothing allocates, throws or writes to a stream.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "core/clock.hpp"
#include "core/outcome.hpp"
#include "core/units.hpp"
#include "core/xpu_id.hpp"
#include "slice/region_view.hpp"
#include "slice/submitter.hpp"

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
  void Complete(const Ticket& ticket, const BusyInterval& busy) noexcept;

  /// One admitted command never ran: the driver refused it, or it was dropped because a dependency failed.
  void Abandon(const Ticket& ticket) noexcept;

  /// Somebody else waits for this XPU: queues must be flushed after each submission, so that the lease never rests on unflushed work.
  [[nodiscard]] bool Contended() const noexcept;

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

  Ticket Wait(Nanos estimate, std::uint32_t count) noexcept;
  void Wake(std::uint32_t process) noexcept;

  XpuId xpu_;
  RegionView region_{};
  std::uint32_t process_ = 0;
  Submitter submitter_;
  class Membership* membership_ = nullptr;
};

/// This process's slice: what FLEXAI_SLICE names. One object per process, never destroyed.
class Membership {
 public:
  static constexpr std::uint32_t kMaxXpus = 16;

  /// Called by our helper thread when a waiter needs this process's queues of `tenant` flushed. May call the driver, must not submit work.
  using Flusher = void (*)(Tenant& tenant, void* context);

  /// Joins the slice that the file at `path` names: opens each region, takes a process record, starts the lifeline and helper threads. Idempotent per
  /// process; after fork the child calls it anew (see Attached). On failure nothing stays attached. Errors: kNotFound, kStale (the slice ended),
  /// kExhausted (1,024 processes), kCorrupt, kWrongVersion, kForeignOwner, kUnenforceable (no robust futexes here), kBusy, kIo.
  [[nodiscard]] Outcome Attach(std::string_view path, Flusher flusher, void* context) noexcept;

  /// True in the process that attached; false before, and in a child forked from it until it attaches itself. One load.
  [[nodiscard]] bool Attached() const noexcept;

  [[nodiscard]] std::uint32_t size() const noexcept { return count_; }
  [[nodiscard]] Tenant& tenant(std::uint32_t index) noexcept { return tenants_[index]; }
  /// The tenant of `xpu`, or null when the slice has no share of it.
  [[nodiscard]] Tenant* Find(const XpuId& xpu) noexcept;
  [[nodiscard]] std::string_view name() const noexcept;

 private:
  friend class Tenant;
  Tenant tenants_[kMaxXpus];
  std::uint32_t count_ = 0;
  bool gang_ = false;
};

}  // namespace flexai::slice
