#include "cli/share_change.hpp"

#include <algorithm>
#include <cerrno>

#include "cli/run_admission.hpp"
#include "cli/suggest.hpp"
#include "cli/values.hpp"

namespace flexai::cli {
namespace {

slice::ShareChange ChangeOn(const slice::RegionView& region, const WantedChange& wanted) {
  slice::ShareChange change;
  if (wanted.cores) {
    change.set_compute = true;
    change.request = wanted.cores->request;
    change.limit = wanted.cores->limit;
  }
  if (wanted.priority) {
    change.set_priority = true;
    change.priority = *wanted.priority;
  }
  if (wanted.memory) {
    change.set_memory = true;
    change.memory = wanted.memory->On({region.quota->header.device_memory_bytes});
  }
  return change;
}

// What undoes a change: the share as it is now, in the parts that would change.
slice::ShareChange Undo(const slice::RegionView& region, std::uint32_t slot, const slice::ShareChange& change) {
  slice::ShareChange undo = change;
  const slice::ComputeShare now = region.compute(slot);
  undo.request = {now.request_permille};
  undo.limit = {now.limit_permille};
  undo.priority = now.priority;
  undo.memory = {slice::Load(region.share(slot).memory_bytes)};
  return undo;
}

Error ChangeError(Outcome outcome, int error_number, const OpenShare& share, const std::string& name, const std::string& directory,
                  const slice::ShareChange& change, const slice::Refusal& why) {
  const std::string id(share.region.xpu().view());
  if (outcome == Outcome::kStale) return {ErrorCode::kStale, "the slice " + name + " ended in the meantime"};
  if (outcome == Outcome::kInvalid && change.set_memory)
    return {ErrorCode::kInvalid,
            "the slice " + name + " began without --memory, and cannot begin to reserve while it runs; start it anew with --memory"};
  if (outcome == Outcome::kExhausted && change.set_memory && name == why.holder && change.memory < why.free_memory)
    return {ErrorCode::kExhausted,
            "the slice " + name + " holds " + ShowBytes(why.free_memory.value) + " on " + id + " now; its quota cannot be less than that"};
  // Only what was asked for can be short.
  const ShareSpec asked{.request = change.set_compute ? change.request : CoreShare{},
                        .limit = change.set_compute ? change.limit : kWholeXpu,
                        .reserves_memory = change.set_memory,
                        .memory = change.memory};
  return AdmissionError(outcome, error_number, share.region, directory, name, asked, why);
}

}  // namespace

Error NoSuchSlice(const Inventory& inventory, const std::string& name) {
  std::vector<std::string> known;
  for (const XpuEntry& entry : inventory.entries)
    if (entry.region)
      for (const SliceSnapshot& slice : entry.region->slices) known.push_back(slice.name);
  const auto nearest = Nearest(name, known);
  return {ErrorCode::kNotFound,
          "there is no slice " + name + (nearest ? "; did you mean " + *nearest + "? " : "; ") + "`flexai slice ls` lists them"};
}

Result<std::vector<OpenShare>> OpenShares(const Inventory& inventory, const std::string& name, const std::vector<std::string>& only) {
  std::vector<OpenShare> shares;
  for (const std::string& xpu : only)
    if (inventory.Find(xpu) == nullptr)
      return Fail(ErrorCode::kNotFound, "no slice has a share of an XPU '" + xpu + "'; `flexai slice ls` lists them");
  bool exists = false;
  for (const XpuEntry& entry : inventory.entries) {
    if (!entry.region) continue;
    for (const SliceSnapshot& slice : entry.region->slices) {
      if (slice.name != name) continue;
      exists = true;
      if (!only.empty() && std::find(only.begin(), only.end(), entry.id.view()) == only.end()) continue;
      slice::RegionFile region;
      errno = 0;
      if (const Outcome outcome = slice::RegionFile::Open(inventory.runtime->path, entry.id, region); outcome != Outcome::kOk)
        return Fail(ErrorCode::kIo, RegionTrouble(outcome, errno, inventory.runtime->path, entry.id.view()));
      shares.push_back({std::move(region), slice.ref});
    }
  }
  if (!exists) return tl::unexpected<Error>(NoSuchSlice(inventory, name));
  if (shares.empty())
    return Fail(ErrorCode::kNotFound,
                "the slice " + name + " has no share of " + only.front() + "; `flexai slice ls " + name + "` shows what it has");
  return shares;
}

Status ApplyChange(const Inventory& inventory, std::vector<OpenShare>& shares, const std::string& name, const WantedChange& wanted) {
  std::vector<slice::ShareChange> undo;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const slice::RegionView& region = shares[i].region.view();
    const slice::ShareChange change = ChangeOn(region, wanted);
    undo.push_back(Undo(region, shares[i].ref.slot, change));
    slice::Refusal why;
    errno = 0;
    const Outcome outcome = slice::Change(shares[i].region, shares[i].ref, change, why);
    const int error_number = errno;
    if (outcome == Outcome::kOk) continue;
    Error error = ChangeError(outcome, error_number, shares[i], name, inventory.runtime->path, change, why);
    for (std::size_t k = 0; k < i; ++k) {
      slice::Refusal ignored;
      if (slice::Change(shares[k].region, shares[k].ref, undo[k], ignored) != Outcome::kOk)
        error.message += "; the share of " + std::string(shares[k].region.xpu().view()) + " stays changed: it could not be set back";
    }
    return tl::unexpected<Error>(std::move(error));
  }
  return {};
}

}  // namespace flexai::cli
