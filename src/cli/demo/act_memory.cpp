#include <algorithm>

#include "cli/demo/acts.hpp"
#include "cli/demo/watch.hpp"
#include "cli/measure/statistics.hpp"
#include "cli/values.hpp"

namespace flexai::cli {
namespace {

constexpr double kUndisturbed = 0.75;  // the part of its share that a neighbour keeps, on a machine that does other things too
constexpr std::uint64_t kQuota = std::uint64_t{64} << 20;
constexpr Nanos kPatience = 60 * kSecond;

double Mebibytes(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

}  // namespace

Result<ActResult> ActMemory(Demo& demo) {
  demo.audience.Heading("The memory wall");
  demo.audience.Say("  A program with a quota of 64 MiB takes memory until it is refused; matrix products go on beside it.");
  const std::string length = std::to_string(2 * demo.lengths.beside / kSecond + 1);
  FLEXAI_TRY(Watch watch,
             Watch::Prepare(demo.stage, demo.audience,
                            {{.label = "batch", .program = "matmul", .cores = "50", .memory = "256Mi", .options = {"--seconds", length}}}));
  FLEXAI_TRY_STATUS(watch.Begin());
  FLEXAI_TRY(bool more, watch.For(demo.lengths.beside / 2));
  const std::size_t wall_begins = watch.looks().size() - 1;
  FLEXAI_TRY(
      DemoProgram wall,
      demo.stage.Enter(
          {.label = "wall", .program = "memory-wall", .cores = "20", .memory = std::to_string(kQuota), .options = {"--most", "256"}}));
  FLEXAI_TRY_STATUS(demo.stage.AwaitReady(wall));
  FLEXAI_TRY_STATUS(Stage::Go(wall));
  while (more && wall.Listen()) {
    FLEXAI_TRY(more, watch.For(100 * kMillisecond));
  }
  const std::size_t wall_ended = watch.looks().size();
  const int wall_status = wall.Finish(MonotonicNow() + kPatience);
  FLEXAI_TRY_STATUS(watch.ToTheEnd(kPatience));

  const double used_before = watch.UsedPercent(0, {.begin = 0, .end = wall_begins + 1});
  const double used_beside = watch.UsedPercent(0, {.begin = wall_begins, .end = wall_ended});
  const auto taken = static_cast<std::uint64_t>(wall.Number("taken_bytes")), seen = static_cast<std::uint64_t>(wall.Number("device_bytes"));
  const std::string answer = wall.result["refused"].empty() ? "nothing" : wall.result["refused"];
  const bool refused = wall_status == 0 && answer == "CL_MEM_OBJECT_ALLOCATION_FAILURE" && taken > 0 && taken <= kQuota && seen == kQuota;
  const bool undisturbed = watch.AllRight() && used_beside >= std::min(used_before, watch.programs()[0].asked_percent) * kUndisturbed;
  demo.audience.Say("  the program saw a device of " + ShowBytes(seen) + ", got " + ShowBytes(taken) + ", then " + answer);
  demo.audience.Say("  batch beside it: " + FixedPoint(used_before, 1) + " % of the device before, " + FixedPoint(used_beside, 1) +
                    " % meanwhile, " +
                    (watch.AllRight() ? "all results right" : "ended with status " + std::to_string(watch.runs()[0].status)));
  ActResult act{.name = "memory wall",
                .asked = ShowBytes(kQuota),
                .measured = ShowBytes(taken) + ", then " + answer,
                .passed = refused && undisturbed};
  act.figures = {SpanFigure{
      .title = "Device memory taken against the quota (the line)",
      .unit = "MiB",
      .length = 96,
      .rows = {{.label = "wall",
                .spans = {{.begin = 0, .end = Mebibytes(taken), .fill = Fill::kSolid, .text = ShowBytes(taken) + ", then refused"}},
                .mark = Mebibytes(kQuota)}}}};
  act.details = Document::Of({{"quota_bytes", kQuota},
                              {"taken_bytes", taken},
                              {"refused", answer},
                              {"neighbour_before_percent", used_before},
                              {"neighbour_beside_percent", used_beside}});
  demo.audience.Verdict(act, !refused      ? "not refused as it must be"
                             : undisturbed ? "refused at the quota with the error of the driver's own, neighbour undisturbed"
                                           : "the neighbour was disturbed");
  return act;
}

}  // namespace flexai::cli
