// Who may submit to one XPU now. One Arbiter per process and XPU; all of them work on the same region and there is no other party: no daemon, no lock.
//
// The lease (api/region/region.h) says whose commands may enter the driver. Its holder admits commands into a bounded window, and at each admission
// gives way when somebody stands before it. Hand-over: stop admitting, let what is in flight finish, pass the lease to the best waiter with one
// compare-and-swap. Every transition can be made by any process, so a dead, stopped or slow one never holds up the others:
//
//   holder dead                                   any waiter takes the lease
//   holder idle past `keep`                       any waiter takes it (the pause until then is charged to the holder)
//   holder in flight, no progress for a long time any waiter opens the stall valve: the lease goes on, the holder's work overlaps
//
// Device time is charged after completion, debt is carried, so errors do not add up: over T a share is off by at most (window + longest command) / T.
//
// Pure but for the region: time comes in, waking goes out through Waker, and blocking is the caller's business (tenant.cpp for real, simulator.cpp on a
// virtual clock). Any thread of the process may call any method.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/clock.hpp"
#include "slice/fair_share.hpp"
#include "slice/region_view.hpp"
#include "slice/submitter.hpp"
#include "slice/tuning.hpp"

namespace flexai::slice {

/// How the arbiter reaches sleeping processes. Function pointers, because this code lives in applications without libstdc++.
struct Waker {
  void (*wake)(void* context, std::uint32_t process) = nullptr;   // its threads in gates look again
  void (*nudge)(void* context, std::uint32_t process) = nullptr;  // its helper thread flushes its queues
  void* context = nullptr;
};

/// The answer to one attempt.
struct Attempt {
  enum class Kind : std::uint8_t { kAdmitted, kWait };
  Kind kind = Kind::kWait;
  Ticket ticket{};     // when admitted
  Nanos until_ns = 0;  // when waiting: look again at this time at the latest, or when woken
};

/// What one blocked call remembers between its attempts.
struct GateState {
  bool first = true;
  bool out_of_credit = false;
};

class Arbiter {
 public:
  Arbiter() = default;

  /// Binds to the record of a registered process. Not thread-safe; before any other call.
  void Bind(const RegionView& region, std::uint32_t process, const Tuning& tuning, const Waker& waker) noexcept;

  /// Tries to admit `count` commands of together `estimate` ns (< 0: unknown). `count` 0 takes the lease without submitting (gangs).
  /// A caller that waits must have read its wake word before calling, and call StopWaiting when it will not try again.
  [[nodiscard]] Attempt TryAdmit(Nanos estimate, std::uint32_t count, GateState& gate, Nanos now) noexcept;
  void StopWaiting() noexcept;

  /// Admits without waiting: under the lease when it is ours or free, else beside it.
  [[nodiscard]] Ticket AdmitBeside(Nanos estimate, std::uint32_t count, Nanos now) noexcept;

  /// One command of `ticket` ended, having used `device` ns not charged before; or `count`, whose estimates the ticket then holds together.
  void Complete(const Ticket& ticket, Nanos device, Engine engine, Nanos now, std::uint32_t count = 1) noexcept;

  /// Hands an idle lease on (a gang that lost another XPU). No effect while commands are in flight or when it is not ours.
  void GiveBack(Nanos now) noexcept;

  /// Whether anybody else waits for this XPU. A few relaxed loads.
  [[nodiscard]] bool Contended() const noexcept { return OthersWait(); }

  /// Whether no other slice worked on this XPU lately and ours has no cap, so that nobody minds accounts that lag by some 0.2 ms. A few relaxed loads.
  [[nodiscard]] bool Alone() const noexcept { return alone_.load(std::memory_order_relaxed) && !OthersWait(); }

  /// Frees a lease whose holder is dead and passes it on. Anybody may call it, for any reason. True when it changed hands.
  bool ReclaimFromDead(Nanos now) noexcept;

  [[nodiscard]] std::uint32_t process_index() const noexcept { return process_; }
  [[nodiscard]] Submitter& submitter() noexcept { return submitter_; }
  [[nodiscard]] const Tuning& tuning() const noexcept { return tuning_; }

 private:
  struct Candidate {
    bool found = false;
    std::uint32_t process = 0;
    Standing standing{};
    bool mixed = false;  // priorities differ among those who wait and ourselves
  };

  [[nodiscard]] flexai_process& self() const noexcept { return region_.process(process_); }
  [[nodiscard]] std::atomic_ref<std::uint64_t> lease() const noexcept { return Atomic(region_.state->header.lease); }
  [[nodiscard]] std::uint32_t HolderCode(std::uint32_t process) const noexcept;
  [[nodiscard]] std::uint32_t HolderSlot(std::uint32_t holder) const noexcept;
  [[nodiscard]] flexai_turn& HolderTurn(std::uint32_t holder) const noexcept;
  [[nodiscard]] bool HolderAlive(std::uint32_t holder) const noexcept;
  [[nodiscard]] bool OthersWait() const noexcept;
  [[nodiscard]] Candidate BestWaiter(bool include_self, Nanos now) const noexcept;
  [[nodiscard]] bool MustYield(const Candidate& best, Nanos now) const noexcept;
  void LookAround(Nanos now) noexcept;
  [[nodiscard]] bool FitsWindow(Nanos estimate, bool others_wait, Nanos now) noexcept;
  [[nodiscard]] Nanos Window(bool others_wait, Nanos now) noexcept;

  void Announce(Nanos now) noexcept;
  void ClearWaiting(std::uint32_t process) const noexcept;
  bool PassOn(std::uint64_t word, bool include_self, Nanos now) noexcept;
  bool Take(std::uint64_t word, std::uint32_t count, Nanos estimate, Nanos now) noexcept;
  void WakeHolder(std::uint32_t holder, std::uint32_t process) const noexcept;
  void RevokeIdle(const Lease& lease_seen, std::uint64_t word, Nanos now) noexcept;
  void OpenValve(const Lease& lease_seen, std::uint64_t word, Nanos now) noexcept;
  Attempt Admitted(const Lease& under, Nanos estimate, std::uint32_t count, Nanos now) noexcept;
  Ticket Beside(Nanos estimate, std::uint32_t count, Nanos now) noexcept;
  void NotePause(Nanos now) noexcept;
  void ChargePause(const Lease& held, Nanos now) noexcept;
  void RaiseEstimate(Nanos estimate) const noexcept;

  RegionView region_{};
  Tuning tuning_{};
  Waker waker_{};
  std::uint32_t process_ = 0;
  std::uint32_t slot_ = 0;
  std::uint32_t me_ = 0;  // our holder code
  Submitter submitter_;
  std::atomic<Nanos> last_completion_ns_{0};
  std::atomic<Nanos> looked_ns_{0};  // when the next two were last looked up
  std::atomic<bool> higher_priority_recent_{false};
  std::atomic<bool> alone_{false};  // see Alone, less those who wait
};

}  // namespace flexai::slice
