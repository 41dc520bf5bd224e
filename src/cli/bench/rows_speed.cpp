// What slices cost: overhead alone and together, single calls, latency beside a flood, idle capacity lent and taken back. Bare and sliced alternate within
// one run, both sides alive all the time, so that the machine's drift hits both.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "cli/bench/rows.hpp"
#include "slice/tuning.hpp"

namespace flexai::cli {
namespace {

constexpr Nanos kFloodKernel = 300 * kMicrosecond;
constexpr int kPairsPerRepeat = 8;  // short rounds in turn say more than long ones one after the other

// The two sides of a comparison take turns: bare sliced, sliced bare, … so that neither always comes first.
template <class Measure>
Status Alternate(int pairs, Measure&& measure) {
  for (int i = 0; i < pairs; ++i)
    for (const bool sliced : {i % 2 == 1, i % 2 == 0}) FLEXAI_TRY_STATUS(measure(sliced));
  return {};
}

std::vector<double> Ratios(const std::vector<double>& sliced, const std::vector<double>& bare) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < sliced.size() && i < bare.size(); ++i)
    if (bare[i] > 0) ratios.push_back(sliced[i] / bare[i]);
  return ratios;
}

std::vector<BedTenant*> Those(std::vector<BedTenant>& tenants, bool sliced) {
  std::vector<BedTenant*> some;
  for (BedTenant& tenant : tenants)
    if (tenant.plan.sliced() == sliced) some.push_back(&tenant);
  return some;
}

std::vector<double> LatenciesMs(const TenantResult& tenant) {
  std::vector<double> values;
  for (const Document& value : tenant.round["latencies_ns"].Items()) values.push_back(value.AsDouble().value_or(0) / kMillisecond);
  return values;
}

}  // namespace

Status MeasureOverhead(RowContext& context) {
  struct Goal {
    Nanos kernel;
    double percent;
    const char* name;
  };
  const std::string xpu(context.bed.xpu().view());
  for (const Goal& goal : {Goal{8 * kMicrosecond, 3, "8 us"}, Goal{100 * kMicrosecond, 1, "0.1 ms"},
                           Goal{300 * kMicrosecond, 0.3, "0.3 ms"}, Goal{kMillisecond, 0.3, "1 ms"}}) {
    const std::string what = std::string("overhead alone, kernels of ") + goal.name;
    context.progress(what);
    FLEXAI_TRY(const KernelSpec kernel, context.bed.Kernel(goal.kernel));
    if (kernel.ns > goal.kernel * 3 / 2) {
      context.report.Add(BenchLine::Skipped("overhead", context.bed.xpu(), what,
                                            "this driver needs " + std::to_string(kernel.ns / kMicrosecond) + " us for any kernel"));
      continue;
    }
    FLEXAI_TRY(std::vector<BedTenant> tenants, context.bed.Start({{.kernel = kernel}, {.cores = "100", .kernel = kernel}}));
    std::vector<double> rates[2];
    double foreign = 0;
    FLEXAI_TRY_STATUS(Alternate(context.options.repeats * kPairsPerRepeat, [&](bool sliced) -> Status {
      FLEXAI_TRY(const BedRound round, context.bed.Round(Those(tenants, sliced), {.ramp = 0, .length = 250 * kMillisecond}));
      rates[sliced ? 1 : 0].push_back(round.tenants.front().rate());
      foreign = std::max(foreign, round.load.foreign_cores);
      return {};
    }));
    std::vector<double> overheads;
    for (const double ratio : Ratios(rates[1], rates[0])) overheads.push_back(100 * (1 - ratio));
    const Spread spread = SpreadOf(overheads);
    context.report.Add({.row = "overhead",
                        .xpu = xpu,
                        .what = what,
                        .goal = "≤ " + FixedPoint(goal.percent, goal.percent < 1 ? 1 : 0) + " %",
                        .unit = "%",
                        .value = spread.median,
                        .met = spread.median <= goal.percent,
                        .spread = spread,
                        .foreign_cores = foreign,
                        .details = Document::Of({{"kernel_ns", kernel.ns},
                                                 {"quarter", Percentile(overheads, 25)},
                                                 {"three_quarters", Percentile(overheads, 75)},
                                                 {"bare_per_second", Describe(SpreadOf(rates[0]))},
                                                 {"sliced_per_second", Describe(SpreadOf(rates[1]))}})});
  }
  return {};
}

