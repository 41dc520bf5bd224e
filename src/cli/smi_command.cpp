#include <unistd.h>

#include <algorithm>

#include "base/terminal.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/report.hpp"
#include "cli/sampling.hpp"
#include "cli/smi_view.hpp"
#include "cli/values.hpp"

namespace flexai::cli {
namespace {

constexpr std::string_view kHomeAndClear = "\x1b[H\x1b[J";

bool Show(const Args& args, const Inventory& inventory, const Baseline& before) {
  const Format format = FormatOf(args);
  const bool watch = args.Has("watch");
  if (format == Format::kJson && watch)
    return Print(SmiDocument(inventory, before).ToJson() + "\n");  // a document per line: a stream that jq reads
  if (format == Format::kYaml && watch) return Print("---\n" + SmiDocument(inventory, before).ToYaml() + "\n");
  if (format == Format::kJson || format == Format::kYaml) return Print(SmiDocument(inventory, before), format);
  std::string text = SmiText(inventory, before, {.wide = format == Format::kWide, .layout = StdoutLayout(args)});
  if (watch && IsTerminal(STDOUT_FILENO)) text.insert(0, kHomeAndClear);
  return Print(text);
}

bool RegionsReadable(const Inventory& inventory) {
  return inventory.runtime_trouble.empty() && std::all_of(inventory.entries.begin(), inventory.entries.end(),
                                                          [](const XpuEntry& entry) { return entry.region_trouble.empty(); });
}

}  // namespace

int RunSmi(const Args& args) {
  Nanos interval = kSecond;
  if (args.Has("interval")) {
    const auto given = ReadInterval(args.Value("interval"));
    if (!given) return FailWith(given.error());
    interval = *given;
  }
  Inventory inventory = TakeInventory(args.surroundings());
  const Format format = FormatOf(args);
  if (format == Format::kTable || format == Format::kWide)
    for (const std::string& warning : Warnings(inventory)) Warn(warning);

  Baseline before = BaselineOf(inventory);
  if (inventory.HasSlices() && !WaitAndRefresh(interval, inventory)) return kOk;
  for (;;) {
    if (!Show(args, inventory, before)) return kFailed;
    if (!args.Has("watch")) return RegionsReadable(inventory) ? kOk : kFailed;
    before = BaselineOf(inventory);
    if (!WaitAndRefresh(interval, inventory)) return kOk;
  }
}

}  // namespace flexai::cli
