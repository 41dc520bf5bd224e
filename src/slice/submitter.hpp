// One process's unfinished work on one XPU: how much device time it has in flight, and whether one more command fits into the window.
//
// The window W bounds what has to drain before the lease can change hands, so it is the bound on everybody else's latency. Pure: no clock, no waiting.
// Any thread: all fields are atomics of this process; a race between two submitting threads can pass the window by one command, which the debt repays.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "core/clock.hpp"
#include "slice/tuning.hpp"

namespace flexai::slice {

/// Returned by admission, handed back at completion.
struct Ticket {
  std::uint32_t sequence = 0;  // the lease it was admitted under
  bool leased = false;         // false: admitted beside the lease (overlap)
  bool alone = false;          // see Tenant::Alone, as of the admission
  Nanos estimate_ns = 0;       // expected device time; never negative
  Nanos admitted_ns = 0;
};

class Submitter {
 public:
  /// Whether a command expected to take `estimate` may join what is in flight under window `window`. One always may. A second may also where the window
  /// is a little too small for two, so that one runs while one waits: a device left idle between short commands loses more than a window is worth.
  [[nodiscard]] bool Fits(Nanos estimate, Nanos window, const Tuning& tuning) const noexcept {
    const std::uint32_t n = in_flight_.load(std::memory_order_relaxed);
    if (n == 0) return true;
    if (n >= tuning.max_in_flight) return false;
    const Nanos room = n == 1 ? std::max(2 * window, tuning.window_pair_ns) : window;
    return in_flight_ns_.load(std::memory_order_relaxed) + estimate <= room;
  }

  void Enter(Nanos estimate, std::uint32_t count) noexcept {
    in_flight_ns_.fetch_add(estimate * count, std::memory_order_relaxed);
    in_flight_.fetch_add(count, std::memory_order_relaxed);
  }

  /// Takes `count` commands of together `estimate` out. True when a submitter sleeps on the window and the low watermark (half of it) is reached: waking at every completion would
  /// cost 10 to 20 us each.
  [[nodiscard]] bool Leave(Nanos estimate, std::uint32_t count, Nanos window) noexcept {
    const Nanos left_ns = in_flight_ns_.fetch_sub(estimate, std::memory_order_relaxed) - estimate;
    const std::uint32_t left = in_flight_.fetch_sub(count, std::memory_order_seq_cst) - count;
    return blocked_.load(std::memory_order_seq_cst) != 0 && (left_ns <= window / 2 || left <= 1);
  }

  /// Around a sleep on the window. seq_cst pairs with Leave: either the sleeper sees the smaller count or Leave sees the sleeper.
  void Block() noexcept { blocked_.fetch_add(1, std::memory_order_seq_cst); }
  void Unblock() noexcept { blocked_.fetch_sub(1, std::memory_order_seq_cst); }

  [[nodiscard]] Nanos in_flight_ns() const noexcept { return in_flight_ns_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t in_flight() const noexcept { return in_flight_.load(std::memory_order_relaxed); }

  void Reset() noexcept {
    in_flight_ns_.store(0, std::memory_order_relaxed);
    in_flight_.store(0, std::memory_order_relaxed);
    blocked_.store(0, std::memory_order_relaxed);
  }

 private:
  std::atomic<Nanos> in_flight_ns_{0};
  std::atomic<std::uint32_t> in_flight_{0};
  std::atomic<std::uint32_t> blocked_{0};
};

}  // namespace flexai::slice
