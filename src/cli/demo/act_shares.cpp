#include "cli/demo/acts.hpp"
#include "cli/demo/tries.hpp"
#include "cli/demo/watch.hpp"
#include "cli/measure/statistics.hpp"

namespace flexai::cli {
namespace {

constexpr double kPoints = 5;  // how far a share may be off: demos run on machines that do other things too
constexpr Nanos kPatience = 60 * kSecond;

}  // namespace

Result<ActResult> ActShares(Demo& demo) {
  demo.audience.Heading("The three at 60, 30 and 10 %, each with more work than its slice");
  demo.audience.Say("  Guaranteed and capped. The service is asked without a pause now: the next request comes when the last is answered.");
  const std::string length = FixedPoint(static_cast<double>(demo.lengths.together) / static_cast<double>(kSecond), 1);
  std::vector<Stage::Part> parts{{.label = "train", .program = "train", .cores = "60", .options = {"--seconds", length}},
                                 {.label = "serve", .program = "inference", .cores = "30", .options = {"--seconds", length}},
                                 {.label = "batch", .program = "matmul", .cores = "10", .options = {"--seconds", length}}};
  ActResult act{.name = "shares", .asked = "60 / 30 / 10 %"};
  const auto attempt = [&]() -> Result<Document> {
    FLEXAI_TRY(Watch watch, Watch::Prepare(demo.stage, demo.audience, parts));
    FLEXAI_TRY_STATUS(watch.Begin());
    FLEXAI_TRY_STATUS(watch.ToTheEnd(kPatience + demo.lengths.together));
    const LoadMeter::Load load = watch.Load();
    const Watch::Range range = watch.Together();
    std::vector<double> used, asked;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      used.push_back(watch.UsedPercent(i, range));
      asked.push_back(watch.programs()[i].asked_percent);
    }
    const std::vector<double> splits = PartsInPercent(used);
    const double error = SplitError(used, asked);
    act.passed = error <= kPoints && watch.AllRight();
    act.measured.clear();
    Document programs = Document::EmptyArray();
    CurveFigure figure{
        .title = "Percent of the device used, asked (dotted) and measured", .seconds = watch.At(watch.looks().size() - 1), .curves = {}};
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const double split = splits[i];
      const Spread spread = watch.SpreadOverSeconds(i, range);
      demo.audience.Say("  " + parts[i].label + ": asked " + parts[i].cores + " %, measured " + FixedPoint(split, 1) +
                        " % of what they used; " + FixedPoint(used[i], 1) +
                        " % of the device (in windows of 1 s: " + FixedPoint(spread.least, 1) + " to " + FixedPoint(spread.most, 1) +
                        "), " + FixedPoint(watch.runs()[i].rate, 1) + " jobs/s");
      act.measured += (i > 0 ? " / " : "") + FixedPoint(split, 1);
      programs.Add(Document::Of({{"label", parts[i].label},
                                 {"asked_percent", asked[i]},
                                 {"split_percent", split},
                                 {"used_percent", used[i]},
                                 {"least_percent", spread.least},
                                 {"most_percent", spread.most},
                                 {"device_seconds", static_cast<double>(watch.runs()[i].device_ns) / static_cast<double>(kSecond)}}));
      figure.curves.push_back(watch.CurveOf(i));
      figure.curves.back().label += " " + FixedPoint(split, 1) + " % (" + parts[i].cores + ")";
    }
    act.measured += " %, error " + FixedPoint(error, 1) + " points";
    act.figures = {figure};
    demo.audience.Verdict(act, "largest error " + FixedPoint(error, 1) + " points of " + FixedPoint(kPoints, 0) + " allowed" +
                                   (watch.AllRight() ? ", all results right" : ", A PROGRAM FAILED") + "; " + LoadWords(load));
    return Document::Of({{"programs", std::move(programs)},
                         {"error_points", error},
                         {"results_right", watch.AllRight()},
                         {"foreign_cores", load.foreign_cores}});
  };
  FLEXAI_TRY_STATUS(TryTwice(demo, act, attempt));
  return act;
}

}  // namespace flexai::cli
