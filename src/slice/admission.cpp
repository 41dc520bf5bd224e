#include "slice/admission.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include <algorithm>

#include "slice/admission_lock.hpp"
#include "slice/arbiter.hpp"
#include "slice/ledger.hpp"
#include "slice/lifeline.hpp"
#include "slice/liveness.hpp"
#include "slice/slice_file.hpp"
#include "slice/usage.hpp"

namespace flexai::slice {
namespace {

// How long the memory of a dead process whose pid we cannot see stays charged: drivers free it at teardown, 150 ms and more with gigabytes mapped.
constexpr Nanos kUnseenTeardown = 500 * kMillisecond;

// Whoever was admitted registers next, microseconds later: until then a sweeper must not take the empty share for an abandoned one.
constexpr Nanos kJoinGrace = kSecond;

void CopyText(char* to, std::size_t room, std::string_view from) noexcept {
  const std::size_t n = std::min(from.size(), room - 1);
  memcpy(to, from.data(), n);
  memset(to + n, 0, room - n);
}

std::uint64_t OwnPidNamespace() noexcept {
  struct stat status{};
  return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

// Field 22 of /proc/<pid>/stat: when the process started, in clock ticks since boot. 0 when it cannot be read.
std::uint64_t StartTicks(const char* path) noexcept {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[1024];
  const ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return 0;
  text[n] = '\0';
  const char* p = strrchr(text, ')');  // the name may contain anything, also spaces and parentheses
  for (int field = 2; p != nullptr && field < 22; ++field) p = strchr(p + 1, ' ');
  if (p == nullptr) return 0;
  std::uint64_t ticks = 0;
  for (++p; *p >= '0' && *p <= '9'; ++p) ticks = ticks * 10 + static_cast<std::uint64_t>(*p - '0');
  return ticks;
}

void PidPath(std::uint32_t pid, char (&path)[40]) noexcept {
  char digits[12];
  int n = 0;
  do {
    digits[n++] = static_cast<char>('0' + pid % 10);
    pid /= 10;
  } while (pid != 0);
  char* out = path;
  for (const char c : {'/', 'p', 'r', 'o', 'c', '/'}) *out++ = c;
  while (n > 0) *out++ = digits[--n];
  for (const char c : {'/', 's', 't', 'a', 't', '\0'}) *out++ = c;
}

// Whether the kernel has finished with a process that is known to be dead.
bool IsReaped(const flexai_process& process, Nanos now) noexcept {
  const std::uint64_t own_namespace = OwnPidNamespace();
  if (own_namespace == 0 || process.pid_namespace != own_namespace || process.pid == 0)
    return now - Load(process.gone_ns) > kUnseenTeardown;
  if (kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH) return true;
  char path[40];
  PidPath(process.pid, path);
  const std::uint64_t ticks = StartTicks(path);
  if (ticks != 0 && ticks != process.start_ticks) return true;  // the pid is somebody else's by now
  // A program that replaced itself by execve keeps its pid; a zombie keeps it until its parent looks. In both its memory is gone within the teardown.
  return now - Load(process.gone_ns) > kUnseenTeardown;
}

// Whether a process that left no word of its death is gone all the same: it may have unmapped the region.
// Only for pids of our own namespace.
bool HasVanished(const flexai_process& process, std::uint64_t own_namespace) noexcept {
  if (own_namespace == 0 || process.pid_namespace != own_namespace || process.pid == 0) return false;
  return kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH;
}

void WakeProcess(void* context, std::uint32_t process) noexcept {
  auto* region = static_cast<const RegionView*>(context);
  std::uint32_t* word = &region->process(process).wake;
  Atomic(*word).fetch_add(1, std::memory_order_seq_cst);
  FutexWake(word, INT32_MAX);
}

void NudgeNobody(void*, std::uint32_t) noexcept {}

// Takes a dead process out of the queue and passes on what it held.
void ForgetInArbiter(const RegionView& region, std::uint32_t process, Nanos now) noexcept {
  Arbiter arbiter;
  RegionView view = region;
  arbiter.Bind(view, process, Tuning{}, Waker{WakeProcess, NudgeNobody, &view});
  arbiter.StopWaiting();
  (void)arbiter.ReclaimFromDead(now);
}

bool SomebodyIn(const RegionView& region, std::uint32_t slot) noexcept {
  for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i)
    if (StateOf(region.process(i)) != FLEXAI_PROCESS_FREE && region.slot_of(i) == slot) return true;
  return false;
}

// `flexai run` ends its slice as its last act, while it still keeps it.
bool IsOwnKeeper(const flexai_process& process) noexcept {
  return process.role == FLEXAI_ROLE_KEEPER && process.pid == static_cast<std::uint32_t>(getpid()) &&
         process.pid_namespace == OwnPidNamespace() && process.start_ticks == StartTicks("/proc/self/stat");
}

bool SomebodyElseIn(const RegionView& region, std::uint32_t slot) noexcept {
  for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i) {
    const flexai_process& process = region.process(i);
    if (StateOf(process) != FLEXAI_PROCESS_FREE && region.slot_of(i) == slot && !IsOwnKeeper(process)) return true;
  }
  return false;
}

std::uint64_t ReservedMemory(const RegionView& region) noexcept {
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < FLEXAI_REGION_SLICES; ++i) {
    const flexai_share& share = region.share(i);
    if (Load(share.state) == FLEXAI_SLOT_ACTIVE && (Load(share.flags) & FLEXAI_SHARE_RESERVES_MEMORY) != 0) sum += Load(share.memory_bytes);
  }
  return sum;
}

