#include "slice/arbiter.hpp"

#include <algorithm>

#include "slice/liveness.hpp"

namespace flexai::slice {
namespace {

constexpr std::uint32_t kWords = FLEXAI_REGION_PROCESSES / 64;

// A pause is worth waiting for when it is likely to end soon: twice the usual one, bounded.
Nanos Patience(const flexai_process& process, const Tuning& tuning) noexcept {
  const Nanos usual = Load(process.think_ns);
  return std::min(tuning.anticipation_ns, 2 * usual + 20 * kMicrosecond);
}

}  // namespace

void Arbiter::Bind(const RegionView& region, std::uint32_t process, const Tuning& tuning, const Waker& waker) noexcept {
  region_ = region;
  tuning_ = tuning;
  waker_ = waker;
  process_ = process % FLEXAI_REGION_PROCESSES;
  slot_ = region_.slot_of(process_);
  me_ = HolderCode(process_);
  submitter_.Reset();
  last_completion_ns_.store(0, std::memory_order_relaxed);
  looked_ns_.store(0, std::memory_order_relaxed);
  alone_.store(false, std::memory_order_relaxed);
}

std::uint32_t Arbiter::HolderCode(std::uint32_t process) const noexcept {
  const std::uint32_t slot = region_.slot_of(process);
  const bool gang = (Load(region_.share(slot).flags) & FLEXAI_SHARE_GANG) != 0;
  return gang ? FLEXAI_LEASE_GANG | slot : process + 1;
}

std::uint32_t Arbiter::HolderSlot(std::uint32_t holder) const noexcept {
  return (holder & FLEXAI_LEASE_GANG) != 0 ? holder % FLEXAI_REGION_SLICES : region_.slot_of(holder - 1);
}

flexai_turn& Arbiter::HolderTurn(std::uint32_t holder) const noexcept {
  return (holder & FLEXAI_LEASE_GANG) != 0 ? region_.account(holder).turn : region_.process(holder - 1).turn;
}

bool Arbiter::HolderAlive(std::uint32_t holder) const noexcept {
  if ((holder & FLEXAI_LEASE_GANG) == 0) return IsAlive(region_.process(holder - 1));
  const std::uint32_t slot = holder % FLEXAI_REGION_SLICES;
  for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i) {
    const flexai_process& process = region_.process(i);
    if (StateOf(process) == FLEXAI_PROCESS_LIVE && region_.slot_of(i) == slot && process.role == FLEXAI_ROLE_TENANT && IsAlive(process))
      return true;
  }
  return false;
}

bool Arbiter::OthersWait() const noexcept {
  std::uint64_t any = 0;
  for (std::uint32_t w = 0; w < kWords; ++w) {
    const std::uint64_t own = w == process_ / 64 ? 1ULL << process_ % 64 : 0;
    any |= Load(region_.state->header.waiting[w], std::memory_order_seq_cst) & ~own;
  }
  return any != 0;
}

Arbiter::Candidate Arbiter::BestWaiter(bool include_self, Nanos now) const noexcept {
  // Which order applies is known only when all have been seen, so the best of both is kept.
  Candidate best[2];
  const Priority own_priority = region_.compute(slot_).priority;
  bool mixed = false;
  for (std::uint32_t w = 0; w < kWords; ++w) {
    std::uint64_t bits = Load(region_.state->header.waiting[w], std::memory_order_seq_cst);
    while (bits != 0) {
      const std::uint32_t process = w * 64 + static_cast<std::uint32_t>(__builtin_ctzll(bits));
      bits &= bits - 1;
      if (process == process_ && !include_self) continue;
      const flexai_process& record = region_.process(process);
      if (!IsAlive(record)) {
        ClearWaiting(process);
        continue;
      }
      const std::uint32_t slot = region_.slot_of(process);
      const bool is_gang = (Load(region_.share(slot).flags) & FLEXAI_SHARE_GANG) != 0;
      if (!is_gang && Load(record.in_flight) != 0) continue;  // stalled work of its own: it runs beside the lease until that has drained
      const ComputeShare share = region_.compute(slot);
      const flexai_slice_account& account = region_.account(slot);
      if (CapCredit(account, share, 0, tuning_, now) <= 0) continue;
      Standing standing = StandingOf(account, share, false, 0, tuning_, now);
      standing.waiting_since = Load(record.wait_since_ns);
      mixed |= share.priority != own_priority;
      for (const bool order : {false, true})
        if (!best[order].found || Before(standing, best[order].standing, order)) best[order] = {true, process, standing, order};
    }
  }
  return best[mixed];
}

