#include "cli/run_admission.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "cli/descendants.hpp"
#include "cli/values.hpp"

namespace flexai::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSlicePrefix = "slice-";

// "the slice training of alice": who holds what somebody else wants.
std::string Holder(const slice::RegionView& region, std::string_view name) {
  slice::SlotRef ref;
  std::string text = "the slice " + std::string(name);
  if (slice::FindShare(region, name, ref)) text += " of " + UserName(region.share(ref.slot).owner_uid);
  return text;
}

std::string ProcessesOf(const slice::RegionFile& region, std::string_view name) {
  const RegionSnapshot snapshot = TakeSnapshot(region, MonotonicNow());
  std::string text;
  for (const SliceSnapshot& slice : snapshot.slices) {
    if (slice.name != name) continue;
    for (const ProcessSnapshot& process : slice.processes)
      if (process.pid_is_ours) text += (text.empty() ? "pid " : ", ") + std::to_string(process.pid) + " " + process.comm;
  }
  return text.empty() ? text : " (" + text + ")";
}

std::string ShortOfCompute(const slice::RegionView& region, std::string_view xpu, const ShareSpec& share, const slice::Refusal& why) {
  std::string text = std::string(xpu) + " has " + ShowPercent(why.free_permille) + "% of its compute left to guarantee, " +
                     ShowPercent(share.request.permille) + "% are asked for";
  if (why.holder[0] != '\0') {
    slice::SlotRef ref;
    text += "; " + Holder(region, why.holder) + " holds the most";
    if (slice::FindShare(region, why.holder, ref)) text += " (" + ShowPercent(region.compute(ref.slot).request_permille) + "%)";
  }
  text += "; ask for less";
  if (why.free_permille >= 10) text += " (--cores " + ShowPercent(why.free_permille - why.free_permille % 10) + ")";
  return text + ", or for idle capacity only (--cores 0:" + ShowPercent(share.limit.permille) + ")";
}

std::string ShortOfMemory(const slice::RegionView& region, std::string_view xpu, const ShareSpec& share, const slice::Refusal& why) {
  const std::uint64_t device = region.quota->header.device_memory_bytes;
  if (share.memory.value > device)
    return std::string(xpu) + " has " + ShowBytes(device) + " of memory, " + ShowBytes(share.memory.value) + " are asked for; ask for less";
  std::string text = std::string(xpu) + " has " + ShowBytes(why.free_memory.value) + " of memory left, " + ShowBytes(share.memory.value) +
                     " are asked for";
  if (why.holder[0] != '\0') text += "; " + Holder(region, why.holder) + " holds the most";
  return text + "; ask for less";
}

bool IsStale(const std::string& directory, const slice::SliceFile& file) {
  for (std::uint32_t i = 0; i < file.count; ++i) {
    slice::RegionFile region;
    const Outcome outcome = slice::RegionFile::Open(directory, file.shares[i].xpu, region);
    if (outcome == Outcome::kNotFound) continue;
    if (outcome != Outcome::kOk) return false;  // not for us to say
    const flexai_share& share = region.view().share(file.shares[i].ref.slot);
    if (region.view().quota->header.pair_id == file.shares[i].pair_id && slice::Load(share.state) == FLEXAI_SLOT_ACTIVE &&
        slice::Load(share.generation) == file.shares[i].ref.generation)
      return false;
  }
  return true;
}

ShareSpec SpecOn(const slice::RegionView& region, const SliceRequest& request) {
  ShareSpec share{.request = request.wish.cores.request, .limit = request.wish.cores.limit, .priority = request.priority};
  if (request.wish.memory) {
    share.reserves_memory = true;
    share.memory = request.wish.memory->On({region.quota->header.device_memory_bytes});
  }
  return share;
}

