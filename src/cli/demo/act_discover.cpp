#include <algorithm>

#include "cli/demo/acts.hpp"
#include "cli/smi_view.hpp"

namespace flexai::cli {

Result<ActResult> ActDiscover(Demo& demo) {
  demo.audience.Heading("What is here, and what can be enforced");
  demo.audience.Say(SmiText(demo.inventory, {}, {}));
  const auto& entries = demo.inventory.entries;
  const auto enforceable = std::count_if(entries.begin(), entries.end(), [](const XpuEntry& entry) { return entry.enforceable.possible; });
  ActResult act{.name = "discover",
                .asked = "an XPU to cut",
                .measured = std::to_string(enforceable) + " of " + std::to_string(entries.size()) + " enforceable",
                .passed = enforceable > 0};
  demo.audience.Verdict(act, act.measured + "; the acts below use " + std::string(demo.stage.xpu().id.view()));
  if (demo.stage.pinned())
    demo.audience.Say("  It is a CPU driver: it gets one thread, so that the programs' own code has a core, as beside a card.");
  return act;
}

}  // namespace flexai::cli