Status MeasureContended(RowContext& context) {
  FLEXAI_TRY(const KernelSpec kernel, context.bed.Kernel(kFloodKernel));
  for (const int count : {2, 3, 4}) {
    const std::string what = std::to_string(count) + " contending tenants, throughput against the bare sum";
    context.progress(what);
    std::vector<TenantPlan> plans;
    for (int i = 0; i < count; ++i) {
      plans.push_back({.kernel = kernel});
      plans.push_back({.cores = std::to_string(100 / count) + ":100", .kernel = kernel});
    }
    FLEXAI_TRY(std::vector<BedTenant> tenants, context.bed.Start(plans));
    std::vector<double> sums[2];
    double foreign = 0;
    FLEXAI_TRY_STATUS(Alternate(context.options.repeats, [&](bool sliced) -> Status {
      FLEXAI_TRY(const BedRound round, context.bed.Round(Those(tenants, sliced), {.length = 2 * kSecond}));
      double sum = 0;
      for (const TenantResult& tenant : round.tenants) sum += tenant.device_ns;
      sums[sliced ? 1 : 0].push_back(100 * sum / static_cast<double>(round.wall_ns));
      foreign = std::max(foreign, round.load.foreign_cores);
      return {};
    }));
    std::vector<double> ratios = Ratios(sums[1], sums[0]);
    for (double& ratio : ratios) ratio *= 100;
    const Spread spread = SpreadOf(ratios);
    context.report.Add({.row = "contended",
                        .xpu = std::string(context.bed.xpu().view()),
                        .what = what,
                        .goal = "≥ 98 %",
                        .unit = "%",
                        .value = spread.median,
                        .met = spread.median >= 98,
                        .spread = spread,
                        .foreign_cores = foreign,
                        .details = Document::Of(
                            {{"bare_used_percent", Describe(SpreadOf(sums[0]))}, {"sliced_used_percent", Describe(SpreadOf(sums[1]))}})});
  }
  return {};
}

Status MeasureCallCosts(RowContext& context) {
  context.progress("single calls");
  FLEXAI_TRY(const KernelSpec kernel, context.bed.Kernel(kMicrosecond));
  FLEXAI_TRY(std::vector<BedTenant> tenants,
             context.bed.Start({{.mode = "calls", .kernel = kernel}, {.cores = "100", .mode = "calls", .kernel = kernel}}));
  std::vector<double> pass[2], enqueue[2];
  double foreign = 0;
  FLEXAI_TRY_STATUS(Alternate(context.options.repeats * 2, [&](bool sliced) -> Status {
    FLEXAI_TRY(const BedRound round, context.bed.Round(Those(tenants, sliced), {.ramp = 0, .length = 500 * kMillisecond}));
    const Document& costs = round.tenants.front().round;
    pass[sliced ? 1 : 0].push_back(costs["pass_ns"].AsDouble().value_or(0));
    enqueue[sliced ? 1 : 0].push_back(costs["enqueue_ns"].AsDouble().value_or(0));
    foreign = std::max(foreign, round.load.foreign_cores);
    return {};
  }));
  const auto add = [&](const char* what, const char* goal, double most, const std::vector<double>(&costs)[2]) {
    std::vector<double> added;
    for (std::size_t i = 0; i < costs[0].size(); ++i) added.push_back(costs[1][i] - costs[0][i]);
    const Spread spread = SpreadOf(added);
    context.report.Add({.row = "calls",
                        .xpu = std::string(context.bed.xpu().view()),
                        .what = what,
                        .goal = goal,
                        .unit = "ns",
                        .value = spread.median,
                        .decimals = 1,
                        .met = spread.median <= most,
                        .spread = spread,
                        .foreign_cores = foreign,
                        .details = Document::Of({{"bare_ns", Describe(SpreadOf(costs[0]))}, {"sliced_ns", Describe(SpreadOf(costs[1]))}})});
  };
  add("a call that passes through, added", "≤ 2 ns", 2, pass);
  add("an uncontended gated enqueue, added in the calling thread", "≤ 200 ns", 200, enqueue);
  return {};
}

