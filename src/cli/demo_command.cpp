// `flexai demo`: what slices do, shown on this machine in about a minute; a demonstration that is a test.
#include <cstdio>
#include <functional>
#include <vector>

#include "cli/commands.hpp"
#include "cli/demo_acts.hpp"
#include "cli/exit_code.hpp"
#include "cli/report.hpp"
#include "cli/run_selection.hpp"
#include "cli/smi_view.hpp"

namespace flexai::cli {
namespace {

Document Describe(const std::vector<ActResult>& acts, const XpuEntry& xpu, bool passed) {
  Document list = Document::EmptyArray();
  for (const ActResult& act : acts)
    list.Add(Document::Of(
        {{"act", act.name}, {"asked", act.asked}, {"measured", act.measured}, {"passed", act.passed}, {"details", act.details}}));
  return Document::Of(
      {{"schema", "flexai.demo/1"}, {"version", FLEXAI_VERSION}, {"xpu", xpu.id.view()}, {"passed", passed}, {"acts", std::move(list)}});
}

Table Summary(const std::vector<ActResult>& acts) {
  Table table({{"ACT"}, {"ASKED"}, {"MEASURED", false, true}, {"RESULT"}});
  for (const ActResult& act : acts)
    table.AddRow({act.name, act.asked, act.measured, {act.passed ? "passed" : "FAILED", act.passed ? Style::kGood : Style::kBad}});
  return table;
}

}  // namespace

int RunDemo(const Args& args) {
  const Nanos began = MonotonicNow();
  const Inventory inventory = TakeInventory(args.surroundings());
  for (const std::string& warning : Warnings(inventory)) Warn(warning);
  if (!inventory.runtime) return kFailed;  // said among the warnings
  // Nobody else may have a guarantee here: the first programs run with the whole XPU.
  const auto xpus = SelectXpus(inventory, args.Values("xpu"), {.cores = {kWholeXpu, kWholeXpu}, .memory = {}});
  if (!xpus) return FailWith(xpus.error());

  const Format format = FormatOf(args);
  const bool for_programs = format == Format::kJson || format == Format::kYaml;
  const Table::Layout layout = StdoutLayout(args);
  Stage stage(args.surroundings(), *xpus->front(), *inventory.runtime);
  stage.UseColor(layout.color);
  if (for_programs) stage.Hush();
  DemoLengths lengths;
  if (args.Has("quick")) lengths = {.alone = kSecond, .together = 4 * kSecond, .neighbour = 3 * kSecond};

  const std::vector<std::function<Result<ActResult>()>> acts{
      [&] { return ActDiscover(stage, inventory); },
      [&] { return ActShares(stage, lengths); },
      [&] { return ActMemory(stage, lengths); },
      [&] { return ActKill(stage, lengths); },
  };
  std::vector<ActResult> results;
  bool passed = true;
  for (const auto& act : acts) {
    auto result = act();
    stage.EndLive();
    if (!result) return FailWith(WithContext(result.error(), "the demo stopped"));
    passed = passed && result->passed;
    results.push_back(std::move(*result));
  }

  if (for_programs) return Print(Describe(results, stage.xpu(), passed), format) && passed ? kOk : kFailed;
  stage.Heading("Summary");
  if (!Print(Summary(results).Text(layout))) return kFailed;
  stage.Say((passed ? "All acts passed" : "Not all acts passed") + std::string(" in ") +
            std::to_string((MonotonicNow() - began) / kSecond) + " s on " + std::string(stage.xpu().id.view()) + ".");
  return passed ? kOk : kFailed;
}

}  // namespace flexai::cli
