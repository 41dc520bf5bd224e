#include "cli/run_selection.hpp"

#include <algorithm>

#include "cli/smi_view.hpp"
#include "cli/suggest.hpp"

namespace flexai::cli {
namespace {

constexpr const char* kListsThem = "`flexai smi` lists the XPUs";

int Rank(XpuKind kind) {
  switch (kind) {
    case XpuKind::kGpu: return 0;
    case XpuKind::kNpu: return 1;
    case XpuKind::kCpu: return 2;
    case XpuKind::kFpga: return 3;  // mostly emulators: never before a device that runs at full speed
    case XpuKind::kOther: return 4;
  }
  return 4;
}

std::optional<XpuKind> KindNamed(std::string_view word) {
  for (const XpuKind kind : {XpuKind::kGpu, XpuKind::kNpu, XpuKind::kFpga, XpuKind::kCpu})
    if (KindName(kind) == word) return kind;
  return std::nullopt;
}

bool HasRoom(const XpuEntry& entry, const Wish& wish) {
  if (entry.free_permille() < wish.cores.request.permille) return false;
  const auto total = entry.memory_bytes();
  const auto free = entry.free_memory_bytes();
  return !wish.memory || !total || !free || wish.memory->On({*total}).value <= *free;
}

// The one with most free compute, of those with room if there are any; the first id of equals.
const XpuEntry* MostFree(std::vector<const XpuEntry*> candidates, const Wish& wish) {
  if (std::any_of(candidates.begin(), candidates.end(), [&](const XpuEntry* entry) { return HasRoom(*entry, wish); }))
    std::erase_if(candidates, [&](const XpuEntry* entry) { return !HasRoom(*entry, wish); });
  const auto best = std::max_element(candidates.begin(), candidates.end(), [](const XpuEntry* a, const XpuEntry* b) {
    return a->free_permille() != b->free_permille() ? a->free_permille() < b->free_permille() : b->id < a->id;
  });
  return best == candidates.end() ? nullptr : *best;
}

tl::unexpected<Error> NotEnforceable(const XpuEntry& entry) {
  std::string sentence = "a slice of " + std::string(entry.id.view()) + " cannot be enforced here: " + entry.enforceable.reason;
  if (!entry.enforceable.fix.empty()) sentence += "; " + entry.enforceable.fix;
  return Fail(ErrorCode::kUnenforceable, std::move(sentence));
}

template <class Keep>
std::vector<const XpuEntry*> Entries(const Inventory& inventory, Keep keep) {
  std::vector<const XpuEntry*> entries;
  for (const XpuEntry& entry : inventory.entries)
    if (keep(entry)) entries.push_back(&entry);
  return entries;
}

bool Contains(const std::vector<const XpuEntry*>& entries, const XpuEntry* entry) {
  return std::find(entries.begin(), entries.end(), entry) != entries.end();
}

Result<const XpuEntry*> OfKind(const Inventory& inventory, XpuKind kind, const std::vector<const XpuEntry*>& taken, const Wish& wish) {
  const std::string word(KindName(kind));
  const auto all = Entries(inventory, [&](const XpuEntry& entry) { return entry.kind() == kind && entry.xpu; });
  if (all.empty()) return Fail(ErrorCode::kInvalid, "there is no " + word + " here; " + kListsThem);
  std::vector<const XpuEntry*> usable = all;
  std::erase_if(usable, [&](const XpuEntry* entry) { return !entry->enforceable.possible || Contains(taken, entry); });
  if (!usable.empty()) return MostFree(std::move(usable), wish);
  for (const XpuEntry* entry : all)
    if (!entry->enforceable.possible) return NotEnforceable(*entry);
  return Fail(ErrorCode::kInvalid, "there are only " + std::to_string(all.size()) + " XPUs of kind " + word + " here; " + kListsThem);
}

Result<const XpuEntry*> ByName(const Inventory& inventory, const std::string& name) {
  if (const XpuEntry* entry = inventory.Find(name)) return entry;
  const auto begins = name.empty() ? std::vector<const XpuEntry*>()
                                   : Entries(inventory, [&](const XpuEntry& entry) { return entry.id.view().starts_with(name); });
  if (begins.size() == 1) return begins[0];
  if (begins.size() > 1) {
    std::string sentence = "'" + name + "' is the beginning of several XPUs:";
    for (const XpuEntry* entry : begins) sentence += " " + std::string(entry->id.view());
    return Fail(ErrorCode::kInvalid, sentence + "; write more of it");
  }
  std::vector<std::string> known{"gpu", "npu", "cpu"};
  for (const XpuEntry& entry : inventory.entries) known.emplace_back(entry.id.view());
  const auto nearest = Nearest(name, known);
  return Fail(ErrorCode::kInvalid, "there is no XPU '" + name + "'" + (nearest ? "; did you mean " + *nearest + "? " : "; ") + kListsThem);
}

Result<const XpuEntry*> Any(const Inventory& inventory, const Wish& wish) {
  const auto visible = Entries(inventory, [](const XpuEntry& entry) { return entry.xpu.has_value(); });
  if (visible.empty()) return Fail(ErrorCode::kUnenforceable, NothingHere(inventory));
  auto usable = visible;
  std::erase_if(usable, [](const XpuEntry* entry) { return !entry->enforceable.possible; });
  if (usable.empty()) return NotEnforceable(*visible.front());
  int best = Rank(usable.front()->kind());
  for (const XpuEntry* entry : usable) best = std::min(best, Rank(entry->kind()));
  std::erase_if(usable, [best](const XpuEntry* entry) { return Rank(entry->kind()) != best; });
  return MostFree(std::move(usable), wish);
}

}  // namespace

Result<std::vector<const XpuEntry*>> SelectXpus(const Inventory& inventory, const std::vector<std::string>& selectors, const Wish& wish) {
  std::vector<const XpuEntry*> chosen;
  if (selectors.empty()) {
    FLEXAI_TRY(const XpuEntry* entry, Any(inventory, wish));
    chosen.push_back(entry);
  }
  // Names first: `--xpu gpu --xpu nvidia-1` means the named one and another.
  for (const std::string& selector : selectors) {
    if (KindNamed(selector)) continue;
    FLEXAI_TRY(const XpuEntry* entry, ByName(inventory, selector));
    if (Contains(chosen, entry))
      return Fail(ErrorCode::kInvalid, "--xpu " + std::string(entry->id.view()) + " is given twice; give each XPU once");
    if (!entry->enforceable.possible) return NotEnforceable(*entry);
    chosen.push_back(entry);
  }
  for (const std::string& selector : selectors) {
    const auto kind = KindNamed(selector);
    if (!kind) continue;
    FLEXAI_TRY(const XpuEntry* entry, OfKind(inventory, *kind, chosen, wish));
    chosen.push_back(entry);
  }
  std::sort(chosen.begin(), chosen.end(), [](const XpuEntry* a, const XpuEntry* b) { return a->id < b->id; });
  return chosen;
}

}  // namespace flexai::cli
