#include <algorithm>
#include <set>

#include "cli/commands.hpp"
#include "cli/completion.hpp"
#include "cli/exit_code.hpp"
#include "cli/inventory.hpp"
#include "cli/report.hpp"
#include "cli/values.hpp"

namespace flexai::cli {
namespace {

// A person waits for these: a region that cannot be read or a driver that hangs costs its names, not the others'. Regions are other people's memory, so
// only what is a name at all goes to a shell.
std::set<std::string> SliceNames(const Surroundings& surroundings) {
  std::set<std::string> names;
  const auto inventory = TakeRegions(surroundings);
  if (!inventory) return names;
  for (const XpuEntry& entry : inventory->entries)
    if (entry.region)
      for (const SliceSnapshot& slice : entry.region->slices)
        if (ReadSliceName(slice.name)) names.insert(slice.name);
  return names;
}

std::set<std::string> XpuNames(const Surroundings& surroundings) {
  Surroundings impatient = surroundings;
  impatient.environment.Set("FLEXAI_DRIVER_TIMEOUT", "1");
  std::set<std::string> names{"gpu", "npu", "fpga", "cpu"};
  for (const XpuEntry& entry : TakeInventory(impatient).entries) names.emplace(entry.id.view());
  return names;
}

}  // namespace

int RunCompletion(const Args& args) {
  if (args.Has("names") == !args.operands().empty())
    return FailWith({ErrorCode::kInvalid, "give a shell (bash, zsh or fish), or --names: `flexai completion --help` says more"});
  std::string text;
  if (args.Has("names")) {
    for (const std::string& name : args.Value("names") == "xpus" ? XpuNames(args.surroundings()) : SliceNames(args.surroundings()))
      text += name + "\n";
  } else {
    const std::string& shell = args.operands().front();
    text = shell == "bash" ? BashCompletion() : shell == "zsh" ? ZshCompletion() : FishCompletion();
  }
  return Print(text) ? kOk : kFailed;
}

}  // namespace flexai::cli