void SetReserved(const RegionView& region, std::uint64_t bytes) noexcept {
  Atomic(region.quota->header.reserved_memory_bytes).store(bytes, std::memory_order_seq_cst);
}

void BumpEpoch(const RegionView& region) noexcept { Atomic(region.quota->header.epoch).fetch_add(1, std::memory_order_release); }

std::int64_t WallSeconds() noexcept {
  timespec wall{};
  clock_gettime(CLOCK_REALTIME, &wall);
  return wall.tv_sec;
}

void EndShare(const RegionView& region, std::uint32_t slot) noexcept {
  EndUsage(region, slot, MonotonicNow(), WallSeconds());
  Atomic(region.share(slot).state).store(FLEXAI_SLOT_FREE, std::memory_order_seq_cst);
  SetReserved(region, ReservedMemory(region));  // lowered after the share is gone
  BumpEpoch(region);
}

// Under the lock: shares nobody lives in end; records of processes that died while attaching are free again.
void SweepLocked(const RegionView& region, bool quota_writable, Nanos now) noexcept {
  for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i) {
    const std::uint64_t life = Load(region.process(i).life);
    if (StateOf(life) == FLEXAI_PROCESS_ATTACHING)
      Atomic(region.process(i).life).store(WithState(life, FLEXAI_PROCESS_FREE), std::memory_order_release);
  }
  Sweep(region, now);
  if (!quota_writable) return;
  for (std::uint32_t slot = 0; slot < FLEXAI_REGION_SLICES; ++slot) {
    const flexai_share& share = region.share(slot);
    const bool is_new = Load(region.account(slot).joined) != Load(share.generation) && now - share.created_ns < kJoinGrace;
    if (Load(region.share(slot).state) == FLEXAI_SLOT_ACTIVE && !is_new && !SomebodyIn(region, slot)) EndShare(region, slot);
  }
  if (Load(region.quota->header.reserved_memory_bytes) != ReservedMemory(region))
    SetReserved(region, ReservedMemory(region));  // a dead admission's
}

std::uint32_t GuaranteedPermille(const RegionView& region, std::uint32_t except) noexcept {
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < FLEXAI_REGION_SLICES; ++i)
    if (i != except && Load(region.share(i).state) == FLEXAI_SLOT_ACTIVE) sum += region.compute(i).request_permille;
  return sum;
}

constexpr std::uint32_t kNoSlot = FLEXAI_REGION_SLICES;