// Whether we, holding the lease, give way to `best`. A better class at once; among equals after a full turn, when the other is behind.
bool Arbiter::MustYield(const Candidate& best, Nanos now) const noexcept {
  if (!best.found) return false;
  const Standing own = StandingOf(region_.account(slot_), region_.compute(slot_), true, submitter_.in_flight_ns(), tuning_, now);
  switch (CompareClass(best.standing, own, best.mixed)) {
    case Order::kBefore: return true;
    case Order::kAfter: return false;
    case Order::kLevel: break;
  }
  if (now - Load(HolderTurn(me_).granted_ns) < tuning_.turn_ns) return false;
  if (region_.slot_of(best.process) == slot_) return true;  // processes of one slice take turns
  return VtimeDifference(best.standing.vtime, own.vtime) < 0;
}

// Who else was at work lately, at most once in a millisecond.
void Arbiter::LookAround(Nanos now) noexcept {
  if (now - looked_ns_.load(std::memory_order_relaxed) <= kMillisecond) return;
  looked_ns_.store(now, std::memory_order_relaxed);
  const ComputeShare own = region_.compute(slot_);
  bool higher = false, others = false;
  for (std::uint32_t i = 0; i < FLEXAI_REGION_SLICES; ++i) {
    if (i == slot_ || Load(region_.share(i).state) != FLEXAI_SLOT_ACTIVE) continue;
    if (now - Load(region_.account(i).active_ns) >= tuning_.recent_ns) continue;
    others = true;
    if (region_.compute(i).priority > own.priority) higher = true;
  }
  higher_priority_recent_.store(higher, std::memory_order_relaxed);
  alone_.store(!others && own.limit_permille >= 1000, std::memory_order_relaxed);
}

Nanos Arbiter::Window(bool others_wait, Nanos now) noexcept {
  LookAround(now);
  if (higher_priority_recent_.load(std::memory_order_relaxed)) return tuning_.window_priority_ns;
  return others_wait ? tuning_.window_contended_ns : tuning_.window_ns;
}

bool Arbiter::FitsWindow(Nanos estimate, bool others_wait, Nanos now) noexcept {
  const Nanos window = Window(others_wait, now);
  // Alone two may always be in flight, however long: else the device would be idle from the end of one until its submitter is awake.
  return submitter_.Fits(estimate, window, tuning_) ||
         (submitter_.in_flight() == 1 && !others_wait && alone_.load(std::memory_order_relaxed));
}

// Waiting begins. seq_cst: pairs with the completion that makes the lease idle. Either we see it idle, or it sees our bit.
void Arbiter::Announce(Nanos now) noexcept {
  auto since = Atomic(self().wait_since_ns);
  if (since.load(std::memory_order_relaxed) == 0) since.store(now, std::memory_order_relaxed);
  Atomic(region_.state->header.waiting[process_ / 64]).fetch_or(1ULL << process_ % 64, std::memory_order_seq_cst);
}

void Arbiter::ClearWaiting(std::uint32_t process) const noexcept {
  Atomic(region_.state->header.waiting[process / 64]).fetch_and(~(1ULL << process % 64), std::memory_order_seq_cst);
}

void Arbiter::StopWaiting() noexcept {
  if ((Load(region_.state->header.waiting[process_ / 64]) >> process_ % 64 & 1) != 0) ClearWaiting(process_);
  Atomic(self().wait_since_ns).store(0, std::memory_order_relaxed);
}

