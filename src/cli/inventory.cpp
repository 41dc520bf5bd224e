#include "cli/inventory.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <system_error>

#include "base/terminal.hpp"
#include "cli/report.hpp"

namespace flexai::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSystemDirectory = "/run/flexai";

// The XPUs that have a region in `directory`, by the files' names.
std::vector<XpuId> RegionsIn(const std::string& directory) {
  constexpr std::string_view kPrefix = "xpu-", kSuffix = ".quota";
  std::vector<XpuId> ids;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() <= kPrefix.size() + kSuffix.size() || !name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    if (const auto id = XpuId::Parse(std::string_view(name).substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size())))
      ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void LookAtRegion(const std::string& directory, XpuEntry& entry) {
  entry.region.reset();
  entry.region_trouble.clear();
  slice::RegionFile region;
  errno = 0;
  const Outcome outcome = slice::RegionFile::Open(directory, entry.id, region);
  const int error_number = errno;
  if (outcome == Outcome::kNotFound) return;
  if (outcome != Outcome::kOk) {
    entry.region_trouble = RegionTrouble(outcome, error_number, directory, entry.id.view());
    return;
  }
  // Shares whose programs are all gone end here, where we may write; else only what the dead held is taken back.
  if (!region.quota_writable() || slice::SweepShares(region) != Outcome::kOk) slice::Sweep(region.view(), MonotonicNow());
  entry.region = TakeSnapshot(region, MonotonicNow());
}

}  // namespace

std::optional<std::uint64_t> XpuEntry::memory_bytes() const noexcept {
  if (region && region->device_memory_bytes != 0) return region->device_memory_bytes;
  if (xpu && xpu->memory) return xpu->memory->value;
  return std::nullopt;
}

std::optional<std::uint64_t> XpuEntry::free_memory_bytes() const noexcept {
  if (region && region->device_memory_bytes != 0) return region->free_memory_bytes();
  return memory_bytes();
}

const XpuEntry* Inventory::Find(std::string_view id) const noexcept {
  for (const XpuEntry& entry : entries)
    if (entry.id.view() == id) return &entry;
  return nullptr;
}

bool Inventory::HasSlices() const noexcept {
  return std::any_of(entries.begin(), entries.end(), [](const XpuEntry& entry) { return entry.region && !entry.region->slices.empty(); });
}

device::DiscoveryOptions DiscoveryOptionsFor(const Surroundings& surroundings) {
  device::DiscoveryOptions options;
  options.self = surroundings.self;
  options.environment = surroundings.environment;
  const std::string_view timeout = surroundings.environment.Get("FLEXAI_DRIVER_TIMEOUT");
  unsigned seconds = 0;
  const auto parsed = std::from_chars(timeout.data(), timeout.data() + timeout.size(), seconds);
  if (parsed.ec == std::errc() && parsed.ptr == timeout.data() + timeout.size() && seconds >= 1 && seconds <= 600)
    options.patience = seconds * kSecond;
  else if (!timeout.empty())
    Warn("FLEXAI_DRIVER_TIMEOUT is not a number of seconds from 1 to 600; drivers are given " + std::to_string(options.patience / kSecond) +
         " seconds");
  return options;
}

device::Discovery DiscoverWithProgress(const Surroundings& surroundings) {
  constexpr Nanos kQuiet = kSecond;
  ProgressLine line(STDERR_FILENO);
  device::DiscoveryOptions options = DiscoveryOptionsFor(surroundings);
  options.progress = [&](std::span<const std::string> waiting, Nanos passed) {
    if (passed < kQuiet) return;
    std::string names;
    for (const std::string& name : waiting) names += (names.empty() ? "" : ", ") + name;
    line.Show(Bar(static_cast<std::uint64_t>(passed), static_cast<std::uint64_t>(options.patience), 22) + " waiting for " + names + " (" +
              std::to_string(passed / kSecond) + " of " + std::to_string(options.patience / kSecond) + " s)");
  };
  // A person who does not want to wait any longer: the drivers' children and their files go first, then the signal has its effect.
  sigset_t ending, before;
  sigemptyset(&ending);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&ending, number);
  sigprocmask(SIG_BLOCK, &ending, &before);
  options.give_up = [] {
    sigset_t pending;
    sigpending(&pending);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
      if (sigismember(&pending, number) == 1) return true;
    return false;
  };
  device::Discovery discovery = device::Discover(options);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return discovery;
}