// Names the slice that holds most of what is short.
template <class Amount>
void NameLargest(const RegionView& region, Refusal& why, Amount amount) noexcept {
  std::uint64_t most = 0;
  for (std::uint32_t i = 0; i < FLEXAI_REGION_SLICES; ++i) {
    if (Load(region.share(i).state) != FLEXAI_SLOT_ACTIVE) continue;
    const std::uint64_t held = amount(i);
    if (held <= most) continue;
    most = held;
    memcpy(why.holder, region.share(i).name, sizeof why.holder);
    why.holder[sizeof why.holder - 1] = '\0';
  }
}

Outcome CheckCompute(const RegionView& region, std::uint32_t except, CoreShare request, Refusal& why) noexcept {
  const std::uint32_t taken = GuaranteedPermille(region, except);
  why.free_permille = taken < kWholeXpu.permille ? kWholeXpu.permille - taken : 0;
  if (request.permille <= why.free_permille) return Outcome::kOk;
  NameLargest(region, why, [&](std::uint32_t i) { return i == except ? 0 : std::uint64_t{region.compute(i).request_permille}; });
  return Outcome::kExhausted;
}

Outcome CheckMemory(const RegionView& region, std::uint64_t reserved_by_others, Bytes wanted, Refusal& why) noexcept {
  const std::uint64_t device = region.quota->header.device_memory_bytes;
  // Raised first, looked at second: an allocation of a slice without reservation either sees the new reservation or is seen here.
  SetReserved(region, reserved_by_others + wanted.value);
  const std::uint64_t unreserved = Atomic(region.state->header.unreserved.used_bytes).load(std::memory_order_seq_cst);
  const std::uint64_t taken = reserved_by_others + unreserved;
  why.free_memory = {taken < device ? device - taken : 0};
  if (wanted <= why.free_memory) return Outcome::kOk;
  SetReserved(region, reserved_by_others);
  NameLargest(region, why, [&](std::uint32_t i) {
    return (region.share(i).flags & FLEXAI_SHARE_RESERVES_MEMORY) != 0 ? Load(region.share(i).memory_bytes) : HeldBySlice(region, i);
  });
  return Outcome::kExhausted;
}

bool IsValid(const ShareSpec& share) noexcept {
  return share.request <= share.limit && share.limit <= kWholeXpu && share.limit.permille >= 1 &&
         (!share.reserves_memory || share.memory.value != 0);
}

bool IsCurrent(const RegionView& region, SlotRef ref) noexcept {
  if (ref.slot >= FLEXAI_REGION_SLICES) return false;
  const flexai_share& share = region.share(ref.slot);
  return Load(share.state, std::memory_order_acquire) == FLEXAI_SLOT_ACTIVE && Load(share.generation) == ref.generation;
}

Outcome Lock(RegionFile& region, AdmissionLock& lock, Refusal* why) noexcept {
  std::int32_t holder = 0;
  const Outcome outcome = lock.Acquire(region.lock_path().c_str(), holder);
  if (why != nullptr) why->lock_holder_pid = holder;
  return outcome;
}

// A slot without a share: one that never had any, or the one whose share ended longest ago. The others can still be read.
std::uint32_t SlotToGiveAway(const RegionView& region) noexcept {
  std::uint32_t oldest = kNoSlot;
  Nanos oldest_end = INT64_MAX;
  for (std::uint32_t i = 0; i < FLEXAI_REGION_SLICES; ++i) {
    const flexai_share& share = region.share(i);
    if (Load(share.state) == FLEXAI_SLOT_ACTIVE) continue;
    const std::optional<ShareEnd> end = EndOf(region, i);
    const Nanos ended = Load(share.generation) == 0 ? INT64_MIN : end ? end->at_ns : share.created_ns;
    if (oldest != kNoSlot && ended >= oldest_end) continue;
    oldest = i;
    oldest_end = ended;
  }
  return oldest;
}