void Arbiter::WakeHolder(std::uint32_t holder, std::uint32_t process) const noexcept {
  if ((holder & FLEXAI_LEASE_GANG) == 0) {
    waker_.wake(waker_.context, process);
    return;
  }
  // All waiting processes of the gang run together.
  for (std::uint32_t w = 0; w < kWords; ++w) {
    std::uint64_t bits = Load(region_.state->header.waiting[w]);
    for (; bits != 0; bits &= bits - 1) {
      const std::uint32_t other = w * 64 + static_cast<std::uint32_t>(__builtin_ctzll(bits));
      if (region_.slot_of(other) == holder % FLEXAI_REGION_SLICES) waker_.wake(waker_.context, other);
    }
  }
}

// Hands a lease with nothing in flight, seen as `word`, to the best waiter, or to nobody. True when it changed hands.
bool Arbiter::PassOn(std::uint64_t word, bool include_self, Nanos now) noexcept {
  const Candidate best = BestWaiter(include_self, now);
  const std::uint32_t next = best.found ? HolderCode(best.process) : 0;
  const Lease seen = Lease::Unpack(word);
  if (next == 0 && seen.holder == 0) return false;
  if (next != 0) {
    // Before the swap, while the turn is nobody's concern: should we die after it, the others find a grant that expires.
    flexai_turn& turn = HolderTurn(next);
    Atomic(turn.granted_ns).store(now, std::memory_order_relaxed);
    Atomic(turn.idle_ns).store(now, std::memory_order_relaxed);
    Atomic(turn.keep_ns).store(now + tuning_.grant_ns, std::memory_order_relaxed);
    Atomic(turn.estimate_ns).store(0, std::memory_order_relaxed);
  }
  if (!lease().compare_exchange_strong(word, seen.PassedTo(next).Pack(), std::memory_order_seq_cst)) return false;
  if (next != 0) WakeHolder(next, best.process);
  return true;
}

// Takes a free lease, seen as `word`, for ourselves.
bool Arbiter::Take(std::uint64_t word, std::uint32_t count, Nanos estimate, Nanos now) noexcept {
  flexai_turn& turn = HolderTurn(me_);
  Atomic(turn.granted_ns).store(now, std::memory_order_relaxed);
  Atomic(turn.progress_ns).store(now, std::memory_order_relaxed);
  Atomic(turn.idle_ns).store(now, std::memory_order_relaxed);
  Atomic(turn.keep_ns).store(count == 0 ? now + tuning_.turn_ns : now, std::memory_order_relaxed);
  Atomic(turn.estimate_ns).store(estimate, std::memory_order_relaxed);
  Lease next = Lease::Unpack(word).PassedTo(me_);
  next.in_flight = count;
  return lease().compare_exchange_strong(word, next.Pack(), std::memory_order_seq_cst);
}

// The holder paused for longer than it may, or never came to use what it was granted.
void Arbiter::RevokeIdle(const Lease& lease_seen, std::uint64_t word, Nanos now) noexcept {
  flexai_turn& turn = HolderTurn(lease_seen.holder);
  const Nanos idle_since = Load(turn.idle_ns);
  const bool was_kept = Load(turn.keep_ns) > idle_since;
  const std::uint32_t slot = HolderSlot(lease_seen.holder);
  const bool is_gang = (lease_seen.holder & FLEXAI_LEASE_GANG) != 0;
  // A holder that was granted the lease and sleeps on must announce itself again before anybody grants it once more.
  if (!is_gang && lease_seen.holder != me_) ClearWaiting(lease_seen.holder - 1);
  if (!PassOn(word, true, now) || !was_kept) return;
  ChargeThinkTime(region_.account(slot), region_.compute(slot), now - idle_since, tuning_, now);
  if (is_gang) return;
  auto patience = Atomic(region_.process(lease_seen.holder - 1).patience);
  const std::uint32_t before = patience.load(std::memory_order_relaxed);
  patience.store(before > 3 ? before - 3 : 0, std::memory_order_relaxed);
}

void Arbiter::OpenValve(const Lease& lease_seen, std::uint64_t word, Nanos now) noexcept {
  const std::uint32_t slot = HolderSlot(lease_seen.holder);
  if (PassOn(word, true, now)) Atomic(region_.account(slot).valve_opened).fetch_add(1, std::memory_order_relaxed);
}

