// What holds when many come at once and when processes die: the memory limit under a race, survivors of SIGKILL, 64 processes that attach together.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "base/environment_list.hpp"
#include "base/fds.hpp"
#include "cli/bench/rows.hpp"

namespace flexai::cli {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

// A folder that is gone when it goes out of scope.
class ScratchFolder {
 public:
  ScratchFolder() {
    path_ = (std::filesystem::temp_directory_path() / "flexai-bench-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

// ---- memory -------------------------------------------------------------------------------------------------------------------------------------

Result<BedRound> Race(RowContext& context, std::uint64_t own_bytes, std::uint64_t operations) {
  constexpr std::uint64_t kQuota = 256 * kMiB;
  const TenantPlan plan{.cores = "50",
                        .memory = std::to_string(kQuota),
                        .mode = "memory",
                        .options = {"--processes", "8", "--quota-bytes", std::to_string(kQuota), "--own-bytes", std::to_string(own_bytes),
                                    "--operations", std::to_string(operations)}};
  return context.bed.Once({plan}, {.ramp = 0, .length = kMillisecond, .patience = 4 * (3600 * kSecond)});
}

// ---- kills --------------------------------------------------------------------------------------------------------------------------------------

struct Kill {
  Nanos at = 0;            // when the last kill() returned
  Nanos exact = -1;        // how long after it nothing was charged to the dead any more; < 0: not within kLedgerPatience
  bool disturbed = false;  // a survivor's account changed
};

constexpr Nanos kLedgerPatience = 5 * kSecond;

// The program that `flexai run` has started. Its other children ask drivers, before that.
std::vector<pid_t> ProgramsOf(pid_t pid) {
  std::vector<pid_t> programs;
  const auto text = ReadFile("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  if (!text) return programs;
  for (const std::string& word : SplitList(*text, " \n")) {
    const auto name = ReadFile("/proc/" + word + "/comm");
    if (name && name->starts_with("flexai-load")) programs.push_back(static_cast<pid_t>(std::strtol(word.c_str(), nullptr, 10)));
  }
  return programs;
}

// The state in /proc/<pid>/stat; 'Z' also for one that is gone.
char StateOf(pid_t pid) {
  const auto text = ReadFile("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = text ? text->rfind(") ") : std::string::npos;
  return name_end != std::string::npos && name_end + 2 < text->size() ? (*text)[name_end + 2] : 'Z';
}
bool HasEnded(pid_t pid) { return StateOf(pid) == 'Z' || StateOf(pid) == 'X'; }
bool IsRunning(pid_t pid) { return !HasEnded(pid) && StateOf(pid) != 'T'; }

void Nap(Nanos time) {
  const timespec length{time / kSecond, time % kSecond};
  nanosleep(&length, nullptr);
}

std::uint64_t HeldBy(const RegionSnapshot& region, const std::string& name) {
  for (const SliceSnapshot& slice : region.slices)
    if (slice.name == name) return slice.held_bytes;
  return 0;
}

// Starts a tenant that floods and holds memory, and kills it somewhere between its first instruction and full work: the program, `flexai run`, or both.
Result<Kill> KillOne(RowContext& context, const TenantPlan& plan, const BedTenant& survivor, std::uint64_t survivor_holds,
                     std::mt19937_64& random) {
  const std::string name = context.bed.NextSliceName();
  FLEXAI_TRY(PipedProgram victim, PipedProgram::Start(context.bed.CommandOf(plan, name), context.bed.environment()));
  Nap(std::uniform_int_distribution<Nanos>(0, 600 * kMillisecond)(random));
  // Stopped while its program is looked up: one that it started in between would live on.
  victim.Signal(SIGSTOP);
  for (const Nanos end = MonotonicNow() + kSecond; IsRunning(victim.pid()) && MonotonicNow() < end;) Nap(50 * kMicrosecond);
  const std::vector<pid_t> programs = ProgramsOf(victim.pid());
  if (programs.empty() && HasEnded(victim.pid())) return Fail(ErrorCode::kStale, "a victim ended by itself before it was killed");
  const auto whom = random() % 100;
  victim.Signal(whom >= 70 || programs.empty() ? SIGKILL : SIGCONT);
  if (whom >= 70 && whom < 85) Nap(std::uniform_int_distribution<Nanos>(0, 20 * kMillisecond)(random));
  for (const pid_t pid : programs) kill(pid, SIGKILL);
  Kill done{.at = MonotonicNow()};
  for (Nanos now = done.at; now - done.at < kLedgerPatience; now = MonotonicNow()) {
    FLEXAI_TRY(const RegionSnapshot region, context.bed.Look());
    if (HeldBy(region, name) == 0) {
      done.exact = now - done.at;
      done.disturbed = HeldBy(region, survivor.slice) != survivor_holds;
      break;
    }
    Nap(2 * kMillisecond);
  }
  (void)victim.Wait(MonotonicNow() + 5 * kSecond);
  return done;
}

Result<std::vector<Nanos>> ReadStamps(const std::string& path) {
  FLEXAI_TRY(const std::string bytes, ReadFile(path, std::size_t{1} << 28));
  std::vector<Nanos> stamps(bytes.size() / sizeof(Nanos));
  std::memcpy(stamps.data(), bytes.data(), stamps.size() * sizeof(Nanos));
  return stamps;
}

}  // namespace

Status MeasureMemoryRace(RowContext& context) {
  const std::uint64_t operations = context.Count(1'000'000);
  context.progress("8 processes at the memory limit");
  FLEXAI_TRY(const BedRound fight, Race(context, 320 * kMiB, operations / 2));
  FLEXAI_TRY(const BedRound share, Race(context, 32 * kMiB, operations / 2));
  const Document &greedy = fight.tenants.front().round, &modest = share.tenants.front().round;
  const double foreign = std::max(fight.load.foreign_cores, share.load.foreign_cores);
  const auto number = [](const Document& document, const char* key) { return document[key].AsDouble().value_or(-1); };
  const double over = std::max(number(greedy, "over_bytes"), number(modest, "over_bytes")), refused = number(modest, "refused");
  const double errors = number(greedy, "other_errors") + number(modest, "other_errors");
  const std::string xpu(context.bed.xpu().view()), count = std::to_string(operations) + " allocations by 8 processes";
  const Document details = Document::Of({{"fighting_for_it", greedy}, {"sharing_it_exactly", modest}});
  // A race in which nobody was refused, or nobody filled his part, did not test the limit.
  const bool tested = number(greedy, "refused") > 0 && number(modest, "filled") > 0;
  if (!tested) {
    context.report.Add(
        BenchLine::Skipped("memory", context.bed.xpu(), count, "the limit was never reached; --percent makes the race longer"));
    return {};
  }
  context.report.Add({.row = "memory",
                      .xpu = xpu,
                      .what = count + ": bytes over the quota",
                      .goal = "0",
                      .unit = "bytes",
                      .value = over,
                      .decimals = 0,
                      .met = over == 0 && errors == 0,
                      .foreign_cores = foreign,
                      .details = details});
  context.report.Add({.row = "memory",
                      .xpu = xpu,
                      .what = "the same: false refusals",
                      .goal = "0",
                      .unit = "",
                      .value = refused,
                      .decimals = 0,
                      .met = refused == 0 && errors == 0,
                      .foreign_cores = foreign});
  return {};
}

Status MeasureKills(RowContext& context) {
  constexpr int kCap = 20;
  constexpr std::size_t kBlock = 40;  // kills in one round of the survivors
  constexpr Nanos kPerKill = 1500 * kMillisecond;
  const ScratchFolder scratch;
  const std::string stamps_file = scratch.path() + "/stamps";
  FLEXAI_TRY(const KernelSpec kernel, context.bed.Kernel(300 * kMicrosecond));
  FLEXAI_TRY(std::vector<BedTenant> survivors, context.bed.Start({{.cores = "40:100",
                                                                   .memory = "64Mi",
                                                                   .mode = "sync",
                                                                   .kernel = kernel,
                                                                   .options = {"--hold-bytes", "8388608", "--stamps-file", stamps_file}},
                                                                  {.cores = std::to_string(kCap), .kernel = kernel}}));
  const LoadMeter meter({getpid(), survivors[0].program.pid(), survivors[0].load_pid, survivors[1].program.pid(), survivors[1].load_pid});
  FLEXAI_TRY(const RegionSnapshot at_first, context.bed.Look());
  const std::uint64_t holds = HeldBy(at_first, survivors[0].slice);
  // A small guarantee: what the last victim had may not be free yet when the next one asks.
  const TenantPlan victim{
      .cores = "5:100", .memory = "64Mi", .mode = "flood", .kernel = kernel, .options = {"--hold-bytes", std::to_string(32 * kMiB)}};

  const std::uint64_t wanted = context.Count(1000);
  const std::uint64_t seed = std::random_device{}();
  std::mt19937_64 random(seed);
  std::vector<double> gaps_ms, exact_ms, windows;
  std::size_t kills = 0, disturbed = 0, never_exact = 0;
  while (kills < wanted) {
    const std::size_t block = std::min<std::size_t>(kBlock, wanted - kills);
    const Nanos start = MonotonicNow() + 50 * kMillisecond, from = start + 500 * kMillisecond;
    const Nanos to = from + (static_cast<Nanos>(block) * kPerKill + kSecond) / kSecond * kSecond;
    for (BedTenant& survivor : survivors)
      FLEXAI_TRY_STATUS(survivor.program.Send("go " + std::to_string(start) + " " + std::to_string(from) + " " + std::to_string(to) + " " +
                                              std::to_string(kSecond)));
    Nap(from - MonotonicNow());
    std::vector<Kill> done;
    while (done.size() < block && MonotonicNow() < to - kPerKill) {
      context.progress("kill " + std::to_string(kills + done.size() + 1) + " of " + std::to_string(wanted));
      FLEXAI_TRY(const Kill kill, KillOne(context, victim, survivors[0], holds, random));
      done.push_back(kill);
    }
    for (std::size_t i = 0; i < survivors.size(); ++i) {
      auto line = survivors[i].program.ReadLine(to + 60 * kSecond);
      if (!line) return tl::unexpected<Error>(WithContext(line.error(), "a survivor"));
      if (i == 0) continue;
      FLEXAI_TRY(const Document document, Document::ParseJson(*line));
      double before = 0;
      for (const Document& bin : document["round"]["bins"].Items()) {
        const double now = bin.AsDouble().value_or(0) * static_cast<double>(kernel.ns);
        windows.push_back(100 * (now - before) / kSecond);
        before = now;
      }
    }
    FLEXAI_TRY(const std::vector<Nanos> stamps, ReadStamps(stamps_file));
    for (const Kill& kill : done) {
      const auto next = std::upper_bound(stamps.begin(), stamps.end(), kill.at);
      if (next != stamps.end()) gaps_ms.push_back(static_cast<double>(*next - kill.at) / kMillisecond);
      if (kill.exact >= 0) exact_ms.push_back(static_cast<double>(kill.exact) / kMillisecond);
      never_exact += kill.exact < 0;
      disturbed += kill.disturbed;
    }
    kills += done.size();
  }
  const double foreign = meter.Measure().foreign_cores;
  const Spread gap = SpreadOf(gaps_ms), exact = SpreadOf(exact_ms), window = SpreadOf(windows);
  const std::string xpu(context.bed.xpu().view()), count = std::to_string(kills) + " random SIGKILLs: ";
  context.report.Add({.row = "kills",
                      .xpu = xpu,
                      .what = count + "others go on after",
                      .goal = "≤ 25 ms",
                      .unit = "ms",
                      .value = gap.most,
                      .met = gap.most <= 25 && gap.count == kills,
                      .spread = gap,
                      .foreign_cores = foreign,
                      .details = Document::Of({{"seed", seed}, {"p50_ms", gap.median}, {"p99_ms", Percentile(gaps_ms, 99)}})});
  context.report.Add({.row = "kills",
                      .xpu = xpu,
                      .what = "the same: ledger exact after",
                      .goal = "≤ 1 s",
                      .unit = "ms",
                      .value = exact.most,
                      .decimals = 0,
                      .met = exact.most <= 1000 && never_exact == 0 && disturbed == 0,
                      .note = never_exact + disturbed == 0 ? ""
                                                           : std::to_string(never_exact) + " never, " + std::to_string(disturbed) +
                                                                 " disturbed a survivor's account",
                      .spread = exact,
                      .foreign_cores = foreign});
  context.report.Add({.row = "kills",
                      .xpu = xpu,
                      .what = "the same: most used in 1 s by a slice capped at 20 %",
                      .goal = "≤ 22 %",
                      .unit = "%",
                      .value = window.most,
                      .met = window.most <= kCap + 2,
                      .spread = window,
                      .foreign_cores = foreign});
  return {};
}

Status MeasureAttach(RowContext& context) {
  constexpr int kProcesses = 64;
  const std::vector<std::string> many{"--processes", std::to_string(kProcesses)};
  FLEXAI_TRY(std::vector<BedTenant> tenants,
             context.bed.Start({{.mode = "attach", .options = many}, {.cores = "100", .mode = "attach", .options = many}}));
  std::vector<double> took[2], cpu[2];
  double foreign = 0;
  for (int i = 0; i < context.options.repeats; ++i) {
    for (const bool sliced : {i % 2 == 1, i % 2 == 0}) {
      context.progress(std::to_string(kProcesses) + " processes attach at once, round " + std::to_string(i + 1));
      std::vector<BedTenant*> one{sliced ? &tenants[1] : &tenants[0]};
      FLEXAI_TRY(const BedRound round, context.bed.Round(one, {.ramp = 0, .length = kMillisecond}));
      const Document& result = round.tenants.front().round;
      took[sliced ? 1 : 0].push_back(result["took_ns"].AsDouble().value_or(0) / kMillisecond);
      std::vector<double> each;
      for (const Document& value : result["cpu_ns"].Items()) each.push_back(value.AsDouble().value_or(0) / kMillisecond);
      cpu[sliced ? 1 : 0].push_back(SpreadOf(each).median);
      foreign = std::max(foreign, round.load.foreign_cores);
    }
  }
  std::vector<double> ratios, added;
  for (std::size_t i = 0; i < took[0].size(); ++i) {
    ratios.push_back(took[1][i] / took[0][i]);
    added.push_back(cpu[1][i] - cpu[0][i]);
  }
  const Spread ratio = SpreadOf(ratios), more = SpreadOf(added);
  const std::string xpu(context.bed.xpu().view());
  const Document details = Document::Of({{"bare_ms", Describe(SpreadOf(took[0]))},
                                         {"sliced_ms", Describe(SpreadOf(took[1]))},
                                         {"bare_cpu_ms", Describe(SpreadOf(cpu[0]))},
                                         {"sliced_cpu_ms", Describe(SpreadOf(cpu[1]))}});
  context.report.Add({.row = "attach",
                      .xpu = xpu,
                      .what = "64 processes attach at once: CPU added to each",
                      .goal = "≤ 2 ms",
                      .unit = "ms",
                      .value = more.median,
                      .met = more.median <= 2,
                      .spread = more,
                      .foreign_cores = foreign,
                      .details = details});
  context.report.Add({.row = "attach",
                      .xpu = xpu,
                      .what = "all 64 against bare",
                      .goal = "≤ 1.05 times",
                      .unit = "times",
                      .value = ratio.median,
                      .decimals = 3,
                      .met = ratio.median <= 1.05,
                      .spread = ratio,
                      .foreign_cores = foreign});
  return {};
}

}  // namespace flexai::cli