void ResetAccount(const RegionView& region, std::uint32_t slot, ComputeShare share, Nanos now) noexcept {
  flexai_slice_account& account = region.account(slot);
  for (std::uint64_t* counter :
       {&account.vtime, &account.device_ns, &account.copy_ns, &account.think_ns, &account.overlap_ns, &account.wait_ns, &account.commands,
        &account.bypass_attempts, &account.memory_refusals, &account.memory_peak_bytes, &account.valve_opened})
    Atomic(*counter).store(0, std::memory_order_relaxed);
  Atomic(account.guarantee_ns).store(now, std::memory_order_relaxed);
  // A new capped slice starts with an empty bucket: over any interval, also its first, it gets no more than its cap and what is in flight.
  Atomic(account.cap_ns).store(share.limit_permille < 1000 ? now : 0, std::memory_order_relaxed);
  Atomic(account.active_ns).store(0, std::memory_order_relaxed);
}

}  // namespace

Outcome Admit(RegionFile& region_file, const AdmitRequest& request, SlotRef& out, Refusal& why) noexcept {
  why = Refusal{};
  if (!IsSliceName(request.name) || !IsValid(request.share)) return Outcome::kInvalid;
  if (!region_file.quota_writable()) {
    errno = EACCES;
    return Outcome::kIo;
  }
  const RegionView& region = region_file.view();
  AdmissionLock lock;
  if (const Outcome outcome = Lock(region_file, lock, &why); outcome != Outcome::kOk) return outcome;
  const Nanos now = MonotonicNow();
  SweepLocked(region, true, now);

  const std::uint32_t slot = SlotToGiveAway(region);
  if (SlotRef living; FindShare(region, request.name, living)) {
    memcpy(why.holder, region.share(living.slot).name, sizeof why.holder);
    return Outcome::kExists;
  }
  if (const Outcome outcome = CheckCompute(region, kNoSlot, request.share.request, why); outcome != Outcome::kOk) return outcome;
  const std::uint64_t reserved = ReservedMemory(region);
  if (request.share.reserves_memory) {
    if (const Outcome outcome = CheckMemory(region, reserved, request.share.memory, why); outcome != Outcome::kOk) return outcome;
  } else {
    const std::uint64_t taken = reserved + Load(region.state->header.unreserved.used_bytes);
    why.free_memory = {taken < region.quota->header.device_memory_bytes ? region.quota->header.device_memory_bytes - taken : 0};
  }
  if (slot == kNoSlot) {
    SetReserved(region, reserved);
    return Outcome::kExhausted;
  }

  flexai_share& share = region.share(slot);
  const ComputeShare compute{request.share.request.permille, request.share.limit.permille, request.share.priority};
  const std::uint32_t generation = Load(share.generation) + 1;
  ForgetUsage(region, slot);
  ResetAccount(region, slot, compute, now);
  BeginUsage(region, slot, generation, compute.request_permille, now);
  Atomic(share.generation).store(generation, std::memory_order_relaxed);
  Atomic(share.compute).store(compute.Pack(), std::memory_order_relaxed);
  Atomic(share.memory_bytes).store(request.share.reserves_memory ? request.share.memory.value : 0, std::memory_order_relaxed);
  Atomic(share.flags)
      .store((request.share.reserves_memory ? std::uint32_t{FLEXAI_SHARE_RESERVES_MEMORY} : 0u) |
                 (request.gang ? std::uint32_t{FLEXAI_SHARE_GANG} : 0u),
             std::memory_order_relaxed);
  share.owner_uid = geteuid();
  share.created_ns = now;
  share.created_unix_s = WallSeconds();
  CopyText(share.name, sizeof share.name, request.name);
  CopyText(share.command, sizeof share.command, request.command);
  out = {slot, generation};
  Atomic(share.state).store(FLEXAI_SLOT_ACTIVE, std::memory_order_seq_cst);
  BumpEpoch(region);
  return Outcome::kOk;
}

