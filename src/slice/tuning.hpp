// The numbers of the arbiter, in one place with their reasons. All in nanoseconds of the host clock unless said otherwise.
#pragma once

#include <cstdint>

#include "core/clock.hpp"

namespace flexai::slice {

struct Tuning {
  Nanos window_ns = 8 * kMillisecond;             // alone: long, so that the submitter sleeps rarely
  Nanos window_contended_ns = 4 * kMillisecond;   // somebody waits
  Nanos window_priority_ns = 500 * kMicrosecond;  // somebody of higher priority was active lately: its latency is this plus one command
  Nanos window_pair_ns = 2 * kMillisecond;        // two commands of together up to this may always be in flight
  Nanos turn_ns = 4 * kMillisecond;  // among equals: a hand-over idles the device for some 60 us, and a returning tenant is promised 5 ms
  Nanos anticipation_ns =
      300 * kMicrosecond;              // longest pause for which an under-served synchronous client keeps the lease (Iyer & Druschel 2001)
  Nanos grant_ns = 5 * kMillisecond;   // a lease handed to a process that does not come to use it is taken back after this
  Nanos stall_ns = 50 * kMillisecond;  // the stall valve opens after max(this, 4 x estimate) without progress
  Nanos cap_period_ns = 20 * kMillisecond;  // token bucket of a cap: a client at 10 % stalls for at most 18 ms
  Nanos owed_ns = 5 * kMillisecond;  // a guarantee this far behind goes before a higher priority: a quarter of the cap's period, or a
                                     // slice capped at its request would lose what its bucket cannot hold
  Nanos lag_limit_ns = 200 * kMillisecond;         // a guarantee never claims more than this of the past
  Nanos lead_limit_ns = 100 * kMillisecond;        // idle capacity used above the guarantee counts against it for at most this long
  Nanos absent_ns = 10 * kMillisecond;             // silent longer than this: comes back as a newcomer, without credit
  Nanos unknown_estimate_ns = 250 * kMicrosecond;  // assumed of a command never seen before
  Nanos poll_ns = 10 * kMillisecond;               // every waiter looks at least this often: what a lost granter or a dead holder can cost
  Nanos poll_patient_ns = kMillisecond;  // the same behind a holder that is trusted to come back and therefore wakes nobody in its pauses
  Nanos recent_ns = kSecond;             // a higher priority that was active within this keeps the window small
  std::uint32_t max_in_flight = 1024;    // far below any driver queue, so that a full queue never blocks under our gate
  std::uint32_t patience_full = 8;       // see flexai_process.patience
  std::uint32_t patience_trusted = 6;    // from here on no waiter is woken when the holder merely pauses
};

}  // namespace flexai::slice
