#include <cmath>

#include "base/child_process.hpp"
#include "cli/demo/acts.hpp"
#include "cli/demo/tries.hpp"
#include "cli/demo/watch.hpp"
#include "cli/measure/statistics.hpp"

namespace flexai::cli {
namespace {

constexpr double kPoints = 5;
constexpr double kBefore = 30, kAfter = 60;
constexpr Nanos kPatience = 60 * kSecond;

}  // namespace

Result<ActResult> ActResize(Demo& demo) {
  demo.audience.Heading("A slice grows from 30 to 60 % while its program runs");
  demo.audience.Say("  batch takes all that is left over. Nothing is restarted: `flexai slice set` changes the share in one step.");
  const std::string length = std::to_string(2 * demo.lengths.beside / kSecond + 2);
  ActResult act{.name = "resize", .asked = "30 → 60 %"};
  const auto attempt = [&]() -> Result<Document> {
    FLEXAI_TRY(Watch watch, Watch::Prepare(demo.stage, demo.audience,
                                           {{.label = "train", .program = "train", .cores = "30", .options = {"--seconds", length}},
                                            {.label = "batch", .program = "matmul", .cores = "10:100", .options = {"--seconds", length}}}));
    FLEXAI_TRY_STATUS(watch.Begin());
    FLEXAI_TRY([[maybe_unused]] const bool at_work, watch.For(demo.lengths.beside));
    const std::size_t changed = watch.looks().size() - 1;
    DemoProgram& train = watch.programs()[0];
    const ChildSpec set{.argv = {demo.stage.self(), "slice", "set", train.slice, "--cores", "60"}, .environment = demo.stage.environment()};
    const ChildResult done = RunChildren({&set, 1}, MonotonicNow() + kPatience).front();
    if (done.end != ChildResult::End::kExited || done.code != 0)
      return Fail(ErrorCode::kInternal, "`flexai slice set` did not change the slice: " + done.errors);
    train.asked_percent = kAfter;
    FLEXAI_TRY_STATUS(watch.Look());
    const std::size_t after = watch.looks().size() - 1;
    FLEXAI_TRY_STATUS(watch.ToTheEnd(kPatience));

    const double used_before = watch.UsedPercent(0, {.begin = 0, .end = changed + 1});
    const double used_after = watch.UsedPercent(0, {.begin = after, .end = watch.Together().end});
    const double error = std::max(std::fabs(used_before - kBefore), std::fabs(used_after - kAfter));
    act.passed = error <= kPoints && watch.AllRight();
    act.measured = FixedPoint(used_before, 1) + " → " + FixedPoint(used_after, 1) + " %";
    CurveFigure figure{.title = "Percent of the device used: train was changed from 30 to 60 %",
                       .seconds = watch.At(watch.looks().size() - 1),
                       .curves = {watch.CurveOf(0), watch.CurveOf(1)}};
    figure.curves[0].asked = {{.x = 0, .y = kBefore}, {.x = watch.At(after), .y = kAfter}};
    act.figures = {figure};
    demo.audience.Say("  train: asked 30 %, measured " + FixedPoint(used_before, 1) + " %; then asked 60 %, measured " +
                      FixedPoint(used_after, 1) + " %; same process, " + (watch.AllRight() ? "all results right" : "A PROGRAM FAILED"));
    demo.audience.Verdict(
        act, "largest error " + FixedPoint(error, 1) + " points of " + FixedPoint(kPoints, 0) + " allowed; " + LoadWords(watch.Load()));
    return Document::Of({{"before_percent", used_before}, {"after_percent", used_after}, {"foreign_cores", watch.Load().foreign_cores}});
  };
  FLEXAI_TRY_STATUS(TryTwice(demo, act, attempt));
  return act;
}

}  // namespace flexai::cli
