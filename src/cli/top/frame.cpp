#include "cli/top/frame.hpp"

#include <algorithm>
#include <set>

#include "cli/host_support.hpp"

namespace flexai::cli {
namespace {

// Below 0: `a` comes first.
int Compare(const TopShare& a, const TopShare& b, TopSort sort) {
  const auto used = [](const TopShare& share) { return share.measured ? std::int64_t{share.measured->permille} : std::int64_t{-1}; };
  const auto order = [](const auto& first, const auto& second) { return first < second ? -1 : second < first ? 1 : 0; };
  switch (sort) {
    case TopSort::kName: return order(a.slice.name, b.slice.name);
    case TopSort::kMeasured: return order(used(b), used(a));
    case TopSort::kMemory: return order(b.slice.held_bytes, a.slice.held_bytes);
    case TopSort::kAsked:
      return order(std::pair(b.slice.request_permille, b.slice.limit_permille),
                   std::pair(a.slice.request_permille, a.slice.limit_permille));
    case TopSort::kOwner: return order(a.owner, b.owner);
  }
  return 0;
}

}  // namespace

char TopShare::letter() const noexcept {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  return kLetters[slice.ref.slot % kLetters.size()];
}

std::optional<std::int64_t> TopShare::error_permille() const noexcept {
  if (!measured || (measured->permille == 0 && measured->wait_permille == 0)) return std::nullopt;
  const std::int64_t used = measured->permille;
  if (used > slice.limit_permille) return used - slice.limit_permille;
  if (used < slice.request_permille) return used - slice.request_permille;
  return 0;
}

std::optional<std::uint64_t> TopXpu::used_permille() const noexcept {
  std::uint64_t sum = 0;
  for (const TopShare& share : shares) {
    if (!share.measured) return std::nullopt;
    sum += share.measured->permille;
  }
  return sum;
}

std::size_t TopFrame::slice_count() const {
  std::set<std::string_view> names;  // unique in a runtime directory
  for (const TopXpu& xpu : xpus)
    for (const TopShare& share : xpu.shares) names.insert(share.slice.name);
  return names.size();
}

std::string_view TopSortName(TopSort sort) noexcept {
  switch (sort) {
    case TopSort::kName: return "name";
    case TopSort::kMeasured: return "measured";
    case TopSort::kMemory: return "memory";
    case TopSort::kAsked: return "asked";
    case TopSort::kOwner: return "owner";
  }
  return "";
}

TopFrame MakeTopFrame(const Inventory& inventory, const Baseline& before, std::string clock) {
  TopFrame frame{.clock = std::move(clock)};
  for (const XpuEntry& entry : inventory.entries) {
    TopXpu xpu{.id = std::string(entry.id.view()),
               .kind = std::string(KindName(entry.kind())),
               .model = entry.xpu      ? entry.xpu->model
                        : entry.region ? entry.region->model
                                       : std::string(),
               .memory_bytes = entry.memory_bytes(),
               .trouble = entry.region_trouble};
    if (entry.region_trouble.empty()) {
      xpu.free_memory_bytes = entry.free_memory_bytes();
      xpu.free_permille = entry.free_permille();
    }
    if (entry.region)
      for (const SliceSnapshot& slice : entry.region->slices)
        xpu.shares.push_back({.slice = slice, .owner = UserName(slice.owner_uid), .measured = MeasureIn(before, *entry.region, slice)});
    const auto others = OtherUserWarnings(entry);
    frame.warnings.insert(frame.warnings.end(), others.begin(), others.end());
    frame.xpus.push_back(std::move(xpu));
  }
  if (frame.xpus.empty()) frame.nothing_here = NothingHere(inventory);
  const auto drivers = DriverWarnings(inventory);
  frame.warnings.insert(frame.warnings.end(), drivers.begin(), drivers.end());
  if (!inventory.runtime_trouble.empty()) frame.warnings.push_back(inventory.runtime_trouble);
  return frame;
}

void SortShares(TopFrame& frame, TopSort sort) {
  for (TopXpu& xpu : frame.xpus)
    std::sort(xpu.shares.begin(), xpu.shares.end(), [sort](const TopShare& a, const TopShare& b) {
      const int order = Compare(a, b, sort);
      return order != 0 ? order < 0 : std::pair(a.slice.created_ns, a.slice.ref.slot) < std::pair(b.slice.created_ns, b.slice.ref.slot);
    });
}

}  // namespace flexai::cli