Inventory TakeInventory(const Surroundings& surroundings) {
  Inventory inventory;
  inventory.discovery = DiscoverWithProgress(surroundings);
  inventory.layer = FindLayer(surroundings.self);
  inventory.machine = AllOf({CanLoadLayer(inventory.layer, inventory.discovery.opencl_loader), HasRobustFutexes()});
  if (auto runtime = FindRuntime(surroundings.environment))
    inventory.runtime = std::move(*runtime);
  else
    inventory.runtime_trouble = runtime.error().message;

  const std::string_view system_directory = inventory.runtime && inventory.runtime->path == kSystemDirectory ? "" : kSystemDirectory;
  for (const device::Xpu& xpu : inventory.discovery.xpus)
    inventory.entries.push_back({.id = xpu.id,
                                 .xpu = xpu,
                                 .enforceable = CanEnforceOn(xpu, inventory.machine),
                                 .other_users = OtherUsersOf(xpu.id.view(), "/dev/shm", system_directory)});
  RefreshRegions(inventory);
  return inventory;
}

Result<Inventory> TakeRegions(const Surroundings& surroundings, Leftovers leftovers) {
  Inventory inventory;
  inventory.leftovers = leftovers;
  FLEXAI_TRY(inventory.runtime, FindRuntime(surroundings.environment));
  RefreshRegions(inventory);
  return inventory;
}

void RefreshRegions(Inventory& inventory) {
  if (!inventory.runtime) return;
  const std::string& directory = inventory.runtime->path;
  std::erase_if(inventory.entries, [](const XpuEntry& entry) { return !entry.xpu; });
  for (XpuEntry& entry : inventory.entries) LookAtRegion(directory, entry);
  for (const XpuId& id : RegionsIn(directory)) {
    if (inventory.Find(id.view()) != nullptr) continue;
    XpuEntry entry{.id = id, .enforceable = {.reason = "no driver shows it in this environment", .fix = ""}};
    LookAtRegion(directory, entry);
    // Without a slice such a region says nothing that anybody needs, unless it is asked about the past.
    const bool remembers = entry.region && inventory.leftovers == Leftovers::kWithHistory && !entry.region->ended.empty();
    if (!entry.region_trouble.empty() || remembers || (entry.region && !entry.region->slices.empty()))
      inventory.entries.push_back(std::move(entry));
  }
}

std::string RegionTrouble(Outcome outcome, int error_number, std::string_view directory, std::string_view xpu) {
  const std::string files = std::string(directory) + "/xpu-" + std::string(xpu) + ".*";
  const std::string remove = "; when no slice of " + std::string(xpu) + " runs, remove " + files;
  switch (outcome) {
    case Outcome::kCorrupt: return "the region of " + std::string(xpu) + " is damaged (" + files + ")" + remove;
    case Outcome::kWrongVersion:
      return "the region of " + std::string(xpu) + " was made by another major version of flexai (" + files + "); use that version, or" +
             remove.substr(1);
    case Outcome::kForeignOwner:
      return "the region of " + std::string(xpu) + " (" + files + ") belongs to another user; have its owner or an administrator remove it";
    case Outcome::kBusy:
      return "the region of " + std::string(xpu) + " is locked by a process that does not go on; `flexai doctor` says more";
    default: break;
  }
  errno = error_number;
  return FromOutcome(outcome, "the region of " + std::string(xpu) + " (" + files + ") cannot be used").message;
}

}  // namespace flexai::cli
