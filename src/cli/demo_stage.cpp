#include "cli/demo_stage.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cli/bench_bed.hpp"
#include "cli/report.hpp"
#include "slice/admission.hpp"

namespace flexai::cli {
namespace {

constexpr Nanos kSayEvery = 2 * kSecond;

}  // namespace

std::map<std::string, std::string, std::less<>> ReadFields(std::string_view line) {
  std::map<std::string, std::string, std::less<>> fields;
  while (!line.empty()) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin == std::string_view::npos) break;
    line.remove_prefix(begin);
    const std::size_t equals = line.find_first_of("= ");
    if (equals == std::string_view::npos) break;
    const std::string key(line.substr(0, equals));
    const bool has_value = line[equals] == '=';
    line.remove_prefix(equals + 1);
    if (!has_value) continue;
    const bool quoted = line.starts_with('"');
    if (quoted) line.remove_prefix(1);
    const std::size_t end = std::min(line.find(quoted ? '"' : ' '), line.size());
    fields[key] = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return fields;
}

void DemoProgram::Listen() {
  while (program.running()) {
    const auto line = program.ReadLine(MonotonicNow() + kMillisecond);
    if (!line) return;
    auto fields = ReadFields(*line);
    if (line->starts_with("result "))
      result = std::move(fields);
    else if (line->starts_with("progress "))
      jobs = std::strtol(fields["jobs"].c_str(), nullptr, 10);
  }
}

int DemoProgram::Finish(Nanos deadline) {
  for (;;) {
    const auto line = program.ReadLine(deadline);
    if (!line) break;
    if (line->starts_with("result ")) result = ReadFields(*line);
  }
  return program.Wait(deadline);
}

double DemoProgram::Number(std::string_view field) const {
  const auto found = result.find(field);
  return found == result.end() ? 0 : std::strtod(found->second.c_str(), nullptr);
}

Stage::Stage(const Surroundings& surroundings, const XpuEntry& xpu, const Runtime& runtime)
    : xpu_(xpu), runtime_(runtime), self_(surroundings.self) {
  EnvironmentList environment = surroundings.environment;
  // A driver that computes on all cores leaves none for the programs themselves.
  pinned_ = xpu.kind() == XpuKind::kCpu && DeviceCpu().has_value();
  if (pinned_) PinDrivers(environment);
  environment_ = environment.entries();
}

Result<DemoProgram> Stage::Enter(const Part& part) {
  const std::string path = ProgramBeside(self_, "flexai-example-" + part.program);
  if (path.empty())
    return Fail(ErrorCode::kNotFound,
                "the example flexai-example-" + part.program + " is not beside this program: build all targets (tools/build)");
  DemoProgram entered;
  entered.label = part.label;
  entered.slice = "demo-" + part.label + "-" + std::to_string(getpid()) + "-" + std::to_string(++names_);
  entered.asked_percent = std::strtod(part.cores.c_str(), nullptr);
  std::vector<std::string> argv{self_, "run", "--xpu", std::string(xpu_.id.view()), "--cores", part.cores, "--name", entered.slice};
  if (!part.memory.empty()) argv.insert(argv.end(), {"--memory", part.memory});
  argv.insert(argv.end(), {"--", path});
  argv.insert(argv.end(), part.options.begin(), part.options.end());
  FLEXAI_TRY(entered.program, PipedProgram::Start(argv, environment_));
  return entered;
}

Result<RegionSnapshot> Stage::Look() const {
  slice::RegionFile region;
  if (const auto outcome = slice::RegionFile::Open(runtime_.path, xpu_.id, region); outcome != flexai::Outcome::kOk)
    return tl::unexpected<Error>(FromOutcome(outcome, "opening the region of " + std::string(xpu_.id.view())));
  const Nanos now = MonotonicNow();
  slice::Sweep(region.view(), now);
  return TakeSnapshot(region, now);
}

const SliceSnapshot* Stage::SliceOf(const RegionSnapshot& region, const DemoProgram& program) {
  const auto found =
      std::find_if(region.slices.begin(), region.slices.end(), [&](const SliceSnapshot& slice) { return slice.name == program.slice; });
  return found == region.slices.end() ? nullptr : &*found;
}

void Stage::Say(std::string_view line) const {
  if (!quiet_) (void)Print(std::string(line) + "\n");
}

void Stage::Heading(std::string_view line) const {
  if (!quiet_) (void)Print("\n" + Styled(line, Style::kBold, color_) + "\n");
}

void Stage::Verdict(bool passed, std::string_view line) const {
  if (!quiet_)
    (void)Print("  " + Styled(passed ? "passed" : "FAILED", passed ? Style::kGood : Style::kBad, color_) + "  " + std::string(line) + "\n");
}

void Stage::Live(std::string_view line) {
  if (quiet_) return;
  if (IsTerminal(STDOUT_FILENO)) {
    if (!live_) live_.emplace(STDOUT_FILENO);
    live_->Show(line);
  } else if (const Nanos now = MonotonicNow(); now - said_ >= kSayEvery) {
    said_ = now;
    Say(line);
  }
}

}  // namespace flexai::cli
