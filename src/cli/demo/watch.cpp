#include "cli/demo/watch.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace flexai::cli {
namespace {

constexpr Nanos kLookEvery = 250 * kMillisecond;
constexpr Nanos kWindow = kSecond;  // of a spread
constexpr Nanos kCurveStep = kSecond / 2;

}  // namespace

Result<Watch> Watch::Prepare(Stage& stage, Audience& audience, const std::vector<Stage::Part>& parts) {
  std::vector<DemoProgram> programs;
  for (const Stage::Part& part : parts) {
    FLEXAI_TRY(DemoProgram program, stage.Enter(part));
    programs.push_back(std::move(program));
  }
  for (DemoProgram& program : programs) {
    audience.Live("  " + program.label + " prepares itself …");
    FLEXAI_TRY_STATUS(stage.AwaitReady(program));
  }
  return Watch(stage, audience, std::move(programs));
}

Status Watch::Begin() {
  device_before_.clear();
  for (const DemoProgram& program : programs_) {
    FLEXAI_TRY(const std::uint64_t time, stage_->DeviceTime(program));
    device_before_.push_back(time);
  }
  FLEXAI_TRY_STATUS(Look());
  std::vector<pid_t> ours{getpid()};
  for (const SliceSnapshot& slice : looks_.back().slices)
    for (const ProcessSnapshot& process : slice.processes) ours.push_back(static_cast<pid_t>(process.pid));
  meter_.emplace(std::move(ours));
  began_ns_ = MonotonicNow();
  for (DemoProgram& program : programs_) FLEXAI_TRY_STATUS(Stage::Go(program));
  return {};
}

Status Watch::Look() {
  FLEXAI_TRY(RegionSnapshot look, stage_->Look());
  looks_.push_back(std::move(look));
  return {};
}

Result<bool> Watch::For(Nanos length) {
  const Nanos end = MonotonicNow() + length;
  for (;;) {
    bool any = false;
    for (DemoProgram& program : programs_) any = program.Listen() || any;
    const Nanos left = end - MonotonicNow();
    if (!any || left <= 0) return any;
    Await(std::min(end, looks_.back().taken_ns + kLookEvery));
    if (MonotonicNow() - looks_.back().taken_ns < std::min(left, kLookEvery)) continue;
    FLEXAI_TRY_STATUS(Look());
    ShowLive();
  }
}

void Watch::Await(Nanos until) {
  std::vector<pollfd> outputs;
  for (const DemoProgram& program : programs_)
    if (!program.silent) outputs.push_back({.fd = program.program.output(), .events = POLLIN, .revents = 0});
  const Nanos left = std::max<Nanos>(until - MonotonicNow(), 0);
  (void)poll(outputs.data(), outputs.size(), static_cast<int>((left + kMillisecond - 1) / kMillisecond));
}

Status Watch::ToTheEnd(Nanos patience) {
  FLEXAI_TRY(const bool unfinished, For(patience));
  for (std::size_t i = 0; i < programs_.size(); ++i) {
    DemoProgram& program = programs_[i];
    if (unfinished && program.Listen())
      return Fail(ErrorCode::kTimeout, program.label + " did not end within " + std::to_string(patience / kSecond) + " s");
    JobRun run;
    run.status = program.Finish(MonotonicNow() + patience);
    run.seconds = program.result_ns > began_ns_ ? static_cast<double>(program.result_ns - began_ns_) / static_cast<double>(kSecond) : 0;
    run.jobs = static_cast<long>(program.Number("jobs"));
    run.rate = program.Number("rate");
    run.p99_ms = program.Number("p99_ms");
    FLEXAI_TRY(const std::uint64_t device, stage_->DeviceTime(program));
    run.device_ns = device - std::min(device, device_before_[i]);
    runs_.push_back(run);
  }
  audience_->EndLive();
  return {};
}