bool Arbiter::ReclaimFromDead(Nanos now) noexcept {
  const std::uint64_t word = lease().load(std::memory_order_seq_cst);
  const Lease seen = Lease::Unpack(word);
  if (seen.holder == 0 || HolderAlive(seen.holder)) return false;
  return PassOn(word, true, now);
}

void Arbiter::RaiseEstimate(Nanos estimate) const noexcept {
  auto longest = Atomic(HolderTurn(me_).estimate_ns);
  if (longest.load(std::memory_order_relaxed) < estimate) longest.store(estimate, std::memory_order_relaxed);
}

// A submission after nothing was in flight: learn how long this process usually thinks.
void Arbiter::NotePause(Nanos now) noexcept {
  const Nanos last = last_completion_ns_.load(std::memory_order_relaxed);
  if (last == 0 || submitter_.in_flight() != 0) return;
  const Nanos pause = now - last;
  auto patience = Atomic(self().patience);
  const std::uint32_t before = patience.load(std::memory_order_relaxed);
  if (pause > tuning_.anticipation_ns) return;  // not the pause of a client that merely reacts; a miss is noted by who took the lease
  auto usual = Atomic(self().think_ns);
  const Nanos average = usual.load(std::memory_order_relaxed);
  usual.store(average == 0 ? pause : average + (pause - average) / 8, std::memory_order_relaxed);
  if (before < tuning_.patience_full) patience.store(before + 1, std::memory_order_relaxed);
}

// The lease was kept for us through a pause while others waited: that time is service we received.
void Arbiter::ChargePause(const Lease& held, Nanos now) noexcept {
  if (held.in_flight != 0) return;
  flexai_turn& turn = HolderTurn(me_);
  const Nanos idle_since = Load(turn.idle_ns);
  const bool only_granted = Load(turn.granted_ns) == idle_since;
  if (only_granted || Load(turn.keep_ns) <= idle_since) return;
  ChargeThinkTime(region_.account(slot_), region_.compute(slot_), now - idle_since, tuning_, now);
}

Attempt Arbiter::Admitted(const Lease& under, Nanos estimate, std::uint32_t count, Nanos now) noexcept {
  flexai_slice_account& account = region_.account(slot_);
  Atomic(account.active_ns).store(now, std::memory_order_relaxed);
  submitter_.Enter(count == 0 ? 0 : estimate / static_cast<Nanos>(count), count);
  Atomic(self().in_flight).fetch_add(count, std::memory_order_relaxed);
  StopWaiting();
  Attempt attempt;
  attempt.kind = Attempt::Kind::kAdmitted;
  attempt.ticket = {
      .sequence = under.sequence, .leased = true, .estimate_ns = count == 0 ? 0 : estimate / static_cast<Nanos>(count), .admitted_ns = now};
  return attempt;
}

