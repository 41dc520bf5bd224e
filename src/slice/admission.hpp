// Who gets a share of an XPU: one locked, crash-safe transaction on its region, used by `flexai run`, the local queue and the kubelet plugin alike.
//
// The lock is a POSIX record lock on xpu-<id>.lock: the kernel releases it when its holder dies, in any PID namespace, and a child of fork never
// inherits it (an open-file-description lock or flock would live on in such a child). A living holder is named after one second (kBusy).
// Inside the lock every step leaves a valid table: a share becomes visible with one store and disappears with one store.
// Callers are single-threaded tools; one admission at a time per process.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/outcome.hpp"
#include "core/units.hpp"
#include "slice/region_file.hpp"

namespace flexai::slice {

/// The names of a slot of a region: stale once the generation moved on.
struct SlotRef {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
};

struct AdmitRequest {
  std::string_view name;     // 1..63 bytes, [A-Za-z0-9._-]; unique among living slices of the XPU
  std::string_view command;  // for people; shortened
  ShareSpec share;
  bool gang = false;  // the slice has shares of several XPUs
};

/// Why a request was refused, for a sentence to the user.
struct Refusal {
  std::uint32_t free_permille = 0;   // compute not guaranteed to anybody
  Bytes free_memory{};               // memory neither reserved nor held by slices that reserve nothing
  char holder[64] = {};              // the slice that holds most of what is missing, or the living holder of the name
  std::int32_t lock_holder_pid = 0;  // with kBusy; 0 when it is in another PID namespace
};

/// Begins a share. Sweeps first. The calling process should then register as its keeper: a share in which nobody lives is ended by the sweeps that come
/// later than a second from now.
/// Errors: kExhausted (Σ request, Σ memory, or 128 slices; see `why`), kExists, kInvalid, kBusy, kIo.
[[nodiscard]] Outcome Admit(RegionFile& region, const AdmitRequest& request, SlotRef& out, Refusal& why) noexcept;

/// Changes a living share in one step; what is not set stays. Memory can grow or shrink (not under what is held: kExhausted) but a slice that reserves
/// nothing cannot begin to reserve while it runs (kInvalid), nor the reverse.
struct ShareChange {
  bool set_compute = false, set_priority = false, set_memory = false;
  CoreShare request{}, limit{};
  Priority priority = Priority::kNormal;
  Bytes memory{};
};
[[nodiscard]] Outcome Change(RegionFile& region, SlotRef ref, const ShareChange& change, Refusal& why) noexcept;

/// Ends a share that no process lives in any more. kExists while one does (a share is never taken from under running work), kStale when it ended already.
[[nodiscard]] Outcome End(RegionFile& region, SlotRef ref) noexcept;
/// The same by the share's keeper, as its last act: its own record does not count. What it kept is free at once, not at the next sweep.
[[nodiscard]] Outcome EndKept(RegionFile& region, SlotRef ref) noexcept;

/// Registers the calling process in the share (under the lock) and returns its process index. `role`: flexai_process_role.
/// kStale, kExhausted (1,024 processes), kUnenforceable (no robust futexes), kBusy, kIo.
[[nodiscard]] Outcome Register(RegionFile& region, SlotRef ref, std::uint16_t role, std::uint32_t& process_index) noexcept;

/// Takes back what the dead held: leases at once, memory when their pids are gone (their drivers have given it back by then). Cheap when nobody died.
/// Everybody who gates, attaches, admits or lists calls it; no lock, any process, any time.
void Sweep(const RegionView& region, Nanos now) noexcept;
/// The same, and ends shares in which nobody lives. Takes the lock; needs a writable quota file (else kIo). Part of Admit, Change and Register too.
[[nodiscard]] Outcome SweepShares(RegionFile& region) noexcept;

/// Finds an active share by name.
[[nodiscard]] bool FindShare(const RegionView& region, std::string_view name, SlotRef& out) noexcept;

}  // namespace flexai::slice