Status MeasurePriority(RowContext& context) {
  FLEXAI_TRY(const KernelSpec kernel, context.bed.Kernel(kFloodKernel));
  // 4 kernels every 20 ms: some 6 % of the device, within its guarantee.
  const std::vector<std::string> periodic{"--burst", "4", "--period-ns", std::to_string(20 * kMillisecond)};
  FLEXAI_TRY(std::vector<BedTenant> tenants,
             context.bed.Start({{.mode = "periodic", .kernel = kernel, .options = periodic},
                                {.kernel = kernel},
                                {.cores = "20:100", .priority = "high", .mode = "periodic", .kernel = kernel, .options = periodic},
                                {.cores = "50:100", .priority = "low", .kernel = kernel}}));
  enum Setting { kAlone, kAloneSliced, kPair, kPairSliced, kSettings };
  const std::vector<BedTenant*> members[kSettings] = {{&tenants[0]}, {&tenants[2]}, {&tenants[0], &tenants[1]}, {&tenants[2], &tenants[3]}};
  std::vector<double> latencies[kSettings], floods[kSettings];
  double foreign = 0;
  for (int i = 0; i < context.options.repeats * 2; ++i) {
    context.progress("high priority beside a flood, round " + std::to_string(i + 1));
    for (int k = 0; k < kSettings; ++k) {
      const int setting = i % 2 == 0 ? k : kSettings - 1 - k;
      FLEXAI_TRY(const BedRound round, context.bed.Round(members[setting], {.length = 2 * kSecond}));
      const std::vector<double> some = LatenciesMs(round.tenants.front());
      latencies[setting].insert(latencies[setting].end(), some.begin(), some.end());
      if (round.tenants.size() > 1) floods[setting].push_back(round.tenants.back().device_ns);
      foreign = std::max(foreign, round.load.foreign_cores);
    }
  }
  double p99[kSettings];
  for (int k = 0; k < kSettings; ++k) p99[k] = Percentile(latencies[k], 99);
  const double times = p99[kAlone] > 0 ? p99[kPairSliced] / p99[kAlone] : 0;
  std::vector<double> kept = Ratios(floods[kPairSliced], floods[kPair]);
  for (double& value : kept) value *= 100;
  const Spread spread = SpreadOf(kept);
  const std::string xpu(context.bed.xpu().view());
  Document details = Document::Of({{"kernel_ns", kernel.ns}, {"window_ns", slice::Tuning{}.window_priority_ns}});
  const char* const names[kSettings] = {"alone", "alone_in_a_slice", "beside_the_flood_bare", "beside_the_flood_in_slices"};
  for (int k = 0; k < kSettings; ++k)
    details.Add(std::string(names[k]) + "_ms", Document::Of({{"count", latencies[k].size()},
                                                             {"p50", Percentile(latencies[k], 50)},
                                                             {"p99", p99[k]},
                                                             {"max", Percentile(latencies[k], 100)}}));
  context.report.Add(
      {.row = "priority",
       .xpu = xpu,
       .what = "high priority, P99 beside a flood against alone",
       .goal = "≤ 1.6 times",
       .unit = "times",
       .value = times,
       .met = times <= 1.6,
       .note = FixedPoint(p99[kPairSliced], 2) + " ms, alone " + FixedPoint(p99[kAlone], 2) + ", bare pair " + FixedPoint(p99[kPair], 2),
       .foreign_cores = foreign,
       .details = details});
  context.report.Add({.row = "priority",
                      .xpu = xpu,
                      .what = "the flood's throughput against the bare pair",
                      .goal = "≥ 97 %",
                      .unit = "%",
                      .value = spread.median,
                      .met = spread.median >= 97,
                      .spread = spread,
                      .foreign_cores = foreign});
  return {};
}