Result<slice::RegionFile> OpenRegion(const Runtime& runtime, const XpuEntry& entry) {
  const std::string_view id = entry.id.view();
  slice::RegionFile region;
  errno = 0;
  Outcome outcome = slice::RegionFile::Open(runtime.path, entry.id, region);
  if (outcome == Outcome::kOk) return region;
  if (outcome == Outcome::kNotFound) {
    // A second arbiter beside programs that still follow the first would enforce neither.
    if (const auto orphan = FindProcessMapping(std::string(runtime.path) + "/xpu-" + std::string(id) + ".state (deleted)"))
      return Fail(ErrorCode::kUnenforceable, "the region of " + std::string(id) + " was deleted while pid " + std::to_string(*orphan) +
                                                 " runs in a slice of it, which a new region could not count; end that program first");
    const device::Xpu& xpu = *entry.xpu;
    errno = 0;
    outcome = slice::RegionFile::OpenOrCreate(runtime.path,
                                              {.xpu = entry.id,
                                               .kind = static_cast<std::uint32_t>(xpu.kind),
                                               .device_memory = xpu.memory.value_or(Bytes{}),
                                               .model = xpu.model,
                                               .driver = xpu.platform + " " + xpu.driver_version},
                                              region);
    if (outcome == Outcome::kOk) return region;
    if (outcome == Outcome::kIo) {
      const int error_number = errno;
      if (error_number == ENOSPC || error_number == EDQUOT)
        return Fail(ErrorCode::kIo, "the region of " + std::string(id) + " cannot be made: " + runtime.path + " is full; free some of it");
      errno = error_number;
      return tl::unexpected<Error>(FromOutcome(outcome, "the region of " + std::string(id) + " cannot be made in " + runtime.path));
    }
  }
  return Fail(ErrorCode::kIo, RegionTrouble(outcome, errno, runtime.path, id));
}

}  // namespace

