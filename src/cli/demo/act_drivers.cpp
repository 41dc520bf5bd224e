#include "cli/demo/acts.hpp"
#include "cli/demo/tries.hpp"
#include "cli/demo/watch.hpp"
#include "cli/measure/statistics.hpp"

namespace flexai::cli {
namespace {

constexpr double kPoints = 5;
constexpr Nanos kPatience = 90 * kSecond;

// An XPU of another driver than the one the demo uses.
const XpuEntry* AnotherDriver(const Demo& demo) {
  const XpuEntry& mine = demo.stage.xpu();
  for (const XpuEntry& entry : demo.inventory.entries)
    if (entry.xpu && mine.xpu && entry.enforceable.possible && entry.xpu->platform != mine.xpu->platform && entry.region_trouble.empty() &&
        entry.free_permille() == kWholeXpu.permille)
      return &entry;
  return nullptr;
}

}  // namespace

Result<ActResult> ActDrivers(Demo& demo) {
  demo.audience.Heading("Two vendors' drivers at once");
  ActResult act{.name = "two drivers", .asked = "70 / 30 % on each"};
  const XpuEntry* const other = AnotherDriver(demo);
  if (other == nullptr) {
    act.left_out = "only one driver here has an XPU that nobody uses; apt install mesa-opencl-icd brings another one";
    demo.audience.Verdict(act, act.left_out);
    return act;
  }
  Stage second(demo.surroundings, *other, demo.runtime);
  demo.audience.Say("  " + std::string(demo.stage.xpu().id.view()) + " and " + std::string(other->id.view()) +
                    ": two programs on each, with 70 and 30 %, all four at the same time.");
  const std::string length = std::to_string(2 * demo.lengths.beside / kSecond);
  const std::vector<Stage::Part> parts{{.label = "matmul-70", .program = "matmul", .cores = "70", .options = {"--seconds", length}},
                                       {.label = "matmul-30", .program = "matmul", .cores = "30", .options = {"--seconds", length}}};
  const auto attempt = [&]() -> Result<Document> {
    std::vector<Watch> watches;
    for (Stage* stage : {&demo.stage, &second}) {
      const std::string device = stage->xpu().xpu->platform;
      std::vector<Stage::Part> here = parts;
      for (Stage::Part& part : here) part.options.insert(part.options.end(), {"--device", device});
      FLEXAI_TRY(Watch watch, Watch::Prepare(*stage, demo.audience, here));
      watches.push_back(std::move(watch));
    }
    for (Watch& watch : watches) FLEXAI_TRY_STATUS(watch.Begin());
    // One after the other is looked at for a moment until the first of them is through.
    for (bool more = true; more;) {
      for (Watch& watch : watches) {
        FLEXAI_TRY(const bool unfinished, watch.For(kSecond / 4));
        more = more && unfinished;
      }
    }
    act.passed = true;
    act.measured.clear();
    SpanFigure figure{
        .title = "Percent of each device used, by two programs each (the line: asked)", .unit = "%", .length = 100, .rows = {}};
    Document xpus = Document::EmptyArray();
    for (Watch& watch : watches) {
      FLEXAI_TRY_STATUS(watch.ToTheEnd(kPatience));
      const Watch::Range range = watch.Together();
      const std::vector<double> used{watch.UsedPercent(0, range), watch.UsedPercent(1, range)};
      const std::vector<double> splits = PartsInPercent(used);
      const double error = SplitError(used, {70, 30});
      act.passed = act.passed && error <= kPoints && watch.AllRight();
      const std::string name(watch.looks().front().xpu.view());
      const std::string split = FixedPoint(splits[0], 1) + " / " + FixedPoint(splits[1], 1);
      act.measured.append(act.measured.empty() ? "" : "; ").append(name).append(" ").append(split).append(" %");
      std::string line = "  " + name;
      line.append(": asked 70 / 30 %, measured ").append(split);
      demo.audience.Say(line + " % of what both used, " + (watch.AllRight() ? "all results right" : "A PROGRAM FAILED"));
      for (std::size_t i = 0; i < 2; ++i)
        figure.rows.push_back(
            {.label = name,
             .spans = {{.begin = 0, .end = used[i], .fill = i == 0 ? Fill::kSolid : Fill::kHatched, .text = FixedPoint(used[i], 1) + " %"}},
             .mark = i == 0 ? 70.0 : 30.0});
      xpus.Add(Document::Of({{"xpu", name}, {"used_percent", Document(Document::Array{used[0], used[1]})}, {"error_points", error}}));
    }
    act.figures = {figure};
    demo.audience.Verdict(act, "each driver's time is shared by its own account; " + LoadWords(watches.front().Load()));
    return Document::Of({{"xpus", std::move(xpus)}});
  };
  FLEXAI_TRY_STATUS(TryTwice(demo, act, attempt));
  return act;
}

}  // namespace flexai::cli
