#include <algorithm>
#include <cmath>

#include "cli/demo/acts.hpp"
#include "cli/demo/tries.hpp"
#include "cli/demo/watch.hpp"
#include "cli/measure/statistics.hpp"

namespace flexai::cli {
namespace {

constexpr Nanos kPatience = 60 * kSecond;
constexpr double kTooMuchElse = 0.25;  // cores, of the two or more that a machine has
constexpr double kServiceLoad = 0.25;  // of the device: requests come as often as keep it busy for a quarter of the time

std::string Seconds(double time) { return FixedPoint(time, 1) + " s"; }
std::string Percent(double value) { return FixedPoint(value, 0) + " %"; }

double ToSeconds(std::uint64_t ns) { return static_cast<double>(ns) / static_cast<double>(kSecond); }

// The three jobs with the amount of work each is given.
std::vector<Stage::Part> Cast(const Demo& demo) {
  const std::string model = demo.directory + "/model";
  return {{.label = "train", .program = "train", .cores = "60:100", .options = {"--model", model}},
          {.label = "serve", .program = "inference", .cores = "30:100", .priority = "high", .options = {"--model", model}},
          {.label = "batch", .program = "matmul", .cores = "10:100"}};
}

void AddOptions(Stage::Part& part, std::initializer_list<std::string> options) {
  part.options.insert(part.options.end(), options.begin(), options.end());
}

// One job with the whole device.
Result<JobRun> RunAlone(Demo& demo, Stage::Part part) {
  part.cores = "100";
  FLEXAI_TRY(Watch watch, Watch::Prepare(demo.stage, demo.audience, {part}));
  FLEXAI_TRY_STATUS(watch.Begin());
  FLEXAI_TRY_STATUS(watch.ToTheEnd(kPatience));
  if (!watch.AllRight())
    return Fail(ErrorCode::kInternal, part.label + " alone ended with status " + std::to_string(watch.runs().front().status));
  return watch.runs().front();
}

struct Way {
  double seconds = 0, device_seconds = 0;
  std::vector<JobRun> runs;

