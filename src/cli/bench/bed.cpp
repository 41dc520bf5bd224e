#include "cli/bench/bed.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>

#include "base/child_process.hpp"
#include "cli/host_support.hpp"
#include "slice/admission.hpp"

namespace flexai::cli {
namespace {

constexpr Nanos kBin = 100 * kMillisecond;
constexpr Nanos kHeadStart = 50 * kMillisecond;  // for orders to reach all tenants before the common instant
constexpr Nanos kReadyPatience = 120 * kSecond;  // a first start compiles kernels

void SleepUntil(Nanos time) {
  const timespec at{time / kSecond, time % kSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) != 0) {
  }
}

// The member `key` of the JSON object on `line`.
Result<Document> Answer(const std::string& line, std::string_view key) {
  FLEXAI_TRY(Document document, Document::ParseJson(line));
  if (document[key].IsNull()) return Fail(ErrorCode::kCorrupt, "the load generator answered '" + line + "'");
  return Document(document[key]);
}

const SliceSnapshot* Find(const RegionSnapshot& region, const std::string& name) {
  const auto found =
      std::find_if(region.slices.begin(), region.slices.end(), [&](const SliceSnapshot& slice) { return slice.name == name; });
  return found == region.slices.end() ? nullptr : &*found;
}

AccountDelta Difference(const SliceSnapshot& before, const SliceSnapshot& after) {
  const auto delta = [](std::uint64_t a, std::uint64_t b) { return static_cast<double>(b) - static_cast<double>(a); };
  return {.device_ns = delta(before.device_ns, after.device_ns),
          .think_ns = delta(before.think_ns, after.think_ns),
          .overlap_ns = delta(before.overlap_ns, after.overlap_ns),
          .wait_ns = delta(before.wait_ns, after.wait_ns)};
}

std::optional<double> CoreTime(const BedTenant& tenant) {
  if (tenant.device_thread == 0) return std::nullopt;
  const auto text = ReadFile("/proc/" + std::to_string(tenant.load_pid) + "/task/" + std::to_string(tenant.device_thread) + "/schedstat");
  return text ? std::optional(std::strtod(text->c_str(), nullptr)) : std::nullopt;
}

Result<std::string> LoadProgram(const Surroundings& surroundings) {
  std::string program = CompanionProgram(surroundings.self, "flexai-load");
  if (program.empty())
    return Fail(ErrorCode::kNotFound, "the load generator flexai-load is not there: build all targets (tools/build), or reinstall flexai");
  return program;
}

}  // namespace

double TenantResult::rate() const {
  const double commands = round["commands"].AsDouble().value_or(0);
  const double took = round["finished_ns"].AsDouble().value_or(0) - round["started_ns"].AsDouble().value_or(0);
  return took > 0 ? commands * kSecond / took : 0;
}

