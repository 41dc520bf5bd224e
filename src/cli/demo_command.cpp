// `flexai demo`: what slices do, shown on this machine in a minute and a half; a demonstration that is a test.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/fds.hpp"
#include "cli/commands.hpp"
#include "cli/demo/acts.hpp"
#include "cli/demo/page.hpp"
#include "cli/demo/scratch_directory.hpp"
#include "cli/exit_code.hpp"
#include "cli/measure/machine.hpp"
#include "cli/report.hpp"
#include "cli/run_selection.hpp"
#include "cli/smi_view.hpp"

namespace flexai::cli {
namespace {

constexpr char kDefaultPage[] = "flexai-demo.html";

Table Summary(const std::vector<ActResult>& acts) {
  Table table({{"ACT"}, {"ASKED"}, {"MEASURED", false, true}, {"RESULT"}});
  for (const ActResult& act : acts) table.AddRow({act.name, act.asked, act.measured, {std::string(act.word()), act.style()}});
  return table;
}

std::vector<std::pair<std::string, std::string>> Facts(const XpuEntry& xpu) {
  std::vector<std::pair<std::string, std::string>> facts{{"flexai", FLEXAI_VERSION}, {"xpu", std::string(xpu.id.view())}};
  if (xpu.xpu) {
    facts.emplace_back("model", xpu.xpu->model);
    facts.emplace_back("driver", xpu.xpu->platform + " " + xpu.xpu->driver_version);
  }
  const Document machine = DescribeMachine();
  for (const auto& [name, value] : machine.Members())
    facts.emplace_back(name, value.AsText() ? std::string(*value.AsText()) : value.ToJson());
  return facts;
}

// Asked before the first act: a place that cannot be written is known at once and not after a minute and a half. Nothing is made yet, so that a demo that
// is interrupted leaves nothing, and an earlier report as it was.
Status MayWrite(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return FailErrno("writing the report to " + path + " (--html FILE names a file)", EISDIR);
  if (access(path.c_str(), W_OK) == 0 || (errno == ENOENT && access(folder.c_str(), W_OK | X_OK) == 0)) return {};
  return FailErrno("writing the report to " + path + " (--html FILE chooses another place)", errno);
}

Status WriteReport(const std::string& path, const std::string& text) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file || !WriteAll(file.get(), text)) return FailErrno("writing the report to " + path, errno);
  return {};
}

}  // namespace

int RunDemo(const Args& args) {
  std::signal(SIGPIPE, SIG_IGN);  // who does not listen any more is told by the write that fails
  const Nanos began = MonotonicNow();
  Surroundings surroundings = args.surroundings();
  // Mesa's driver shows only what is named here; its CPU device is the second vendor on a machine without a card, and only that.
  const bool shown_by_us = surroundings.environment.Get("RUSTICL_ENABLE").empty();
  if (shown_by_us) surroundings.environment.Set("RUSTICL_ENABLE", "llvmpipe");
  const Inventory inventory = TakeInventory(surroundings);
  for (const std::string& warning : Warnings(inventory)) Warn(warning);
  if (!inventory.runtime) return kFailed;  // said among the warnings
  Inventory offered = inventory;
  if (shown_by_us && args.Values("xpu").empty())
    std::erase_if(offered.entries, [](const XpuEntry& entry) { return entry.xpu && entry.xpu->platform == "rusticl"; });
  // Nobody else may have a guarantee here: the first programs run with the whole XPU.
  const auto xpus = SelectXpus(offered, args.Values("xpu"), {.cores = {kWholeXpu, kWholeXpu}, .memory = {}});
  if (!xpus) return FailWith(xpus.error());
  const auto runners = ChooseRunners(FindRunners(surroundings.self), args.Value("with"));
  if (!runners) return FailWith(runners.error());
  const std::string path = args.Has("html") ? args.Value("html") : kDefaultPage;
  if (const Status may = MayWrite(path); !may) return FailWith(may.error());
  const std::string temporary(surroundings.environment.Get("TMPDIR"));
  const auto directory = ScratchDirectory::Make(temporary.empty() ? "/tmp" : temporary, "model");
  if (!directory) return FailWith(directory.error());

  const Format format = FormatOf(args);
  const bool for_programs = format == Format::kJson || format == Format::kYaml;
  const Table::Layout layout = StdoutLayout(args);
  Stage stage(surroundings, *xpus->front(), *inventory.runtime);
  Audience audience({.quiet = for_programs, .color = layout.color});
  Demo demo{.surroundings = surroundings,
            .inventory = inventory,
            .runtime = *inventory.runtime,
            .stage = stage,
            .audience = audience,
            .lengths = {},
            .directory = directory->path(),
            .programs = *runners};
  if (args.Has("quick")) demo.lengths = {.alone = 2 * kSecond, .together = 4 * kSecond, .beside = 2 * kSecond};

  DemoReport report{.facts = Facts(stage.xpu()), .acts = {}, .passed = true};
  std::vector<Result<ActResult> (*)(Demo&)> acts{ActDiscover, ActGain, ActShares, ActMemory, ActResize, ActKill, ActDrivers};
  if (!demo.programs.empty()) acts.push_back(ActPrograms);
  for (const auto act : acts) {
    auto result = act(demo);
    audience.EndLive();
    if (!result) return FailWith(WithContext(result.error(), "the demo stopped"));
    report.passed = report.passed && !result->failed();
    audience.TellStory(*result);
    report.acts.push_back(std::move(*result));
  }
  report.seconds = (MonotonicNow() - began) / kSecond;
  if (const Status written = WriteReport(path, DemoPage(report)); !written) return FailWith(written.error());

  if (for_programs) return Print(DemoDocument(report), format) && report.passed ? kOk : kFailed;
  if (!Print("\n" + Summary(report.acts).Text(layout))) return kFailed;
  audience.Say((report.passed ? "All acts passed" : "Not all acts passed") + std::string(" in ") + std::to_string(report.seconds) +
               " s on " + std::string(stage.xpu().id.view()) + ". The report with every figure: " + path);
  return report.passed ? kOk : kFailed;
}

}  // namespace flexai::cli