Outcome Change(RegionFile& region_file, SlotRef ref, const ShareChange& change, Refusal& why) noexcept {
  why = Refusal{};
  if (!region_file.quota_writable()) {
    errno = EACCES;
    return Outcome::kIo;
  }
  const RegionView& region = region_file.view();
  AdmissionLock lock;
  if (const Outcome outcome = Lock(region_file, lock, &why); outcome != Outcome::kOk) return outcome;
  SweepLocked(region, true, MonotonicNow());
  if (!IsCurrent(region, ref)) return Outcome::kStale;

  flexai_share& share = region.share(ref.slot);
  ComputeShare compute = region.compute(ref.slot);
  if (change.set_compute) {
    if (change.request > change.limit || change.limit > kWholeXpu || change.limit.permille == 0) return Outcome::kInvalid;
    if (const Outcome outcome = CheckCompute(region, ref.slot, change.request, why); outcome != Outcome::kOk) return outcome;
    compute.request_permille = change.request.permille;
    compute.limit_permille = change.limit.permille;
  }
  if (change.set_priority) compute.priority = change.priority;
  if (change.set_memory) {
    if ((Load(share.flags) & FLEXAI_SHARE_RESERVES_MEMORY) == 0 || change.memory.value == 0) return Outcome::kInvalid;
    const std::uint64_t before = Load(share.memory_bytes);
    const std::uint64_t others = ReservedMemory(region) - before;
    const std::uint64_t held = HeldBySlice(region, ref.slot);
    if (change.memory.value < held) {
      CopyText(why.holder, sizeof why.holder, share.name);
      why.free_memory = {held};
      return Outcome::kExhausted;
    }
    if (const Outcome outcome = CheckMemory(region, others, change.memory, why); outcome != Outcome::kOk) {
      SetReserved(region, others + before);
      return outcome;
    }
    Atomic(share.memory_bytes).store(change.memory.value, std::memory_order_seq_cst);
  }
  if (change.set_compute || change.set_priority) {
    // A slice that lived under another class or cap has a virtual time of its own: it joins the others level, without credit or debt from before.
    ChangeUsage(region, ref.slot, compute.request_permille, Tuning{}, MonotonicNow());
    Atomic(share.compute).store(compute.Pack(), std::memory_order_seq_cst);
    JoinQueue(region, ref.slot, false, Tuning{}, MonotonicNow());
  }
  BumpEpoch(region);
  return Outcome::kOk;
}

static Outcome EndWhenEmpty(RegionFile& region_file, SlotRef ref, bool (*somebody_in)(const RegionView&, std::uint32_t)) noexcept {
  if (!region_file.quota_writable()) {
    errno = EACCES;
    return Outcome::kIo;
  }
  const RegionView& region = region_file.view();
  AdmissionLock lock;
  if (const Outcome outcome = Lock(region_file, lock, nullptr); outcome != Outcome::kOk) return outcome;
  if (!IsCurrent(region, ref)) return Outcome::kStale;
  SweepLocked(region, false, MonotonicNow());
  if (somebody_in(region, ref.slot)) return Outcome::kExists;
  EndShare(region, ref.slot);
  return Outcome::kOk;
}

Outcome End(RegionFile& region_file, SlotRef ref) noexcept { return EndWhenEmpty(region_file, ref, SomebodyIn); }

Outcome EndKept(RegionFile& region_file, SlotRef ref) noexcept { return EndWhenEmpty(region_file, ref, SomebodyElseIn); }

