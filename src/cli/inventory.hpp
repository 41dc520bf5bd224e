// Everything `smi`, `doctor`, `slice` and `run` know of this machine, put together: drivers, XPUs, their regions, what is enforceable. Main thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/args.hpp"
#include "cli/host_support.hpp"
#include "cli/region_snapshot.hpp"
#include "device/discovery.hpp"

namespace flexai::cli {

/// One XPU: as its drivers show it, and as its region does. At least one of the two is there.
struct XpuEntry {
  XpuId id;
  std::optional<device::Xpu> xpu;  // nothing: only a region is left of it, no driver shows it in this environment
  Ability enforceable;
  std::optional<RegionSnapshot> region;  // nothing: nobody has a slice of it, or region_trouble
  std::string region_trouble;            // a sentence: the region is there and cannot be read
  std::vector<std::string> other_users;  // with regions of their own

  [[nodiscard]] XpuKind kind() const noexcept { return xpu ? xpu->kind : region ? region->kind : XpuKind::kOther; }
  /// The part of compute and memory that nobody is guaranteed; all of it without a region. Memory is nothing where it is unknown.
  [[nodiscard]] std::uint32_t free_permille() const noexcept { return region ? region->free_permille() : kWholeXpu.permille; }
  [[nodiscard]] std::optional<std::uint64_t> memory_bytes() const noexcept;
  [[nodiscard]] std::optional<std::uint64_t> free_memory_bytes() const noexcept;
};

/// Regions of XPUs that no driver shows here: those with slices, or also those that only remember ended ones.
enum class Leftovers : std::uint8_t { kWithSlices, kWithHistory };

struct Inventory {
  device::Discovery discovery;
  std::string layer;  // path of our OpenCL layer; empty when missing
  Ability machine;    // whether slices can be kept on this machine at all
  std::optional<Runtime> runtime;
  std::string runtime_trouble;  // a sentence, when `runtime` is nothing
  Leftovers leftovers = Leftovers::kWithSlices;
  std::vector<XpuEntry> entries;  // by kind, then id; XPUs that only a region names come last

  [[nodiscard]] const XpuEntry* Find(std::string_view id) const noexcept;
  [[nodiscard]] bool HasSlices() const noexcept;
};

/// How drivers are asked here: each is given 10 seconds, or FLEXAI_DRIVER_TIMEOUT.
[[nodiscard]] device::DiscoveryOptions DiscoveryOptionsFor(const Surroundings& surroundings);

/// Asks all drivers. On a terminal, a line on stderr says who is waited for once it takes more than a second.
[[nodiscard]] device::Discovery DiscoverWithProgress(const Surroundings& surroundings);

/// The inventory with one look at every region.
[[nodiscard]] Inventory TakeInventory(const Surroundings& surroundings);

/// The regions alone, without asking any driver: what `slice` needs.
[[nodiscard]] Result<Inventory> TakeRegions(const Surroundings& surroundings, Leftovers leftovers = Leftovers::kWithSlices);

/// Looks at the regions again; XPUs and drivers stay as they are.
void RefreshRegions(Inventory& inventory);

/// A sentence about a region that cannot be opened, naming its file and what to do.
[[nodiscard]] std::string RegionTrouble(Outcome outcome, int error_number, std::string_view directory, std::string_view xpu);

}  // namespace flexai::cli
