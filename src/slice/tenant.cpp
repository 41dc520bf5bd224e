#include "slice/tenant.hpp"

#include <sys/mman.h>
#include <unistd.h>
#include <cerrno>
#include <ctime>

#include <algorithm>
#include <climits>
#include <new>
#include <type_traits>

#include "slice/admission.hpp"
#include "slice/gang.hpp"
#include "slice/lifeline.hpp"

namespace flexai::slice {
namespace {

constexpr Nanos kSweepEvery = 250 * kMillisecond;  // by those who wait; everybody else sweeps when he needs room

void WakeProcess(void* context, std::uint32_t process) noexcept {
  const auto* region = static_cast<const RegionView*>(context);
  std::uint32_t* word = &region->process(process).wake;
  Atomic(*word).fetch_add(1, std::memory_order_seq_cst);
  FutexWake(word, INT_MAX);
}

void NudgeProcess(void* context, std::uint32_t process) noexcept {
  const auto* region = static_cast<const RegionView*>(context);
  std::uint32_t* word = &region->process(process).nudge;
  Atomic(*word).fetch_add(1, std::memory_order_seq_cst);
  FutexWake(word, 1);
}

// Waiting for another thread's attach: rare and short, so no futex.
void Nap() noexcept {
  const timespec time{0, 50'000};
  nanosleep(&time, nullptr);
}

}  // namespace

// ---- compute ------------------------------------------------------------------------------------------------------------------------------------

Ticket Tenant::Admit(Nanos estimate, std::uint32_t count) noexcept {
  if (membership_->count_ > 1) return AdmitGang(estimate, count);
  GateState gate;
  const Attempt attempt = arbiter_.TryAdmit(estimate, count, gate, MonotonicNow());
  if (attempt.kind == Attempt::Kind::kAdmitted) return attempt.ticket;
  return AdmitSlowly(estimate, count, gate);
}

Ticket Tenant::AdmitSlowly(Nanos estimate, std::uint32_t count, GateState& gate) noexcept {
  const Nanos started = MonotonicNow();
  Nanos swept = started;
  Submitter& submitter = arbiter_.submitter();
  submitter.Block();
  for (;;) {
    const std::uint32_t word = Load(self().wake, std::memory_order_seq_cst);
    const Nanos now = MonotonicNow();
    const Attempt attempt = arbiter_.TryAdmit(estimate, count, gate, now);
    if (attempt.kind == Attempt::Kind::kAdmitted) {
      submitter.Unblock();
      Atomic(account().wait_ns).fetch_add(static_cast<std::uint64_t>(now - started), std::memory_order_relaxed);
      return attempt.ticket;
    }
    if (now - swept > kSweepEvery) {
      swept = now;
      Sweep(region_.view(), now);
    }
    SleepUntilWoken(word, attempt.until_ns);
  }
}

void Tenant::SleepUntilWoken(std::uint32_t word_seen, Nanos until) noexcept {
  // A lease never rests on unflushed work: what we admitted must run while we sleep, or nobody gets on.
  if (Load(self().unflushed) != 0) membership_->flusher_(*this, membership_->flusher_context_);
  FutexWait(&self().wake, word_seen, until);
}

Ticket Tenant::AdmitGang(Nanos estimate, std::uint32_t count) noexcept {
  const Nanos started = MonotonicNow();
  Membership& all = *membership_;
  GateState gates[SliceFile::kMaxShares];
  Arbiter* arbiters[SliceFile::kMaxShares];
  for (std::uint32_t i = 0; i < all.count_; ++i) arbiters[i] = &all.tenants_[i].arbiter_;
  const auto target = static_cast<std::uint32_t>(this - all.tenants_);
  arbiter_.submitter().Block();
  for (bool waited = false;; waited = true) {
    std::uint32_t words[SliceFile::kMaxShares];
    for (std::uint32_t i = 0; i < all.count_; ++i) words[i] = Load(all.tenants_[i].self().wake, std::memory_order_seq_cst);
    const Nanos now = MonotonicNow();
    const GangAttempt gang = TryAdmitGang(arbiters, all.count_, target, estimate, count, gates, now);
    if (gang.attempt.kind == Attempt::Kind::kAdmitted) {
      arbiter_.submitter().Unblock();
      if (waited) Atomic(account().wait_ns).fetch_add(static_cast<std::uint64_t>(now - started), std::memory_order_relaxed);
      return gang.attempt.ticket;
    }
    all.tenants_[gang.waits_on].SleepUntilWoken(words[gang.waits_on], gang.attempt.until_ns);
  }
}

Ticket Tenant::AdmitNow(Nanos estimate, std::uint32_t count) noexcept { return arbiter_.AdmitBeside(estimate, count, MonotonicNow()); }

void Tenant::Complete(const Ticket& ticket, const BusyInterval& busy, std::uint32_t count) noexcept {
  pthread_mutex_lock(&busy_mutex_);
  const Nanos fresh = busy_[busy.host_clock ? 1 : 0].Add(busy.start_ns, busy.end_ns);
  pthread_mutex_unlock(&busy_mutex_);
  arbiter_.Complete(ticket, fresh, busy.engine, MonotonicNow(), count);
}

void Tenant::Abandon(const Ticket& ticket) noexcept { arbiter_.Complete(ticket, 0, Engine::kCompute, MonotonicNow()); }

bool Tenant::Contended() const noexcept { return arbiter_.Contended(); }
bool Tenant::Alone() const noexcept { return membership_->count_ == 1 && arbiter_.Alone(); }

// seq_cst: either the waiter that announced itself sees the mark and nudges us, or our next look at Contended sees the waiter.
void Tenant::MarkUnflushed() noexcept {
  if (Load(self().unflushed) == 0) Atomic(self().unflushed).store(1, std::memory_order_seq_cst);
}

void Tenant::MarkFlushed() noexcept {
  if (Load(self().unflushed) != 0) Atomic(self().unflushed).store(0, std::memory_order_seq_cst);
}

std::uint32_t Tenant::StampsVerdict(std::uint64_t driver_hash) const noexcept {
  const std::uint64_t word = Load(region_.view().state->header.stamps);
  return word >> 8 == driver_hash >> 8 ? static_cast<std::uint32_t>(word & 0xff) : std::uint32_t{FLEXAI_STAMPS_UNKNOWN};
}

void Tenant::LearnStamps(std::uint64_t driver_hash, std::uint32_t verdict) noexcept {
  // The field holds 56 bits of the hash above the verdict.
  Atomic(region_.view().state->header.stamps).store((driver_hash & ~0xffULL) | (verdict & 0xff), std::memory_order_relaxed);
}

// ---- memory -------------------------------------------------------------------------------------------------------------------------------------

Outcome Tenant::Reserve(Bytes amount) noexcept {
  const Outcome outcome = memory_.Reserve(amount);
  if (outcome != Outcome::kExhausted) return outcome;
  Sweep(region_.view(), MonotonicNow());  // the dead may hold what is missing
  return memory_.Reserve(amount);
}

void Tenant::ReserveUnconditionally(Bytes amount) noexcept { memory_.ReserveUnconditionally(amount); }
void Tenant::Release(Bytes amount) noexcept { memory_.Release(amount); }

Bytes Tenant::MemoryQuota() const noexcept {
  const flexai_share& share = region_.view().share(slot_);
  if ((Load(share.flags) & FLEXAI_SHARE_RESERVES_MEMORY) != 0) return {Load(share.memory_bytes)};
  return {region_.view().quota->header.device_memory_bytes};
}

Bytes Tenant::MemoryHeld() const noexcept { return {HeldBySlice(region_.view(), slot_)}; }

void Tenant::CountBypassAttempt() noexcept { Atomic(account().bypass_attempts).fetch_add(1, std::memory_order_relaxed); }

void* Tenant::HelperThread(void* argument) {
  auto* tenant = static_cast<Tenant*>(argument);
  for (;;) {
    const std::uint32_t word = Load(tenant->self().nudge, std::memory_order_seq_cst);
    if (Load(tenant->self().unflushed, std::memory_order_seq_cst) != 0)
      tenant->membership_->flusher_(*tenant, tenant->membership_->flusher_context_);
    FutexWait(&tenant->self().nudge, word, MonotonicNow() + 3600 * kSecond);
  }
}

// ---- membership ---------------------------------------------------------------------------------------------------------------------------------

Membership& Membership::Process() noexcept {
  alignas(Membership) static unsigned char storage[sizeof(Membership)];
  static std::atomic<int> made{0};
  int seen = 0;
  if (made.load(std::memory_order_acquire) != 2) {
    if (made.compare_exchange_strong(seen, 1, std::memory_order_acquire)) {
      new (storage) Membership;
      made.store(2, std::memory_order_release);
    }
    while (made.load(std::memory_order_acquire) != 2) Nap();
  }
  return *std::launder(reinterpret_cast<Membership*>(storage));
}

bool Membership::Attached() const noexcept { return own_page_ != nullptr && Load(*own_page_, std::memory_order_acquire) != 0; }

Outcome Membership::Attach(const char* path, Flusher flusher, void* context) noexcept {
  if (Attached()) return Outcome::kOk;
  const std::int64_t self = getpid();
  // The pid and not a flag: a child forked while a thread of its parent was joining may step over it.
  for (;;) {
    std::int64_t seen = joining_.load(std::memory_order_relaxed);
    if (seen != self && joining_.compare_exchange_strong(seen, self, std::memory_order_acquire)) break;
    Nap();
  }
  if (!Attached() && outcome_pid_ != self) {
    flusher_ = flusher;
    flusher_context_ = context;
    outcome_ = Join(path);
    outcome_pid_ = self;
  }
  const Outcome outcome = outcome_;
  joining_.store(0, std::memory_order_release);
  return outcome;
}

Outcome Membership::Join(const char* path) noexcept {
  if (own_page_ == nullptr) {
    const auto page_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* page = mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return Outcome::kIo;
    if (madvise(page, page_bytes, MADV_WIPEONFORK) != 0) {
      munmap(page, page_bytes);
      return Outcome::kUnenforceable;  // forks could not be seen
    }
    own_page_ = static_cast<std::uint32_t*>(page);
  }
  if (const Outcome outcome = ReadSliceFile(path, slice_); outcome != Outcome::kOk) return outcome;
  const Path file(path, "");
  if (file.empty()) return Outcome::kInvalid;
  const Path directory(file.directory(), "");
  count_ = 0;
  for (std::uint32_t i = 0; i < slice_.count; ++i) {
    const SliceFile::Share& share = slice_.shares[i];
    Tenant& tenant = tenants_[i];
    tenant.xpu_ = share.xpu;
    tenant.membership_ = this;
    RegionFile region;
    Outcome outcome = RegionFile::Open(directory.view(), share.xpu, region);
    if (outcome == Outcome::kOk && region.view().quota->header.pair_id != share.pair_id) outcome = Outcome::kStale;
    if (outcome == Outcome::kOk) outcome = Register(region, share.ref, FLEXAI_ROLE_TENANT, tenant.process_);
    if (outcome != Outcome::kOk) return outcome == Outcome::kNotFound ? Outcome::kStale : outcome;
    tenant.region_ = static_cast<RegionFile&&>(region);
    tenant.slot_ = share.ref.slot;
    static_assert(std::is_standard_layout_v<RegionView>);
    const Waker waker{WakeProcess, NudgeProcess, const_cast<RegionView*>(&tenant.region_.view())};
    tenant.arbiter_.Bind(tenant.region_.view(), tenant.process_, Tuning{}, waker);
    tenant.memory_.Bind(tenant.region_.view(), tenant.process_);
    pthread_mutex_init(&tenant.busy_mutex_, nullptr);
    for (BusyTime& busy : tenant.busy_) busy.Reset();
    if (!StartThread(Tenant::HelperThread, &tenant)) return Outcome::kIo;
  }
  count_ = slice_.count;
  Atomic(*own_page_).store(1, std::memory_order_seq_cst);
  return Outcome::kOk;
}

Tenant* Membership::Find(const XpuId& xpu) noexcept {
  for (std::uint32_t i = 0; i < count_; ++i)
    if (tenants_[i].xpu_ == xpu) return &tenants_[i];
  return nullptr;
}

}  // namespace flexai::slice