bool Watch::AllRight() const noexcept {
  return std::all_of(runs_.begin(), runs_.end(), [](const JobRun& run) { return run.status == 0; });
}

Watch::Range Watch::Together() const {
  Range range{.begin = 0, .end = 0};
  for (const RegionSnapshot& look : looks_) {
    if (!std::all_of(programs_.begin(), programs_.end(),
                     [&](const DemoProgram& program) { return Stage::SliceOf(look, program) != nullptr; }))
      break;
    ++range.end;
  }
  // The last of them may have seen a program that had ended its work and not yet its slice.
  if (range.end > 2) --range.end;
  return range;
}

double Watch::UsedPercent(std::size_t index, Range looks) const {
  if (looks.end < looks.begin + 2) return 0;
  const RegionSnapshot& first = looks_[looks.begin];
  const RegionSnapshot& last = looks_[looks.end - 1];
  const SliceSnapshot* const slice = Stage::SliceOf(last, programs_[index]);
  if (slice == nullptr) return 0;
  const auto share = Measure(first, *slice, last.taken_ns);
  return share ? (share->permille + share->think_permille) / 10.0 : 0;
}

Spread Watch::SpreadOverSeconds(std::size_t index, Range looks) const {
  std::vector<double> windows;
  std::size_t begin = looks.begin;
  for (std::size_t i = looks.begin; i < looks.end; ++i) {
    if (looks_[i].taken_ns - looks_[begin].taken_ns < kWindow) continue;
    windows.push_back(UsedPercent(index, {.begin = begin, .end = i + 1}));
    begin = i;
  }
  return SpreadOf(std::move(windows));
}

double Watch::At(std::size_t look) const {
  return static_cast<double>(looks_[look].taken_ns - looks_.front().taken_ns) / static_cast<double>(kSecond);
}

Curve Watch::CurveOf(std::size_t index) const {
  Curve curve{.label = programs_[index].label, .measured = {}, .asked = {}};
  if (programs_[index].asked_percent > 0) curve.asked.push_back({0, programs_[index].asked_percent});
  std::size_t begin = 0;
  for (std::size_t i = 1; i < looks_.size(); ++i) {
    if (looks_[i].taken_ns - looks_[begin].taken_ns < kCurveStep && i + 1 < looks_.size()) continue;
    if (Stage::SliceOf(looks_[i], programs_[index]) == nullptr) break;
    curve.measured.push_back({(At(begin) + At(i)) / 2, UsedPercent(index, {.begin = begin, .end = i + 1})});
    begin = i;
  }
  return curve;
}

void Watch::ShowLive() const {
  if (looks_.size() < 2) return;
  // Of the last second: what is going on now.
  std::size_t begin = looks_.size() - 2;
  while (begin > 0 && looks_.back().taken_ns - looks_[begin].taken_ns < kWindow) --begin;
  std::string line = "  " + FixedPoint(At(looks_.size() - 1), 1) + " s";
  for (std::size_t i = 0; i < programs_.size(); ++i) {
    const double used = UsedPercent(i, {.begin = begin, .end = looks_.size()});
    line += "   " + programs_[i].label + " " + FixedPoint(programs_[i].asked_percent, 0) + " → " + FixedPoint(used, 1) + " % " +
            Bar(static_cast<std::uint64_t>(std::clamp(used, 0.0, 100.0)), 100, 14);
  }
  audience_->Live(line);
}

std::string LoadWords(const LoadMeter::Load& load) {
  return "load of other programs meanwhile: " + FixedPoint(load.foreign_cores, 2) + " cores";
}

double SplitError(const std::vector<double>& used, const std::vector<double>& asked) {
  const std::vector<double> errors = Errors(PartsInPercent(asked), PartsInPercent(used));
  double error = errors.empty() ? 0 : *std::max_element(errors.begin(), errors.end());
  for (std::size_t i = 0; i < used.size(); ++i) error = std::max(error, used[i] - asked[i]);
  return error;
}

}  // namespace flexai::cli