std::string DefaultSliceName(const std::vector<std::string>& command, int pid) {
  std::string name;
  if (!command.empty()) name = fs::path(command.front()).filename().string();
  for (char& c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-')) c = '_';
  while (!name.empty() && (name.front() == '.' || name.front() == '-')) name.erase(name.begin());
  constexpr std::size_t kRoomForPid = 12;
  name.resize(std::min(name.size(), std::size_t{63} - kRoomForPid));
  return (name.empty() ? "slice" : name) + "-" + std::to_string(pid);
}

Error AdmissionError(Outcome outcome, int error_number, const slice::RegionFile& region, std::string_view directory, std::string_view name,
                     const ShareSpec& share, const slice::Refusal& why) {
  const XpuId xpu = region.xpu();
  const std::string id(xpu.view());
  switch (outcome) {
    case Outcome::kExhausted:
      if (share.request.permille > why.free_permille) return {ErrorCode::kExhausted, ShortOfCompute(region.view(), id, share, why)};
      if (share.reserves_memory && share.memory > why.free_memory)
        return {ErrorCode::kExhausted, ShortOfMemory(region.view(), id, share, why)};
      return {ErrorCode::kExhausted, id + " has " + std::to_string(FLEXAI_REGION_SLICES) +
                                         " slices already, which is as many as an XPU can have; end some of them"};
    case Outcome::kExists:
      return {ErrorCode::kExists, "the name " + std::string(name) + " is taken by " + Holder(region.view(), name) + " on " + id +
                                      ProcessesOf(region, name) + "; choose another --name, or end it"};
    case Outcome::kBusy:
      return {ErrorCode::kBusy, "the region of " + id + " is locked by " +
                                    (why.lock_holder_pid != 0 ? "pid " + std::to_string(why.lock_holder_pid)
                                                              : std::string("a process of another PID namespace")) +
                                    ", which has not gone on for a second; continue or end that process"};
    case Outcome::kIo:
      if (error_number == EACCES || error_number == EPERM || error_number == EROFS)
        return {ErrorCode::kIo, "slices of " + id + " are not yours to give: " + std::string(directory) + "/xpu-" + id +
                                    ".quota may be written by its owner only; ask the administrator"};
      break;
    default: break;
  }
  errno = error_number;
  return FromOutcome(outcome, "admission to " + id);
}

Result<HeldSlice> HeldSlice::Admit(const Runtime& runtime, const std::vector<const XpuEntry*>& xpus, const SliceRequest& request) {
  RemoveStaleSliceFiles(runtime.path);
  if (xpus.size() > slice::SliceFile::kMaxShares)
    return Fail(ErrorCode::kInvalid, "a slice has at most " + std::to_string(slice::SliceFile::kMaxShares) + " XPUs, " +
                                         std::to_string(xpus.size()) + " are asked for");
  HeldSlice held;
  held.name_ = request.name.empty() ? DefaultSliceName(request.command, getpid()) : request.name;
  slice::SliceFile file;
  for (const XpuEntry* entry : xpus) {
    FLEXAI_TRY(slice::RegionFile region, OpenRegion(runtime, *entry));
    FLEXAI_TRY(const slice::SlotRef ref, held.AdmitOn(region, runtime, request, xpus.size() > 1));
    file.shares[file.count++] = {.xpu = entry->id, .ref = ref, .pair_id = region.view().quota->header.pair_id};
    held.shares_.push_back({std::move(region), ref});
  }
  held.name_.copy(file.name, sizeof file.name - 1);
  slice::Path path;
  errno = 0;
  if (const Outcome outcome = slice::WriteSliceFile(runtime.path, runtime.directory.shared, file, path); outcome != Outcome::kOk)
    return tl::unexpected<Error>(FromOutcome(outcome, "the file of the slice cannot be written in " + runtime.path));
  held.file_ = path.view();
  return held;
}

Result<slice::SlotRef> HeldSlice::AdmitOn(slice::RegionFile& region, const Runtime& runtime, const SliceRequest& request, bool gang) {
  const std::string id(region.xpu().view());
  const ShareSpec share = SpecOn(region.view(), request);
  if (share.reserves_memory && share.memory.value == 0)
    return Fail(ErrorCode::kUnenforceable, "the memory of " + id + " is unknown, so no part of it can be reserved");
  std::string command;
  for (const std::string& word : request.command) command += (command.empty() ? "" : " ") + word;

  slice::SlotRef ref;
  slice::Refusal why;
  errno = 0;
  Outcome outcome = slice::Admit(region, {.name = name_, .command = command, .share = share, .gang = gang}, ref, why);
  // A name made by us may be taken: by a process of another PID namespace with our number, or by programs that outlived theirs.
  const std::string first = name_;
  for (int attempt = 2; outcome == Outcome::kExists && request.name.empty() && shares_.empty() && attempt < 10; ++attempt) {
    name_ = first + "-" + std::to_string(attempt);
    outcome = slice::Admit(region, {.name = name_, .command = command, .share = share, .gang = gang}, ref, why);
  }
  if (outcome != Outcome::kOk) return tl::unexpected<Error>(AdmissionError(outcome, errno, region, runtime.path, name_, share, why));

  std::uint32_t process = 0;
  outcome = slice::Register(region, ref, FLEXAI_ROLE_KEEPER, process);
  if (outcome == Outcome::kExhausted)
    return Fail(ErrorCode::kExhausted, id + " is used by " + std::to_string(FLEXAI_REGION_PROCESSES) +
                                           " processes already, which is as many as an XPU can have; end some of them");
  if (outcome == Outcome::kUnenforceable)
    return Fail(ErrorCode::kUnenforceable, "a slice cannot be enforced here: " + HasRobustFutexes().reason);
  if (outcome != Outcome::kOk) return tl::unexpected<Error>(AdmissionError(outcome, errno, region, runtime.path, name_, share, why));
  return ref;
}

void HeldSlice::Leave() {
  bool lives_on = false;
  for (Share& share : shares_) {
    // A program that ended a moment ago may still hold device memory: the next look at the region ends its share.
    lives_on = slice::EndKept(share.region, share.ref) == Outcome::kExists || lives_on;
  }
  if (!lives_on && !file_.empty()) unlink(file_.c_str());
}

void RemoveStaleSliceFiles(const std::string& directory) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const std::string path = entry->path().string();
    slice::SliceFile file;
    struct stat judged{}, moved{};
    if (!entry->path().filename().string().starts_with(kSlicePrefix) || stat(path.c_str(), &judged) != 0 ||
        slice::ReadSliceFile(path.c_str(), file) != Outcome::kOk || !IsStale(directory, file))
      continue;
    // Between the judgement and here a new slice of the same name may have written its file: it is put back. Its program cannot have looked yet, it is
    // started after the file is written.
    const std::string aside = directory + "/.ended-" + std::to_string(getpid());
    if (rename(path.c_str(), aside.c_str()) != 0) continue;
    if (stat(aside.c_str(), &moved) == 0 && moved.st_ino != judged.st_ino && link(aside.c_str(), path.c_str()) != 0) continue;
    unlink(aside.c_str());
  }
}

}  // namespace flexai::cli