Attempt Arbiter::TryAdmit(Nanos estimate, std::uint32_t count, GateState& gate, Nanos now) noexcept {
  if (estimate < 0) estimate = tuning_.unknown_estimate_ns * std::max<Nanos>(count, 1);
  flexai_slice_account& account = region_.account(slot_);
  if (gate.first) {
    gate.first = false;
    NotePause(now);
    const bool absent = now - Load(account.active_ns) > tuning_.absent_ns;
    if (absent) JoinQueue(region_, slot_, true, tuning_, now);
  }
  const auto wait_until = [&](Nanos time) {
    Attempt attempt;
    attempt.until_ns = std::max(std::min(time, now + tuning_.poll_ns), now + 1);
    return attempt;
  };

  for (;;) {
    const std::uint64_t word = lease().load(std::memory_order_seq_cst);
    const Lease seen = Lease::Unpack(word);
    const bool mine = seen.holder == me_;

    // 1. The cap, whoever holds the lease. Out of credit we do not compete, so our bit is taken back and the lease goes on.
    const ComputeShare share = region_.compute(slot_);
    const Nanos credit = CapCredit(account, share, submitter_.in_flight_ns(), tuning_, now);
    // Once out, save a little first, so as to run in bursts and not command by command; less when there will be a queue to wait in anyway.
    const Nanos savings = !mine && seen.holder != 0 ? tuning_.cap_period_ns / 16 : tuning_.cap_period_ns / 4;
    const Nanos enough = gate.out_of_credit ? savings * static_cast<Nanos>(share.limit_permille) / 1000 : 1;
    if (credit < enough) {
      gate.out_of_credit = true;
      StopWaiting();
      Atomic(account.active_ns).store(now, std::memory_order_relaxed);
      if (mine && seen.in_flight == 0 && !PassOn(word, false, now)) continue;
      if (mine && seen.in_flight != 0 && !seen.yield && OthersWait()) {
        Lease yielding = seen;
        yielding.yield = true;
        std::uint64_t expected = word;
        if (!lease().compare_exchange_strong(expected, yielding.Pack(), std::memory_order_seq_cst)) continue;
      }
      return wait_until(CapRetryAt(account, share, submitter_.in_flight_ns(), savings));
    }
    if (gate.out_of_credit) {
      gate.out_of_credit = false;
      JoinQueue(region_, slot_, false, tuning_, now);
    }

    // 2. Ours.
    if (mine && !seen.yield) {
      const Nanos overdue = Load(HolderTurn(me_).progress_ns) + std::max(tuning_.stall_ns, 4 * Load(HolderTurn(me_).estimate_ns));
      const bool others = OthersWait();
      if (others) {
        const Candidate best = BestWaiter(false, now);
        if (MustYield(best, now)) {
          Announce(now);
          if (seen.in_flight == 0) {
            PassOn(word, true, now);
            continue;
          }
          Lease yielding = seen;
          yielding.yield = true;
          std::uint64_t expected = word;
          lease().compare_exchange_strong(expected, yielding.Pack(), std::memory_order_seq_cst);
          continue;
        }
      }
      const bool full = seen.in_flight + count > Lease::kMaxInFlight - 1 || (count != 0 && !FitsWindow(estimate, others, now));
      // A wait on the own window ends without a completion too: what is in flight may depend on what we hold back.
      if (full && (now < overdue || seen.in_flight + count > Lease::kMaxInFlight - 1)) return wait_until(overdue);
      if (seen.in_flight == 0) Atomic(HolderTurn(me_).progress_ns).store(now, std::memory_order_relaxed);
      RaiseEstimate(count == 0 ? 0 : estimate / static_cast<Nanos>(count));
      Lease next = seen;
      next.in_flight += count;
      std::uint64_t expected = word;
      if (!lease().compare_exchange_strong(expected, next.Pack(), std::memory_order_seq_cst)) continue;
      if (seen.in_flight == 0 && others) ChargePause(seen, now);
      if (count == 0) Atomic(HolderTurn(me_).keep_ns).store(now + tuning_.turn_ns, std::memory_order_relaxed);
      if (full) Atomic(HolderTurn(me_).progress_ns).store(now, std::memory_order_relaxed);
      Attempt attempt = Admitted(next, estimate, count, now);
      attempt.ticket.alone = !others && alone_.load(std::memory_order_relaxed) && (me_ & FLEXAI_LEASE_GANG) == 0;
      return attempt;
    }

    // Not ours, and yet we have work in flight: the valve opened under it. Until it has drained we run beside the others, within our window; taking the
    // lease again would only stall them again behind the same command.
    if (!mine && count != 0 && submitter_.in_flight() != 0 && (me_ & FLEXAI_LEASE_GANG) == 0) {
      StopWaiting();
      const Nanos overdue = last_completion_ns_.load(std::memory_order_relaxed) + std::max(tuning_.stall_ns, 4 * submitter_.in_flight_ns());
      if (!FitsWindow(estimate, OthersWait(), now) && now < overdue) return wait_until(overdue);
      Attempt attempt;
      attempt.kind = Attempt::Kind::kAdmitted;
      attempt.ticket = Beside(estimate, count, now);
      return attempt;
    }

    // 3. Nobody's.
    if (seen.holder == 0) {
      const Candidate best = BestWaiter(false, now);
      Standing own = StandingOf(account, share, false, 0, tuning_, now);
      own.waiting_since = Load(self().wait_since_ns) == 0 ? now : Load(self().wait_since_ns);
      if (best.found && Before(best.standing, own, best.mixed)) {
        Announce(now);
        PassOn(word, true, now);
        continue;
      }
      if (Take(word, count, count == 0 ? 0 : estimate / static_cast<Nanos>(count), now))
        return Admitted(Lease::Unpack(word).PassedTo(me_), estimate, count, now);
      continue;
    }

    // 4. Somebody else's, or ours but yielding.
    if (!mine && !HolderAlive(seen.holder)) {
      Announce(now);
      PassOn(word, true, now);
      continue;
    }
    Announce(now);
    Atomic(account.active_ns).store(now, std::memory_order_relaxed);
    if (lease().load(std::memory_order_seq_cst) != word) continue;  // it changed before our bit could be seen
    const flexai_turn& turn = HolderTurn(seen.holder);
    if (seen.in_flight == 0) {
      const Nanos keep = Load(turn.keep_ns);
      if (now >= keep || seen.yield) {
        RevokeIdle(seen, word, now);
        if (lease().load(std::memory_order_seq_cst) == word)
          return wait_until(now + tuning_.poll_patient_ns);  // nobody may run: all out of credit
        continue;
      }
      // A better class does not wait for somebody's pause to end.
      if (!mine && Load(turn.granted_ns) != Load(turn.idle_ns)) {
        const Standing own = StandingOf(account, share, false, 0, tuning_, now);
        const std::uint32_t slot = HolderSlot(seen.holder);
        const Standing theirs = StandingOf(region_.account(slot), region_.compute(slot), true, 0, tuning_, now);
        if (CompareClass(own, theirs, own.priority != theirs.priority) == Order::kBefore) {
          RevokeIdle(seen, word, now);
          continue;
        }
      }
      return wait_until(keep);
    }
    const Nanos stalled = Load(turn.progress_ns) + std::max(tuning_.stall_ns, 4 * Load(turn.estimate_ns));
    if (now >= stalled) {
      OpenValve(seen, word, now);
      if (lease().load(std::memory_order_seq_cst) == word) return wait_until(now + tuning_.poll_patient_ns);
      continue;
    }
    bool patient = false;
    if ((seen.holder & FLEXAI_LEASE_GANG) == 0) {
      flexai_process& holder = region_.process(seen.holder - 1);
      if (Load(holder.unflushed, std::memory_order_seq_cst) != 0) waker_.nudge(waker_.context, seen.holder - 1);
      patient = Load(holder.patience) >= tuning_.patience_trusted;
    } else {
      for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i)
        if (Load(region_.process(i).unflushed) != 0 && region_.slot_of(i) == seen.holder % FLEXAI_REGION_SLICES)
          waker_.nudge(waker_.context, i);
    }
    return wait_until(patient ? std::min(stalled, now + tuning_.poll_patient_ns) : stalled);
  }
}