Status MeasureElastic(RowContext& context) {
  FLEXAI_TRY(const KernelSpec kernel, context.bed.Kernel(kFloodKernel));
  const std::vector<std::string> rare{"--burst", "1", "--period-ns", std::to_string(100 * kMillisecond)};
  FLEXAI_TRY(std::vector<BedTenant> tenants,
             context.bed.Start({{.kernel = kernel},
                                {.cores = "30:100", .kernel = kernel},
                                {.cores = "70:100", .mode = "periodic", .kernel = kernel, .options = rare}}));
  std::vector<double> rates[2], extra;
  double foreign = 0;
  FLEXAI_TRY_STATUS(Alternate(context.options.repeats, [&](bool sliced) -> Status {
    context.progress("an elastic slice while the other is idle");
    std::vector<BedTenant*> one{sliced ? &tenants[1] : &tenants[0]};
    FLEXAI_TRY(const BedRound round, context.bed.Round(one, {.length = 2 * kSecond}));
    rates[sliced ? 1 : 0].push_back(round.tenants.front().device_ns);
    foreign = std::max(foreign, round.load.foreign_cores);
    return {};
  }));
  std::vector<BedTenant*> owner{&tenants[2]}, both{&tenants[2], &tenants[1]};
  std::vector<double> alone;
  for (int i = 0; i < context.options.repeats; ++i) {
    context.progress("an elastic slice gives back");
    FLEXAI_TRY(const BedRound solo, context.bed.Round(owner, {.length = 2 * kSecond}));
    FLEXAI_TRY(const BedRound pair, context.bed.Round(both, {.length = 4 * kSecond}));
    const std::vector<double> some = LatenciesMs(solo.tenants.front()), beside = LatenciesMs(pair.tenants.front());
    alone.insert(alone.end(), some.begin(), some.end());
    extra.insert(extra.end(), beside.begin(), beside.end());
    foreign = std::max({foreign, solo.load.foreign_cores, pair.load.foreign_cores});
  }
  const double usual = Percentile(alone, 50);
  for (double& latency : extra) latency = std::max(0.0, latency - usual);
  std::vector<double> used = Ratios(rates[1], rates[0]);
  for (double& ratio : used) ratio *= 100;
  const Spread used_spread = SpreadOf(used), extra_spread = SpreadOf(extra);
  const std::string xpu(context.bed.xpu().view());
  context.report.Add({.row = "elastic",
                      .xpu = xpu,
                      .what = "idle share used by an elastic slice",
                      .goal = "≥ 99 %",
                      .unit = "%",
                      .value = used_spread.median,
                      .met = used_spread.median >= 99,
                      .spread = used_spread,
                      .foreign_cores = foreign});
  // What was submitted before the owner came back is at most the window of a slice that was alone.
  const double submitted = static_cast<double>(slice::Tuning{}.window_ns + kernel.ns) / kMillisecond, p99 = Percentile(extra, 99);
  context.report.Add({.row = "elastic",
                      .xpu = xpu,
                      .what = "given back after (P99)",
                      .goal = "≤ 5 ms + submitted (" + FixedPoint(submitted, 1) + ")",
                      .unit = "ms",
                      .value = p99,
                      .met = p99 <= 5 + submitted,
                      .note = "median " + FixedPoint(extra_spread.median, 2) + " ms",
                      .spread = extra_spread,
                      .foreign_cores = foreign});
  return {};
}

}  // namespace flexai::cli