Result<std::vector<XpuId>> LoadableXpus(const Surroundings& surroundings) {
  FLEXAI_TRY(const std::string program, LoadProgram(surroundings));
  const ChildSpec list{.argv = {program, "--list"}, .environment = surroundings.environment.entries()};
  const ChildResult result = RunChildren({&list, 1}, MonotonicNow() + kReadyPatience).front();
  if (result.end != ChildResult::End::kExited || result.code != 0)
    return Fail(ErrorCode::kIo, "asking the drivers for their devices failed: " + result.errors);
  std::vector<XpuId> ids;
  for (const std::string& word : SplitList(result.output, "\n"))
    if (const auto id = XpuId::Parse(word)) ids.push_back(*id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<TestBed> TestBed::Open(const Surroundings& surroundings, const XpuId& xpu) {
  TestBed bed;
  bed.xpu_ = xpu;
  bed.self_ = surroundings.self;
  FLEXAI_TRY(bed.load_program_, LoadProgram(surroundings));
  FLEXAI_TRY(const Runtime runtime, FindRuntime(surroundings.environment));
  bed.directory_ = runtime.path;
  EnvironmentList environment = surroundings.environment;
  PinDrivers(environment);
  bed.environment_ = environment.entries();
  bed.device_cpu_ = DeviceCpu();
  return bed;
}

Result<KernelSpec> TestBed::Kernel(Nanos wanted) {
  if (const auto known = kernels_.find(wanted); known != kernels_.end()) return known->second;
  std::vector<std::string> argv{load_program_, "--xpu", std::string(xpu_.view()), "--calibrate",
                                std::to_string(std::max<Nanos>(wanted / kMicrosecond, 1))};
  if (device_cpu_) argv.insert(argv.end(), {"--device-cpu", std::to_string(*device_cpu_)});
  const ChildSpec calibrate{.argv = std::move(argv), .environment = environment_};
  const ChildResult result = RunChildren({&calibrate, 1}, MonotonicNow() + kReadyPatience).front();
  if (result.end != ChildResult::End::kExited || result.code != 0)
    return Fail(ErrorCode::kIo, "measuring a kernel alone failed: " + result.errors);
  FLEXAI_TRY(const Document kernels, Answer(result.output, "kernels"));
  if (kernels.Items().empty()) return Fail(ErrorCode::kCorrupt, "the load generator measured nothing");
  const Document& first = kernels.Items().front();
  const KernelSpec kernel{.steps = static_cast<std::uint32_t>(first["steps"].AsUnsigned().value_or(1)),
                          .ns = first["kernel_ns"].AsInt().value_or(1)};
  kernels_.emplace(wanted, kernel);
  return kernel;
}

Document TestBed::Calibration() const {
  Document kernels = Document::EmptyArray();
  for (const auto& [wanted, kernel] : kernels_)
    kernels.Add(Document::Of({{"wanted_ns", wanted}, {"steps", kernel.steps}, {"kernel_ns", kernel.ns}}));
  return kernels;
}

std::string TestBed::NextSliceName() { return "bench-" + std::to_string(getpid()) + "-" + std::to_string(++names_); }

std::vector<std::string> TestBed::CommandOf(const TenantPlan& plan, const std::string& name) const {
  std::vector<std::string> argv;
  if (plan.sliced()) {
    argv = {self_, "run", "--xpu", std::string(xpu_.view()), "--cores", plan.cores, "--name", name};
    if (!plan.memory.empty()) argv.insert(argv.end(), {"--memory", plan.memory});
    if (!plan.priority.empty()) argv.insert(argv.end(), {"--priority", plan.priority});
    argv.push_back("--");
  }
  argv.insert(argv.end(), {load_program_, "--xpu", std::string(xpu_.view()), "--mode", plan.mode});
  if (plan.kernel.ns > 0)
    argv.insert(argv.end(), {"--steps", std::to_string(plan.kernel.steps), "--kernel-ns", std::to_string(plan.kernel.ns)});
  if (device_cpu_) argv.insert(argv.end(), {"--device-cpu", std::to_string(*device_cpu_)});
  argv.insert(argv.end(), plan.options.begin(), plan.options.end());
  return argv;
}

Result<std::vector<BedTenant>> TestBed::Start(const std::vector<TenantPlan>& plans) {
  std::vector<BedTenant> tenants;
  for (const TenantPlan& plan : plans) {
    BedTenant tenant;
    tenant.plan = plan;
    if (plan.sliced()) tenant.slice = NextSliceName();
    FLEXAI_TRY(tenant.program, PipedProgram::Start(CommandOf(plan, tenant.slice), environment_));
    tenants.push_back(std::move(tenant));
  }
  const Nanos deadline = MonotonicNow() + kReadyPatience;
  for (BedTenant& tenant : tenants) {
    auto line = tenant.program.ReadLine(deadline);
    if (!line) return tl::unexpected<Error>(WithContext(line.error(), "starting a load generator"));
    FLEXAI_TRY(const Document ready, Answer(*line, "ready"));
    tenant.load_pid = static_cast<pid_t>(ready["pid"].AsInt().value_or(0));
    tenant.device_thread = static_cast<int>(ready["device_thread"].AsInt().value_or(0));
  }
  return tenants;
}

Result<BedRound> TestBed::Round(std::vector<BedTenant>& tenants, const RoundOptions& options) {
  std::vector<BedTenant*> all;
  for (BedTenant& tenant : tenants) all.push_back(&tenant);
  return Round(all, options);
}

Result<BedRound> TestBed::Round(std::span<BedTenant* const> tenants, const RoundOptions& options) {
  const Nanos start = MonotonicNow() + kHeadStart, from = start + options.ramp, to = from + options.length;
  const Nanos bin = std::min(kBin, options.length);
  const std::string order =
      "go " + std::to_string(start) + " " + std::to_string(from) + " " + std::to_string(to) + " " + std::to_string(bin);
  std::vector<pid_t> ours{getpid()};
  bool sliced = false;
  for (BedTenant* tenant : tenants) {
    FLEXAI_TRY_STATUS(tenant->program.Send(order));
    ours.insert(ours.end(), {tenant->program.pid(), tenant->load_pid});
    sliced = sliced || !tenant->slice.empty();
  }
  std::sort(ours.begin(), ours.end());
  ours.erase(std::unique(ours.begin(), ours.end()), ours.end());

  RegionSnapshot before, after;
  std::vector<std::optional<double>> cores_before, cores_after;
  SleepUntil(from);
  const LoadMeter meter(std::move(ours));
  for (const BedTenant* tenant : tenants) cores_before.push_back(CoreTime(*tenant));
  if (sliced) {
    FLEXAI_TRY(before, Look());
  }
  SleepUntil(to);
  for (const BedTenant* tenant : tenants) cores_after.push_back(CoreTime(*tenant));
  if (sliced) {
    FLEXAI_TRY(after, Look());
  }

  BedRound round;
  round.wall_ns = options.length;
  round.load = meter.Measure();
  for (BedTenant* tenant : tenants) {
    auto line = tenant->program.ReadLine(to + options.patience);
    if (!line) return tl::unexpected<Error>(WithContext(line.error(), "waiting for a load generator"));
    TenantResult result;
    FLEXAI_TRY(result.round, Answer(*line, "round"));
    for (const Document& count : result.round["bins"].Items())
      result.bins_ns.push_back(count.AsDouble().value_or(0) * static_cast<double>(tenant->plan.kernel.ns));
    if (!result.bins_ns.empty()) result.device_ns = result.bins_ns.back();
    const SliceSnapshot* const slice_before = Find(before, tenant->slice);
    const SliceSnapshot* const slice_after = Find(after, tenant->slice);
    if (!tenant->slice.empty() && slice_before != nullptr && slice_after != nullptr)
      result.account = Difference(*slice_before, *slice_after);
    const std::size_t index = round.tenants.size();
    if (cores_before[index] && cores_after[index]) result.core_ns = *cores_after[index] - *cores_before[index];
    round.tenants.push_back(std::move(result));
  }
  // Work that takes as long as it takes, however short the interval was.
  if (options.length < kBin) round.load = meter.Measure();
  return round;
}

Result<BedRound> TestBed::Once(const std::vector<TenantPlan>& plans, const RoundOptions& options) {
  FLEXAI_TRY(std::vector<BedTenant> tenants, Start(plans));
  return Round(tenants, options);
}

Result<RegionSnapshot> TestBed::Look() const {
  slice::RegionFile region;
  if (const Outcome outcome = slice::RegionFile::Open(directory_, xpu_, region); outcome != Outcome::kOk)
    return tl::unexpected<Error>(FromOutcome(outcome, "opening the region of " + std::string(xpu_.view())));
  const Nanos now = MonotonicNow();
  slice::Sweep(region.view(), now);
  return TakeSnapshot(region, now);
}

}  // namespace flexai::cli