Ticket Arbiter::AdmitBeside(Nanos estimate, std::uint32_t count, Nanos now) noexcept {
  if (estimate < 0) estimate = tuning_.unknown_estimate_ns * std::max<Nanos>(count, 1);
  const Nanos each = count == 0 ? 0 : estimate / static_cast<Nanos>(count);
  for (;;) {
    std::uint64_t word = lease().load(std::memory_order_seq_cst);
    Lease seen = Lease::Unpack(word);
    if (seen.holder == 0 && !OthersWait()) {
      if (Take(word, count, each, now)) return Admitted(seen.PassedTo(me_), estimate, count, now).ticket;
      continue;
    }
    if (seen.holder != me_ || seen.yield || seen.in_flight + count > Lease::kMaxInFlight - 1) break;
    if (seen.in_flight == 0) Atomic(HolderTurn(me_).progress_ns).store(now, std::memory_order_relaxed);
    RaiseEstimate(each);
    Lease next = seen;
    next.in_flight += count;
    if (lease().compare_exchange_strong(word, next.Pack(), std::memory_order_seq_cst)) return Admitted(next, estimate, count, now).ticket;
  }
  return Beside(estimate, count, now);
}

Ticket Arbiter::Beside(Nanos estimate, std::uint32_t count, Nanos now) noexcept {
  const Nanos each = count == 0 ? 0 : estimate / static_cast<Nanos>(count);
  submitter_.Enter(each, count);
  Atomic(self().in_flight).fetch_add(count, std::memory_order_relaxed);
  return {.estimate_ns = each, .admitted_ns = now};
}