  [[nodiscard]] double UsedPercent() const { return seconds > 0 ? 100 * device_seconds / seconds : 0; }
};

void AddTo(Way& way, const JobRun& run) {
  way.runs.push_back(run);
  way.device_seconds += ToSeconds(run.device_ns);
}

Result<Way> OneAfterAnother(Demo& demo, std::vector<Stage::Part>& cast) {
  Way way;
  const std::string length = FixedPoint(ToSeconds(static_cast<std::uint64_t>(demo.lengths.alone)), 1);
  for (Stage::Part& part : cast) {
    Stage::Part timed = part;
    if (part.label == "serve") {
      // How often it may be asked, on this device: from what one request costs it.
      AddOptions(timed, {"--seconds", "1"});
      FLEXAI_TRY(const JobRun probe, RunAlone(demo, timed));
      if (probe.jobs == 0 || probe.device_ns == 0) return Fail(ErrorCode::kInternal, "no device time was charged to the service");
      const double rate = kServiceLoad * static_cast<double>(probe.jobs) / ToSeconds(probe.device_ns);
      AddOptions(part, {"--rate", std::to_string(std::max(std::lround(rate), 1L))});
      timed = part;
    }
    AddOptions(timed, {"--seconds", length});
    FLEXAI_TRY(const JobRun run, RunAlone(demo, timed));
    AddTo(way, run);
    way.seconds += run.seconds;
    AddOptions(part, {"--jobs", std::to_string(run.jobs)});
    demo.audience.EndLive();
    demo.audience.Say("  " + part.label + " alone: " + std::to_string(run.jobs) + " jobs in " + Seconds(run.seconds) +
                      ", the device computed " + Percent(run.UsedPercent()) + " of it");
  }
  return way;
}

Result<Way> Together(Demo& demo, const std::vector<Stage::Part>& cast, LoadMeter::Load& load) {
  FLEXAI_TRY(Watch watch, Watch::Prepare(demo.stage, demo.audience, cast));
  FLEXAI_TRY_STATUS(watch.Begin());
  FLEXAI_TRY_STATUS(watch.ToTheEnd(kPatience));
  load = watch.Load();
  Way way;
  for (const JobRun& run : watch.runs()) {
    if (run.status != 0) return Fail(ErrorCode::kInternal, "a job of the three together ended with status " + std::to_string(run.status));
    AddTo(way, run);
    way.seconds = std::max(way.seconds, run.seconds);  // they begin together
  }
  return way;
}

SpanRow RowOf(const std::string& label, double begin, const JobRun& run) {
  return {.label = label,
          .spans = {{.begin = begin, .end = begin + run.seconds, .fill = Fill::kEmpty, .text = {}},
                    {.begin = begin,
                     .end = begin + ToSeconds(run.device_ns),
                     .fill = Fill::kSolid,
                     .text = Seconds(ToSeconds(run.device_ns)) + " of " + Seconds(run.seconds)}}};
}

SpanFigure Picture(const std::vector<Stage::Part>& cast, const Way& alone, const Way& together) {
  SpanFigure figure{.title = "The same work one after another and together; filled: device time",
                    .unit = "s",
                    .length = std::max(alone.seconds, together.seconds),
                    .rows = {}};
  double begin = 0;
  for (std::size_t i = 0; i < cast.size(); ++i) {
    figure.rows.push_back(RowOf(cast[i].label + " alone", begin, alone.runs[i]));
    begin += alone.runs[i].seconds;
  }
  for (std::size_t i = 0; i < cast.size(); ++i) figure.rows.push_back(RowOf(cast[i].label, 0, together.runs[i]));
  return figure;
}

Document Describe(const Way& way) {
  Document runs = Document::EmptyArray();
  for (const JobRun& run : way.runs)
    runs.Add(
        Document::Of({{"jobs", run.jobs}, {"seconds", run.seconds}, {"device_seconds", ToSeconds(run.device_ns)}, {"p99_ms", run.p99_ms}}));
  return Document::Of({{"seconds", way.seconds},
                       {"device_seconds", way.device_seconds},
                       {"utilisation_percent", way.UsedPercent()},
                       {"runs", std::move(runs)}});
}

}  // namespace

Result<ActResult> ActGain(Demo& demo) {
  demo.audience.Heading("Three AI jobs: one after another with the whole device, then together in slices");
  demo.audience.Say(
      "  train: a digit classifier learns. serve: the trained model answers requests, as many as keep the device busy a quarter");
  demo.audience.Say(
      "  of the time. batch: matrix products. Each checks its results against the CPU. Then the same number of jobs of each,");
  demo.audience.Say("  at once: train 60 % guaranteed, serve 30 % and high priority, batch 10 %; what one leaves idle the others may use.");
  std::vector<Stage::Part> cast = Cast(demo);
  FLEXAI_TRY(const Way alone, OneAfterAnother(demo, cast));
  ActResult act{.name = "gain", .asked = "more than " + Percent(alone.UsedPercent()) + " used, less than " + Seconds(alone.seconds)};
  act.details = Document::Of({{"service_load", kServiceLoad}, {"alone", Describe(alone)}});
  const auto attempt = [&]() -> Result<Document> {
    LoadMeter::Load load;
    FLEXAI_TRY(const Way together, Together(demo, cast, load));
    const double gain = alone.UsedPercent() > 0 ? 100 * (together.UsedPercent() / alone.UsedPercent() - 1) : 0;
    act.passed = gain > 0 && together.seconds < alone.seconds;
    // A CPU driver computes where the other work does: beside it a time says nothing, and so nothing is claimed.
    act.left_out = !act.passed && gain > 0 && demo.stage.pinned() && load.foreign_cores >= kTooMuchElse
                       ? "it took longer, but beside " + FixedPoint(load.foreign_cores, 2) + " cores of other work"
                       : "";
    act.measured = Percent(together.UsedPercent()) + " (" + (gain >= 0 ? "+" : "") + Percent(gain) + "), " + Seconds(together.seconds);
    act.figures = {Picture(cast, alone, together)};
    demo.audience.Say("  one after another: " + Seconds(alone.seconds) + ", device computing " + Percent(alone.UsedPercent()) + " of it");
    demo.audience.Say("  together:          " + Seconds(together.seconds) + ", device computing " + Percent(together.UsedPercent()) +
                      " of it");
    demo.audience.Say("  a request answered within (P99): " + FixedPoint(alone.runs[1].p99_ms, 1) + " ms with the device to itself, " +
                      FixedPoint(together.runs[1].p99_ms, 1) + " ms beside the others");
    demo.audience.Verdict(
        act, "utilisation " + std::string(gain >= 0 ? "+" : "") + Percent(gain) + ", from the account of device time; " + LoadWords(load));
    return Document::Of({{"together", Describe(together)}, {"gain_percent", gain}, {"foreign_cores", load.foreign_cores}});
  };
  FLEXAI_TRY_STATUS(TryTwice(demo, act, attempt));
  return act;
}

}  // namespace flexai::cli
