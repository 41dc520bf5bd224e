// How exactly shares and caps are kept.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "cli/bench/rows.hpp"

namespace flexai::cli {
namespace {

constexpr Nanos kBaseKernel = 300 * kMicrosecond;

struct Member {
  int percent;
  Nanos kernel;
  std::string mode = "async";
  Nanos think_ns = 0;
};
struct Mix {
  std::string name;
  std::vector<Member> members;
};

Document Numbers(const std::vector<double>& values) {
  Document numbers = Document::EmptyArray();
  for (const double value : values) numbers.Add(std::round(value * 1000) / 1000);
  return numbers;
}

// What one mix gave: percent of the sum, by our counting and by flexai's accounts.
struct Outcome {
  std::vector<double> asked, device, with_think, account, core;
  double used_percent = 0;  // of the wall time, all tenants together
  LoadMeter::Load load;

  [[nodiscard]] Document Describe(const std::string& name) const {
    return Document::Of({{"mix", name},
                         {"asked", Numbers(asked)},
                         {"device_time", Numbers(device)},
                         {"with_kept_think_time", Numbers(with_think)},
                         {"own_account", Numbers(account)},
                         {"core_time", Numbers(core)},
                         {"used_percent", std::round(used_percent * 100) / 100},
                         {"foreign_cores", load.foreign_cores},
                         {"stolen_cores", load.stolen_cores}});
  }
};

// Shares are guarantees that may use idle capacity: what divides the XPU then is the arbiter alone, no cap helps.
Result<Outcome> Divide(RowContext& context, const Mix& mix, bool capped) {
  std::vector<TenantPlan> plans;
  Outcome outcome;
  for (const Member& member : mix.members) {
    TenantPlan plan;
    plan.cores = std::to_string(member.percent) + (capped ? "" : ":100");
    plan.mode = member.mode;
    FLEXAI_TRY(plan.kernel, context.bed.Kernel(member.kernel));
    if (member.think_ns > 0) plan.options = {"--think-ns", std::to_string(member.think_ns)};
    plans.push_back(std::move(plan));
    outcome.asked.push_back(member.percent);
  }
  outcome.asked = PartsInPercent(outcome.asked);
  FLEXAI_TRY(const BedRound round, context.bed.Once(plans, {.length = context.options.length}));
  std::vector<double> device, with_think, account, core;
  for (const TenantResult& tenant : round.tenants) {
    const AccountDelta delta = tenant.account.value_or(AccountDelta{});
    device.push_back(tenant.device_ns);
    with_think.push_back(tenant.device_ns + delta.think_ns);
    account.push_back(delta.device_ns + delta.think_ns);
    if (tenant.core_ns) core.push_back(*tenant.core_ns);
    outcome.used_percent += 100 * tenant.device_ns / static_cast<double>(round.wall_ns);
  }
  outcome.device = PartsInPercent(device);
  outcome.with_think = PartsInPercent(with_think);
  outcome.account = PartsInPercent(account);
  outcome.core = PartsInPercent(core);
  outcome.load = round.load;
  return outcome;
}

// Runs all mixes; the errors of every tenant of every mix go into `errors`.
struct Sum {
  std::vector<double> errors, device_errors;
  double foreign_cores = 0;
  Document details = Document::EmptyArray();
};
Result<Sum> DivideAll(RowContext& context, const std::vector<Mix>& mixes, bool synchronous) {
  Sum sum;
  for (const Mix& mix : mixes) {
    context.progress(mix.name);
    FLEXAI_TRY(const Outcome outcome, Divide(context, mix, false));
    const std::vector<double> errors = Errors(outcome.asked, synchronous ? outcome.with_think : outcome.device);
    const std::vector<double> device_errors = Errors(outcome.asked, outcome.device);
    sum.errors.insert(sum.errors.end(), errors.begin(), errors.end());
    sum.device_errors.insert(sum.device_errors.end(), device_errors.begin(), device_errors.end());
    sum.foreign_cores = std::max(sum.foreign_cores, outcome.load.foreign_cores);
    sum.details.Add(outcome.Describe(mix.name));
  }
  return sum;
}

std::string Ratio(const std::vector<int>& percents) {
  std::string text;
  for (const int percent : percents) text += (text.empty() ? "" : "/") + std::to_string(percent);
  return text;
}

}  // namespace

Status MeasureShares(RowContext& context) {
  FLEXAI_TRY(const KernelSpec base, context.bed.Kernel(kBaseKernel));
  std::vector<Mix> mixes;
  const auto add = [&](const std::vector<int>& percents, const std::string& kernels, auto&& factor_of) {
    Mix mix{.name = Ratio(percents) + ", " + kernels, .members = {}};
    for (std::size_t i = 0; i < percents.size(); ++i) {
      const Nanos factor = factor_of(i);
      // A factor applies to what a base kernel really takes, so that 1:50 is 1:50 on a driver that cannot do 0.3 ms.
      mix.members.push_back({.percent = percents[i], .kernel = factor == 1 ? kBaseKernel : base.ns * factor});
    }
    mixes.push_back(std::move(mix));
  };
  for (const int first : {50, 60, 70, 80, 90}) {
    const std::vector<int> two{first, 100 - first};
    add(two, "equal kernels", [](std::size_t) { return Nanos{1}; });
    for (const Nanos factor : {5, 50}) {
      const std::string text = std::to_string(factor);
      add(two, "kernels 1:" + text, [factor](std::size_t i) { return i == 0 ? 1 : factor; });
      if (first != 50) add(two, "kernels " + text + ":1", [factor](std::size_t i) { return i == 0 ? factor : 1; });
    }
  }
  for (const std::vector<int>& percents : std::vector<std::vector<int>>{{25, 25, 25, 25}, {40, 30, 20, 10}, std::vector<int>(10, 10)}) {
    add(percents, "equal kernels", [](std::size_t) { return Nanos{1}; });
    for (const Nanos factor : {5, 50})
      add(percents, "kernels 1:" + std::to_string(factor) + " in turn", [factor](std::size_t i) { return i % 2 == 0 ? 1 : factor; });
  }
  FLEXAI_TRY(const Sum sum, DivideAll(context, mixes, false));
  const Spread spread = SpreadOf(sum.errors);
  const double mean = Mean(sum.errors);
  context.report.Add({.row = "shares",
                      .xpu = std::string(context.bed.xpu().view()),
                      .what = "share error, asynchronous: mean",
                      .goal = "≤ 0.5 points",
                      .unit = "points",
                      .value = mean,
                      .met = mean <= 0.5,
                      .spread = spread,
                      .foreign_cores = sum.foreign_cores,
                      .details = sum.details});
  context.report.Add({.row = "shares",
                      .xpu = std::string(context.bed.xpu().view()),
                      .what = "share error, asynchronous: largest",
                      .goal = "≤ 1.5 points",
                      .unit = "points",
                      .value = spread.most,
                      .met = spread.most <= 1.5,
                      .spread = spread,
                      .foreign_cores = sum.foreign_cores});
  return {};
}

Status MeasureSynchronous(RowContext& context) {
  std::vector<Mix> mixes;
  for (const int first : {75, 50, 25}) {
    for (const Nanos think : {20 * kMicrosecond, 100 * kMicrosecond}) {
      const std::string text = Ratio({first, 100 - first}) + ", " + std::to_string(think / kMicrosecond) + " us think time";
      const Member synchronous{.percent = first, .kernel = kBaseKernel, .mode = "sync", .think_ns = think};
      Member other{.percent = 100 - first, .kernel = kBaseKernel};
      mixes.push_back({.name = text + ", beside asynchronous", .members = {synchronous, other}});
      other.mode = "sync";
      other.think_ns = think;
      if (first >= 50) mixes.push_back({.name = text + ", both", .members = {synchronous, other}});
    }
  }
  FLEXAI_TRY(const Sum sum, DivideAll(context, mixes, true));
  const Spread spread = SpreadOf(sum.errors), device = SpreadOf(sum.device_errors);
  const std::string xpu(context.bed.xpu().view());
  context.report.Add({.row = "sync",
                      .xpu = xpu,
                      .what = "share error, synchronous, device and kept think time: largest",
                      .goal = "≤ 2 points",
                      .unit = "points",
                      .value = spread.most,
                      .met = spread.most <= 2,
                      .spread = spread,
                      .foreign_cores = sum.foreign_cores,
                      .details = sum.details});
  context.report.Add({.row = "sync",
                      .xpu = xpu,
                      .what = "the same by device time alone: largest",
                      .goal = "",
                      .unit = "points",
                      .value = device.most,
                      .note = "beside it",
                      .spread = device,
                      .foreign_cores = sum.foreign_cores});
  return {};
}

Status MeasureCaps(RowContext& context) {
  FLEXAI_TRY(const KernelSpec kernel, context.bed.Kernel(kBaseKernel));
  std::vector<double> errors, window_errors;
  double foreign = 0;
  Document details = Document::EmptyArray();
  for (const int cap : {5, 10, 30, 50, 70}) {
    context.progress("cap " + std::to_string(cap) + " %");
    FLEXAI_TRY(const BedRound round,
               context.bed.Once({{.cores = std::to_string(cap), .kernel = kernel}}, {.length = context.options.length}));
    const TenantResult& tenant = round.tenants.front();
    const double used = 100 * tenant.device_ns / static_cast<double>(round.wall_ns);
    std::vector<double> windows;
    const std::size_t second = static_cast<std::size_t>(kSecond / (100 * kMillisecond));
    for (std::size_t end = second; end <= tenant.bins_ns.size(); ++end) {
      const double before = end == second ? 0 : tenant.bins_ns[end - second - 1];
      windows.push_back(100 * (tenant.bins_ns[end - 1] - before) / static_cast<double>(kSecond));
    }
    errors.push_back(std::fabs(used - cap));
    for (const double window : windows) window_errors.push_back(std::fabs(window - cap));
    foreign = std::max(foreign, round.load.foreign_cores);
    details.Add(Document::Of(
        {{"cap", cap},
         {"used", used},
         {"windows", Describe(SpreadOf(windows))},
         {"own_account", tenant.account ? Document(100 * tenant.account->device_ns / static_cast<double>(round.wall_ns)) : Document()},
         {"core_time", tenant.core_ns ? Document(100 * *tenant.core_ns / static_cast<double>(round.wall_ns)) : Document()},
         {"foreign_cores", round.load.foreign_cores}}));
  }
  const std::string xpu(context.bed.xpu().view());
  const Spread spread = SpreadOf(errors), windows = SpreadOf(window_errors);
  context.report.Add({.row = "caps",
                      .xpu = xpu,
                      .what = "strict caps 5 to 70 %, idle card: largest error",
                      .goal = "≤ 0.5 points",
                      .unit = "points",
                      .value = spread.most,
                      .met = spread.most <= 0.5,
                      .spread = spread,
                      .foreign_cores = foreign,
                      .details = details});
  if (windows.count > 0)
    context.report.Add({.row = "caps",
                        .xpu = xpu,
                        .what = "the same in every window of 1 s",
                        .goal = "≤ 2 points",
                        .unit = "points",
                        .value = windows.most,
                        .met = windows.most <= 2,
                        .spread = windows,
                        .foreign_cores = foreign});
  else
    context.report.Add(
        BenchLine::Skipped("caps", context.bed.xpu(), "the same in every window of 1 s", "--seconds is less than one window"));
  return {};
}

Status MeasureTen(RowContext& context) {
  const std::vector<int> steps{5, 6, 7, 8, 9, 11, 12, 13, 14, 15};  // in all 100
  for (const bool equal : {true, false}) {
    Mix mix{.name = equal ? "ten at 10 %" : "ten at 5 to 15 %", .members = {}};
    for (const int percent : steps) mix.members.push_back({.percent = equal ? 10 : percent, .kernel = kBaseKernel});
    context.progress(mix.name);
    FLEXAI_TRY(const Outcome outcome, Divide(context, mix, true));
    const Spread spread = SpreadOf(Errors(outcome.asked, outcome.device));
    context.report.Add({.row = "ten",
                        .xpu = std::string(context.bed.xpu().view()),
                        .what = equal ? "ten tenants at 10 % each: largest error" : "ten tenants, 1 % steps from 5 to 15 %: largest error",
                        .goal = "≤ 1 point",
                        .unit = "points",
                        .value = spread.most,
                        .met = spread.most <= 1,
                        .spread = spread,
                        .foreign_cores = outcome.load.foreign_cores,
                        .details = outcome.Describe(mix.name)});
  }
  return {};
}

}  // namespace flexai::cli