void Arbiter::Complete(const Ticket& ticket, Nanos device, Engine engine, Nanos now, std::uint32_t count) noexcept {
  flexai_slice_account& account = region_.account(slot_);
  const ComputeShare share = region_.compute(slot_);
  Atomic(account.active_ns).store(now, std::memory_order_relaxed);
  Atomic(account.commands).fetch_add(count, std::memory_order_relaxed);
  Atomic(self().commands).fetch_add(count, std::memory_order_relaxed);
  Atomic(self().device_ns).fetch_add(static_cast<std::uint64_t>(std::max<Nanos>(device, 0)), std::memory_order_relaxed);
  Atomic(self().in_flight).fetch_sub(count, std::memory_order_relaxed);
  const bool wake_submitter = submitter_.Leave(ticket.estimate_ns, count, Window(OthersWait(), now));
  last_completion_ns_.store(now, std::memory_order_relaxed);

  std::uint64_t word = lease().load(std::memory_order_seq_cst);
  Lease seen = Lease::Unpack(word);
  const auto ours = [&] { return ticket.leased && seen.holder == me_ && seen.sequence == ticket.sequence && seen.in_flight > 0; };
  if (!ours()) {
    // Beside the lease, or the valve opened under it: others ran at the same time, so the device was only partly ours.
    Atomic(account.overlap_ns).fetch_add(static_cast<std::uint64_t>(std::max<Nanos>(device, 0)), std::memory_order_relaxed);
  }
  ChargeDeviceTime(account, share, device, engine, tuning_, now);

  flexai_turn& turn = HolderTurn(me_);
  if (ours()) Atomic(turn.progress_ns).store(now, std::memory_order_relaxed);
  while (ours()) {
    Lease next = seen;
    next.in_flight -= std::min(next.in_flight, count);
    Candidate best;
    bool keep = false;
    if (next.in_flight == 0) {
      // Decide before the lease can be seen idle: keep it through the coming pause, or let it go.
      if (!seen.yield && OthersWait()) {
        best = BestWaiter(false, now);
        const bool comes_back = wake_submitter || Load(self().patience) != 0;  // woken below, or known for its short pauses
        keep = best.found && !MustYield(best, now) && comes_back && CapCredit(account, share, 0, tuning_, now) > 0;
      }
      Atomic(turn.idle_ns).store(now, std::memory_order_relaxed);
      const Nanos patience = wake_submitter ? tuning_.anticipation_ns : Patience(self(), tuning_);
      Atomic(turn.keep_ns).store(keep ? now + patience : now, std::memory_order_relaxed);
      Atomic(turn.estimate_ns).store(0, std::memory_order_relaxed);
    }
    if (!lease().compare_exchange_strong(word, next.Pack(), std::memory_order_seq_cst)) {
      seen = Lease::Unpack(word);
      continue;
    }
    if (next.in_flight != 0) break;
    if (keep) {
      // Somebody must look when the pause is over. Behind a holder that always comes back, the waiters' own polling is enough.
      if (Load(self().patience) < tuning_.patience_trusted) waker_.wake(waker_.context, best.process);
    } else if (seen.yield || OthersWait()) {
      PassOn(next.Pack(), true, now);
    }
    break;
  }
  if (wake_submitter) waker_.wake(waker_.context, process_);
}

void Arbiter::GiveBack(Nanos now) noexcept {
  const std::uint64_t word = lease().load(std::memory_order_seq_cst);
  const Lease seen = Lease::Unpack(word);
  if (seen.holder == me_ && seen.in_flight == 0) PassOn(word, false, now);
}

}  // namespace flexai::slice
