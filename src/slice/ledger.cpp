#include "slice/ledger.hpp"

#include <algorithm>

#include "slice/liveness.hpp"

namespace flexai::slice {
namespace {

constexpr std::uint64_t kOperationMask = (1ULL << 47) - 1;
constexpr std::uint64_t kSweep = 1ULL << 47;  // the change gives back all that a dead process held; it needs no intent

constexpr std::uint64_t Tag(std::uint32_t process, std::uint64_t operation) noexcept {
  return std::uint64_t{process + 1} << 48 | operation;
}

// Two words as one value for the 16-byte compare-and-swap. __sync and not std::atomic: libstdc++ would call libatomic, which the foreign build may not.
using Pair = unsigned __int128;
static_assert(sizeof(Pair) == 16);

Pair Join(std::uint64_t low, std::uint64_t high) noexcept { return static_cast<Pair>(high) << 64 | low; }
std::uint64_t Low(Pair pair) noexcept { return static_cast<std::uint64_t>(pair); }
std::uint64_t High(Pair pair) noexcept { return static_cast<std::uint64_t>(pair >> 64); }

template <class T>
Pair* Words(T& pair) noexcept {
  static_assert(sizeof(T) == sizeof(Pair) && alignof(T) == alignof(Pair));
  return reinterpret_cast<Pair*>(&pair);  // may_alias is not needed: every access goes through the builtins below
}

// TSan carries out 16-byte operations under a lock of its own process, which other processes do not see; so it must not touch these two.
#if defined(__SANITIZE_THREAD__)
#define FLEXAI_SHARED_SWAP __attribute__((noinline, no_sanitize("thread")))
#else
#define FLEXAI_SHARED_SWAP
#endif

template <class T>
FLEXAI_SHARED_SWAP bool Swap(T& pair, Pair expected, Pair desired) noexcept {
  StepHook();
  return __sync_bool_compare_and_swap(Words(pair), expected, desired);
}

// A consistent read: swapping a value with itself is the only 16-byte load there is.
template <class T>
FLEXAI_SHARED_SWAP Pair Read(T& pair) noexcept {
  StepHook();
  return __sync_val_compare_and_swap(Words(pair), Pair{0}, Pair{0});
}

// Finishes the change that `tag`, found on a total, names, if nobody has yet.
void Help(const RegionView& region, std::uint64_t tag) noexcept {
  if (tag == 0) return;
  flexai_process& author = region.process(static_cast<std::uint32_t>(tag >> 48) - 1);
  const std::uint64_t operation = tag & kOperationMask;
  const std::int64_t delta = Load(author.intent.delta_bytes, std::memory_order_acquire);
  const bool is_sweep = (tag & kSweep) != 0;
  if (!is_sweep && Load(author.intent.operation, std::memory_order_acquire) != operation)
    return;  // long finished: the author is at a later one
  for (;;) {
    const Pair account = Read(author.memory);
    if (High(account) != ((operation - 1) & kOperationMask)) return;
    const std::uint64_t held = is_sweep ? 0 : Low(account) + static_cast<std::uint64_t>(delta);
    if (Swap(author.memory, account, Join(held, operation))) return;
  }
}

}  // namespace

flexai_memory_total& TotalOf(const RegionView& region, std::uint32_t process) noexcept {
  const std::uint32_t slot = region.slot_of(process);
  const bool reserves = (Load(region.share(slot).flags) & FLEXAI_SHARE_RESERVES_MEMORY) != 0;
  return reserves ? region.account(slot).memory : region.state->header.unreserved;
}

std::uint64_t LimitOf(const RegionView& region, std::uint32_t process) noexcept {
  const flexai_share& share = region.share(region.slot_of(process));
  if ((Load(share.flags) & FLEXAI_SHARE_RESERVES_MEMORY) != 0) return Load(share.memory_bytes, std::memory_order_seq_cst);
  const std::uint64_t device = region.quota->header.device_memory_bytes;
  const std::uint64_t reserved = Load(region.quota->header.reserved_memory_bytes, std::memory_order_seq_cst);
  return device > reserved ? device - reserved : 0;
}

Outcome ChangeMemory(const RegionView& region, std::uint32_t process, std::int64_t delta, std::uint64_t limit) noexcept {
  flexai_process& self = region.process(process);
  flexai_memory_total& total = TotalOf(region, process);
  const std::uint64_t operation = (High(Read(self.memory)) + 1) & kOperationMask;
  // The delta is published by the operation number: a helper that reads this number reads this delta.
  Atomic(self.intent.operation).store(0, std::memory_order_relaxed);
  Atomic(self.intent.delta_bytes).store(delta, std::memory_order_release);
  Atomic(self.intent.operation).store(operation, std::memory_order_release);
  for (;;) {
    const Pair seen = Read(total);
    Help(region, High(seen));
    const std::uint64_t used = Low(seen);
    if (delta > 0 && (used > limit || static_cast<std::uint64_t>(delta) > limit - used)) return Outcome::kExhausted;
    if (Swap(total, seen, Join(used + static_cast<std::uint64_t>(delta), Tag(process, operation)))) break;
  }
  Help(region, Tag(process, operation));
  return Outcome::kOk;
}

void ReleaseAllMemory(const RegionView& region, std::uint32_t process) noexcept {
  flexai_memory_total& total = TotalOf(region, process);
  for (;;) {
    // The total first: if it is still the same at the swap, no other sweeper has acted since, so the account read after it was current.
    const Pair seen = Read(total);
    Help(region, High(seen));
    const Pair account = Read(region.process(process).memory);
    const std::uint64_t held = Low(account);
    // Still the dead one's record? Then the account read above was its own, and the swap below fails if anything moved since.
    if (held == 0 || StateOf(region.process(process)) != FLEXAI_PROCESS_GONE) return;
    const std::uint64_t tag = Tag(process, ((High(account) + 1) & kOperationMask) | kSweep);
    if (Swap(total, seen, Join(Low(seen) - held, tag))) {
      Help(region, tag);
      return;
    }
  }
}

std::uint64_t HeldByProcess(const RegionView& region, std::uint32_t process) noexcept { return Low(Read(region.process(process).memory)); }

std::uint64_t HeldBySlice(const RegionView& region, std::uint32_t slot) noexcept {
  std::uint64_t held = 0;
  for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i) {
    const std::uint32_t state = StateOf(region.process(i));
    if ((state == FLEXAI_PROCESS_LIVE || state == FLEXAI_PROCESS_GONE) && region.slot_of(i) == slot) held += HeldByProcess(region, i);
  }
  return held;
}

