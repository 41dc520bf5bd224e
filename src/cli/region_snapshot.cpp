#include "cli/region_snapshot.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

#include "base/fds.hpp"
#include "cli/descendants.hpp"
#include "slice/ledger.hpp"
#include "slice/liveness.hpp"
#include "slice/usage.hpp"

namespace flexai::cli {
namespace {

template <std::size_t N>
std::string TextOf(const char (&text)[N]) {
  // Copied first: a writer may take the terminating zero away between two looks.
  std::array<char, N> copy;
  std::memcpy(copy.data(), text, N);
  return {copy.data(), strnlen(copy.data(), N)};
}

std::uint64_t OwnPidNamespace() noexcept {
  struct stat status{};
  return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

ProcessSnapshot CopyProcess(const slice::RegionView& region, std::uint32_t index, std::uint64_t own_namespace) {
  const flexai_process& process = region.process(index);
  ProcessSnapshot copy;
  copy.pid = process.pid;
  copy.start_ticks = process.start_ticks;
  copy.pid_is_ours = own_namespace != 0 && process.pid_namespace == own_namespace;
  copy.is_keeper = process.role == FLEXAI_ROLE_KEEPER;
  copy.comm = TextOf(process.comm);
  copy.uid = process.uid;
  copy.device_ns = slice::Load(process.device_ns);
  copy.commands = slice::Load(process.commands);
  copy.held_bytes = slice::HeldByProcess(region, index);
  copy.waits = slice::Load(process.wait_since_ns) != 0;
  return copy;
}

SliceSnapshot CopySlice(const slice::RegionView& region, std::uint32_t slot) {
  const flexai_share& share = region.share(slot);
  const flexai_slice_account& account = region.account(slot);
  SliceSnapshot copy;
  copy.ref = {slot, slice::Load(share.generation)};
  copy.name = TextOf(share.name);
  copy.command = TextOf(share.command);
  copy.owner_uid = share.owner_uid;
  const slice::ComputeShare compute = region.compute(slot);
  copy.request_permille = compute.request_permille;
  copy.limit_permille = compute.limit_permille;
  copy.priority = compute.priority;
  const std::uint32_t flags = slice::Load(share.flags);
  copy.reserves_memory = (flags & FLEXAI_SHARE_RESERVES_MEMORY) != 0;
  copy.is_gang = (flags & FLEXAI_SHARE_GANG) != 0;
  copy.reserved_bytes = copy.reserves_memory ? slice::Load(share.memory_bytes) : 0;
  copy.held_bytes = slice::HeldBySlice(region, slot);
  copy.created_ns = share.created_ns;
  copy.created_unix_s = share.created_unix_s;
  copy.device_ns = slice::Load(account.device_ns);
  copy.copy_ns = slice::Load(account.copy_ns);
  copy.think_ns = slice::Load(account.think_ns);
  copy.overlap_ns = slice::Load(account.overlap_ns);
  copy.wait_ns = slice::Load(account.wait_ns);
  copy.commands = slice::Load(account.commands);
  copy.bypass_attempts = slice::Load(account.bypass_attempts);
  copy.memory_refusals = slice::Load(account.memory_refusals);
  copy.memory_peak_bytes = slice::Load(account.memory_peak_bytes);
  copy.valve_opened = slice::Load(account.valve_opened);
  return copy;
}

void AddUsage(const slice::RegionView& region, slice::ShareLife life, Nanos until, SliceSnapshot& copy) {
  const slice::ShareUsage usage = slice::UsageOf(region, copy.ref.slot, life, until, slice::Tuning{});
  copy.asked_ns = usage.asked_ns;
  copy.idle_ns = usage.idle_ns;
}

// Nothing when the slot never had a share, has one, or was given away while we read it.
std::optional<EndedSlice> CopyEnded(const slice::RegionView& region, std::uint32_t slot) {
  const flexai_share& share = region.share(slot);
  const auto is_free = [&] { return slice::Load(share.state, std::memory_order_acquire) == FLEXAI_SLOT_FREE; };
  if (!is_free() || slice::Load(share.generation, std::memory_order_acquire) == 0) return std::nullopt;
  const std::uint32_t mark = slice::Load(share.ended_generation, std::memory_order_acquire);
  if (mark == FLEXAI_SHARE_GIVEN) return std::nullopt;
  const auto end = slice::EndOf(region, slot);
  EndedSlice copy{.slice = CopySlice(region, slot), .ended_ns = share.created_ns};
  copy.slice.held_bytes = 0;
  if (end) {
    copy.ended_ns = end->at_ns;
    copy.ended_unix_s = end->unix_s;
    AddUsage(region, slice::ShareLife::kEnded, end->at_ns, copy.slice);
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  if (!is_free() || slice::Load(share.generation) != copy.slice.ref.generation || slice::Load(share.ended_generation) != mark)
    return std::nullopt;
  return copy;
}

std::uint32_t PermilleOf(std::uint64_t part_before, std::uint64_t part_now, Nanos over) {
  // A slice that began anew in the slot, or a tenant that wrote nonsense: never negative, never beyond what a table can show.
  if (part_now <= part_before || over <= 0) return 0;
  const std::uint64_t part = std::min<std::uint64_t>(part_now - part_before, 1ULL << 53);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(part * 1000 / static_cast<std::uint64_t>(over), 999'999));
}

}  // namespace

std::optional<int> PidToSignal(const ProcessSnapshot& process) {
  if (!process.pid_is_ours || process.pid <= 1 || process.pid > INT_MAX) return std::nullopt;
  const auto text = ReadFile("/proc/" + std::to_string(process.pid) + "/stat");
  const auto stat = text ? ParseStat(*text) : std::nullopt;
  if (!stat || stat->start_ticks != process.start_ticks) return std::nullopt;
  return static_cast<int>(process.pid);
}

std::uint32_t RegionSnapshot::free_permille() const noexcept {
  std::uint32_t taken = 0;
  for (const SliceSnapshot& slice : slices) taken += slice.request_permille;
  return taken < kWholeXpu.permille ? kWholeXpu.permille - taken : 0;
}

std::uint64_t RegionSnapshot::free_memory_bytes() const noexcept {
  const std::uint64_t taken = reserved_memory_bytes + unreserved_memory_bytes;
  return taken < device_memory_bytes ? device_memory_bytes - taken : 0;
}

RegionSnapshot TakeSnapshot(const slice::RegionFile& region_file, Nanos now) {
  const slice::RegionView& region = region_file.view();
  const flexai_quota_header& header = region.quota->header;
  RegionSnapshot snapshot;
  snapshot.xpu = region_file.xpu();
  snapshot.kind = header.kind <= static_cast<std::uint32_t>(XpuKind::kOther) ? static_cast<XpuKind>(header.kind) : XpuKind::kOther;
  snapshot.model = TextOf(header.model);
  snapshot.driver = TextOf(header.driver);
  snapshot.device_memory_bytes = header.device_memory_bytes;
  snapshot.reserved_memory_bytes = slice::Load(header.reserved_memory_bytes);
  snapshot.unreserved_memory_bytes = slice::Load(region.state->header.unreserved.used_bytes);
  snapshot.stamps = static_cast<std::uint32_t>(slice::Load(region.state->header.stamps) & 0xff);
  snapshot.taken_ns = now;

  std::vector<std::size_t> position(FLEXAI_REGION_SLICES, FLEXAI_REGION_SLICES);
  for (std::uint32_t slot = 0; slot < FLEXAI_REGION_SLICES; ++slot)
    if (slice::Load(region.share(slot).state, std::memory_order_acquire) == FLEXAI_SLOT_ACTIVE) {
      snapshot.slices.push_back(CopySlice(region, slot));
      AddUsage(region, slice::ShareLife::kRunning, now, snapshot.slices.back());
    } else if (auto ended = CopyEnded(region, slot)) {
      snapshot.ended.push_back(std::move(*ended));
    }
  const auto began = [](const SliceSnapshot& slice) { return std::pair(slice.created_ns, slice.ref.slot); };
  std::sort(snapshot.slices.begin(), snapshot.slices.end(),
            [&](const SliceSnapshot& a, const SliceSnapshot& b) { return began(a) < began(b); });
  std::sort(snapshot.ended.begin(), snapshot.ended.end(),
            [&](const EndedSlice& a, const EndedSlice& b) { return began(a.slice) < began(b.slice); });
  for (std::size_t i = 0; i < snapshot.slices.size(); ++i) position[snapshot.slices[i].ref.slot] = i;

  const std::uint64_t own_namespace = OwnPidNamespace();
  for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i) {
    if (!slice::IsAlive(region.process(i))) continue;
    const std::size_t at = position[region.slot_of(i)];
    if (at < snapshot.slices.size()) snapshot.slices[at].processes.push_back(CopyProcess(region, i, own_namespace));
  }
  return snapshot;
}

std::optional<MeasuredShare> Measure(const RegionSnapshot& before, const SliceSnapshot& slice, Nanos now) {
  const auto earlier = std::find_if(before.slices.begin(), before.slices.end(), [&](const SliceSnapshot& other) {
    return other.ref.slot == slice.ref.slot && other.ref.generation == slice.ref.generation;
  });
  static const SliceSnapshot kBegin;
  const bool since_begin = earlier == before.slices.end();
  const SliceSnapshot& from = since_begin ? kBegin : *earlier;
  const Nanos over = now - (since_begin ? slice.created_ns : before.taken_ns);
  if (over <= 0) return std::nullopt;
  return MeasuredShare{.permille = PermilleOf(from.device_ns, slice.device_ns, over),
                       .think_permille = PermilleOf(from.think_ns, slice.think_ns, over),
                       .overlap_permille = PermilleOf(from.overlap_ns, slice.overlap_ns, over),
                       .wait_permille = PermilleOf(from.wait_ns, slice.wait_ns, over),
                       .over_ns = over,
                       .since_begin = since_begin};
}

}  // namespace flexai::cli
