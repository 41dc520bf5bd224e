#include <algorithm>

#include "cli/demo/acts.hpp"
#include "cli/demo/watch.hpp"
#include "cli/measure/statistics.hpp"

namespace flexai::cli {
namespace {

constexpr double kPoints = 5;
constexpr Nanos kPatience = 120 * kSecond;
constexpr int kNotInstalled = 77;  // a runner's exit status

// What stands beside `count` programs of others is batch, with what is left.
std::vector<std::string> CoresFor(std::size_t count) {
  switch (count) {
    case 1: return {"60", "40"};
    case 2: return {"50", "30", "20"};
    default: return std::vector<std::string>(count + 1, std::to_string(100 / (count + 1)));
  }
}

}  // namespace

Result<ActResult> ActPrograms(Demo& demo) {
  demo.audience.Heading("Programs that other people wrote, unmodified");
  demo.audience.Say(
      "  Each in its slice, with matrix products beside them. Their first start may compile for a minute. A program that prepares");
  demo.audience.Say(
      "  its work on the host asks for less than its share: what is judged is that they end well and that nobody passes its cap.");
  ActResult act{.name = "programs", .passed = true};
  const std::string length = std::to_string(demo.lengths.together / kSecond);
  const std::vector<std::string> cores = CoresFor(demo.programs.size());
  std::vector<Stage::Part> parts;
  std::vector<DemoProgram> programs;
  // One after the other: what is missing is known before the next has begun.
  for (const RunnerProgram& runner : demo.programs) {
    parts.push_back({.label = runner.name, .program = {}, .cores = cores[parts.size()]});
    FLEXAI_TRY(DemoProgram program, demo.stage.EnterCommand(parts.back(), {runner.path, "--wait", "--seconds", length}));
    demo.audience.Live("  " + program.label + " prepares itself …");
    if (const Status ready = demo.stage.AwaitReady(program, kPatience); !ready) {
      if (program.Finish(MonotonicNow() + kPatience) != kNotInstalled) return tl::unexpected<Error>(ready.error());
      act.passed = false;
      act.left_out = program.label + " is not installed here";
      demo.audience.Verdict(act, act.left_out);
      return act;
    }
    programs.push_back(std::move(program));
  }
  parts.push_back({.label = "batch", .program = "matmul", .cores = cores[parts.size()], .options = {"--seconds", length}});
  FLEXAI_TRY(DemoProgram batch, demo.stage.Enter(parts.back()));
  FLEXAI_TRY_STATUS(demo.stage.AwaitReady(batch));
  programs.push_back(std::move(batch));
  Watch watch(demo.stage, demo.audience, std::move(programs));
  FLEXAI_TRY_STATUS(watch.Begin());
  FLEXAI_TRY_STATUS(watch.ToTheEnd(kPatience));
  const Watch::Range range = watch.Together();
  CurveFigure figure{
      .title = "Percent of the device used, asked (dotted) and measured", .seconds = watch.At(watch.looks().size() - 1), .curves = {}};
  Document list = Document::EmptyArray();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const double used = watch.UsedPercent(i, range), asked = watch.programs()[i].asked_percent;
    const JobRun& run = watch.runs()[i];
    act.passed = act.passed && run.status == 0 && used <= asked + kPoints;
    act.asked += (i > 0 ? " / " : "") + parts[i].label + " ≤ " + parts[i].cores + " %";
    act.measured += (i > 0 ? " / " : "") + FixedPoint(used, 1) + " %";
    demo.audience.Say("  " + parts[i].label + ": asked " + parts[i].cores + " %, used " + FixedPoint(used, 1) + " % of the device; " +
                      std::to_string(run.jobs) + " jobs, " +
                      (run.status == 0 ? "results right" : "ended with status " + std::to_string(run.status)));
    list.Add(Document::Of(
        {{"label", parts[i].label}, {"asked_percent", asked}, {"used_percent", used}, {"jobs", run.jobs}, {"status", run.status}}));
    figure.curves.push_back(watch.CurveOf(i));
  }
  act.figures = {figure};
  act.details = Document::Of({{"programs", std::move(list)}});
  demo.audience.Verdict(act, LoadWords(watch.Load()));
  return act;
}

}  // namespace flexai::cli
