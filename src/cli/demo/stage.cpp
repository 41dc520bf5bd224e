#include "cli/demo/stage.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cli/measure/companions.hpp"
#include "cli/measure/machine.hpp"
#include "cli/report.hpp"
#include "slice/admission.hpp"

namespace flexai::cli {
namespace {

// Slices of one demo never have the same name.
int NextNumber() {
  static int last = 0;
  return ++last;
}

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

void DemoProgram::Take(const std::string& line) {
  auto fields = ReadFields(line);
  if (line.starts_with("result ")) {
    result = std::move(fields);
    result_ns = MonotonicNow();
  } else if (line.starts_with("progress ")) {
    jobs = std::strtol(fields["jobs"].c_str(), nullptr, 10);
  }
}

bool DemoProgram::Listen() {
  while (!silent) {
    const auto line = program.ReadLine(MonotonicNow() + kMillisecond);
    if (!line && line.error().code == ErrorCode::kTimeout) break;
    if (line)
      Take(*line);
    else
      silent = true;
  }
  return !silent;
}

int DemoProgram::Finish(Nanos deadline) {
  for (;;) {
    const auto line = program.ReadLine(deadline);
    if (!line) break;
    Take(*line);
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
  const std::string path = CompanionProgram(self_, "flexai-example-" + part.program);
  if (path.empty())
    return Fail(ErrorCode::kNotFound,
                "the example flexai-example-" + part.program + " is not there: build all targets (tools/build), or reinstall flexai");
  std::vector<std::string> command{path, "--wait"};
  command.insert(command.end(), part.options.begin(), part.options.end());
  return EnterCommand(part, command);
}

Result<DemoProgram> Stage::EnterCommand(const Part& part, const std::vector<std::string>& command) {
  DemoProgram entered;
  entered.label = part.label;
  entered.slice = "demo-" + part.label + "-" + std::to_string(getpid()) + "-" + std::to_string(NextNumber());
  entered.asked_percent = std::strtod(part.cores.c_str(), nullptr);
  std::vector<std::string> argv{self_, "run", "--xpu", std::string(xpu_.id.view()), "--cores", part.cores, "--name", entered.slice};
  if (!part.memory.empty()) argv.insert(argv.end(), {"--memory", part.memory});
  if (!part.priority.empty()) argv.insert(argv.end(), {"--priority", part.priority});
  argv.emplace_back("--");
  argv.insert(argv.end(), command.begin(), command.end());
  FLEXAI_TRY(entered.program, PipedProgram::Start(argv, environment_));
  return entered;
}

Status Stage::AwaitReady(DemoProgram& program, Nanos patience) const {
  const Nanos deadline = MonotonicNow() + patience;
  for (;;) {
    const auto line = program.program.ReadLine(deadline);
    if (!line) return tl::unexpected<Error>(WithContext(line.error(), program.label + " did not get ready"));
    if (*line == "ready") break;
  }
  FLEXAI_TRY(const RegionSnapshot region, Look());
  const SliceSnapshot* const slice = SliceOf(region, program);
  if (slice == nullptr) return Fail(ErrorCode::kStale, program.label + " is ready, but its slice is not in the region");
  program.ref = slice->ref;
  return {};
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

Result<std::uint64_t> Stage::DeviceTime(const DemoProgram& program) const {
  slice::RegionFile region;
  if (const auto outcome = slice::RegionFile::Open(runtime_.path, xpu_.id, region); outcome != flexai::Outcome::kOk)
    return tl::unexpected<Error>(FromOutcome(outcome, "opening the region of " + std::string(xpu_.id.view())));
  const std::uint64_t time = slice::Load(region.view().account(program.ref.slot).device_ns);
  if (slice::Load(region.view().share(program.ref.slot).generation) != program.ref.generation)
    return Fail(ErrorCode::kStale, "the account of " + program.label + " is gone: another slice began in its place");
  return time;
}

}  // namespace flexai::cli