void MemoryAccount::Bind(const RegionView& region, std::uint32_t process) noexcept {
  region_ = region;
  process_ = process;
  pthread_mutex_init(&mutex_, nullptr);  // anew also in a forked child, where another thread may have held it
}

Outcome MemoryAccount::Change(std::int64_t delta, std::uint64_t limit) noexcept {
  pthread_mutex_lock(&mutex_);
  const Outcome outcome = ChangeMemory(region_, process_, delta, limit);
  pthread_mutex_unlock(&mutex_);
  return outcome;
}

Outcome MemoryAccount::Reserve(Bytes amount) noexcept {
  if (amount.value > static_cast<std::uint64_t>(INT64_MAX)) return Outcome::kExhausted;
  const Outcome outcome = Change(static_cast<std::int64_t>(amount.value), LimitOf(region_, process_));
  flexai_slice_account& account = region_.account(region_.slot_of(process_));
  if (outcome != Outcome::kOk) {
    Atomic(account.memory_refusals).fetch_add(1, std::memory_order_relaxed);
    return outcome;
  }
  const std::uint64_t used = Load(TotalOf(region_, process_).used_bytes);
  auto peak = Atomic(account.memory_peak_bytes);
  std::uint64_t seen = peak.load(std::memory_order_relaxed);
  while (seen < used && !peak.compare_exchange_weak(seen, used, std::memory_order_relaxed)) {
  }
  return outcome;
}

void MemoryAccount::ReserveUnconditionally(Bytes amount) noexcept { (void)Change(static_cast<std::int64_t>(amount.value), UINT64_MAX); }

void MemoryAccount::Release(Bytes amount) noexcept {
  pthread_mutex_lock(&mutex_);
  const std::uint64_t held = HeldByProcess(region_, process_);
  const std::uint64_t back = std::min(amount.value, held);
  if (back != 0) (void)ChangeMemory(region_, process_, -static_cast<std::int64_t>(back), 0);
  pthread_mutex_unlock(&mutex_);
}

}  // namespace flexai::slice