Outcome Register(RegionFile& region_file, SlotRef ref, std::uint16_t role, std::uint32_t& process_index) noexcept {
  const RegionView& region = region_file.view();
  AdmissionLock lock;
  if (const Outcome outcome = Lock(region_file, lock, nullptr); outcome != Outcome::kOk) return outcome;
  if (!IsCurrent(region, ref)) return Outcome::kStale;
  SweepLocked(region, false, MonotonicNow());
  if (!IsCurrent(region, ref)) return Outcome::kStale;
  std::uint32_t index = 0;
  while (index < FLEXAI_REGION_PROCESSES && StateOf(region.process(index)) != FLEXAI_PROCESS_FREE) ++index;
  if (index == FLEXAI_REGION_PROCESSES) return Outcome::kExhausted;

  flexai_process& process = region.process(index);
  const std::uint64_t generation = ((Load(process.life) >> 8) + 1) << 8;
  MarkCounting(region, index, generation >> 8);
  Atomic(process.life).store(WithState(generation, FLEXAI_PROCESS_ATTACHING), std::memory_order_seq_cst);
  Atomic(process.alive).store(0, std::memory_order_relaxed);
  Atomic(process.slot).store(static_cast<std::uint16_t>(ref.slot), std::memory_order_relaxed);
  process.role = role;
  process.slot_generation = ref.generation;
  process.pid = static_cast<std::uint32_t>(getpid());
  process.start_ticks = StartTicks("/proc/self/stat");
  process.pid_namespace = OwnPidNamespace();
  Atomic(process.gone_ns).store(0, std::memory_order_relaxed);
  process.uid = geteuid();
  memset(process.comm, 0, sizeof process.comm);
  prctl(PR_GET_NAME, process.comm);
  for (std::uint32_t* word : {&process.unflushed, &process.in_flight, &process.patience}) Atomic(*word).store(0, std::memory_order_relaxed);
  for (std::int64_t* word : {&process.wait_since_ns, &process.think_ns, &process.turn.granted_ns, &process.turn.progress_ns,
                             &process.turn.idle_ns, &process.turn.keep_ns, &process.turn.estimate_ns})
    Atomic(*word).store(0, std::memory_order_relaxed);
  for (std::uint64_t* word : {&process.device_ns, &process.commands}) Atomic(*word).store(0, std::memory_order_relaxed);
  // Whatever the last process of this record left unfinished, should its sweeper have died half-way.
  ForgetInArbiter(region, index, MonotonicNow());
  // `memory` stays: it holds nothing, and its operation number must go on where the last tenant of the record stopped.

  Atomic(region.account(ref.slot).joined).store(ref.generation, std::memory_order_relaxed);
  region_file.KeepMapped();
  const Outcome outcome = StartLifeline(&process.alive);
  const bool lives = outcome == Outcome::kOk;
  Atomic(process.life).store(WithState(generation, lives ? FLEXAI_PROCESS_LIVE : FLEXAI_PROCESS_FREE), std::memory_order_seq_cst);
  process_index = index;
  return outcome;
}

void Sweep(const RegionView& region, Nanos now) noexcept {
  const std::uint64_t own_namespace = OwnPidNamespace();
  for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i) {
    flexai_process& process = region.process(i);
    std::uint64_t life = Load(process.life, std::memory_order_acquire);
    if (StateOf(life) == FLEXAI_PROCESS_LIVE && ((Load(process.alive) & kOwnerDied) != 0 || HasVanished(process, own_namespace))) {
      Atomic(process.gone_ns).store(now, std::memory_order_relaxed);
      if (!Atomic(process.life).compare_exchange_strong(life, WithState(life, FLEXAI_PROCESS_GONE), std::memory_order_acq_rel)) continue;
      life = WithState(life, FLEXAI_PROCESS_GONE);
      ForgetInArbiter(region, i, now);
    }
    if (StateOf(life) != FLEXAI_PROCESS_GONE || !IsReaped(process, now)) continue;
    ForgetInArbiter(region, i, now);  // once more: whoever saw the death may have died right after noting it
    ReleaseAllMemory(region, i);
    Atomic(process.life).compare_exchange_strong(life, WithState(life, FLEXAI_PROCESS_FREE), std::memory_order_acq_rel);
  }
}

Outcome SweepShares(RegionFile& region) noexcept {
  if (!region.quota_writable()) return Outcome::kIo;
  AdmissionLock lock;
  if (const Outcome outcome = Lock(region, lock, nullptr); outcome != Outcome::kOk) return outcome;
  SweepLocked(region.view(), true, MonotonicNow());
  return Outcome::kOk;
}

bool FindShare(const RegionView& region, std::string_view name, SlotRef& out) noexcept {
  for (std::uint32_t i = 0; i < FLEXAI_REGION_SLICES; ++i) {
    const flexai_share& share = region.share(i);
    if (Load(share.state, std::memory_order_acquire) != FLEXAI_SLOT_ACTIVE) continue;
    if (name.size() < sizeof share.name && strncmp(share.name, name.data(), name.size()) == 0 && share.name[name.size()] == '\0') {
      out = {i, Load(share.generation)};
      return true;
    }
  }
  return false;
}

}  // namespace flexai::slice
