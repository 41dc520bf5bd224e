#include "cli/demo_acts.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <numeric>

#include "cli/bench_machine.hpp"
#include "cli/bench_statistics.hpp"
#include "cli/smi_view.hpp"
#include "cli/values.hpp"
#include "slice/region_file.hpp"

namespace flexai::cli {
namespace {

constexpr double kUndisturbed = 0.75;           // the part of its share that a neighbour keeps, on a machine that does other things too
constexpr double kPoints = 5;                   // how far a share may be off: demos run on machines that do other things too
constexpr Nanos kStartPatience = 60 * kSecond;  // a first start compiles kernels
constexpr Nanos kPatience = 30 * kSecond;
constexpr Nanos kLook = 250 * kMillisecond;

std::string Seconds(Nanos time) { return FixedPoint(static_cast<double>(time) / kSecond, 1); }

void Nap(Nanos time) {
  const timespec length{time / kSecond, time % kSecond};
  nanosleep(&length, nullptr);
}

// Waits until each program has submitted work, so that nothing is measured while drivers still compile.
Result<RegionSnapshot> WaitUntilAtWork(Stage& stage, std::vector<DemoProgram>& programs) {
  const Nanos deadline = MonotonicNow() + kStartPatience;
  while (MonotonicNow() < deadline) {
    bool all = true;
    for (DemoProgram& program : programs) {
      program.Listen();
      if (!program.program.running()) return Fail(ErrorCode::kStale, program.label + " ended before it was at work");
      all = all && program.jobs > 0;
    }
    if (all) return stage.Look();
    stage.Live("  starting …");
    Nap(20 * kMillisecond);
  }
  return Fail(ErrorCode::kTimeout, "the programs did not get to work within " + Seconds(kStartPatience) + " s");
}

// Percent of the XPU that the slice of `program` used between two looks: device time, and the pauses for which the XPU was kept for it.
double UsedPercent(const RegionSnapshot& before, const RegionSnapshot& now, const DemoProgram& program) {
  const SliceSnapshot* const slice = Stage::SliceOf(now, program);
  if (slice == nullptr) return 0;
  const auto share = Measure(before, *slice, now.taken_ns);
  return share ? (share->permille + share->think_permille) / 10.0 : 0;
}

std::string LiveLine(const RegionSnapshot& before, const RegionSnapshot& now, const std::vector<DemoProgram>& programs) {
  std::string line = "  " + Seconds(now.taken_ns - before.taken_ns) + " s";
  for (const DemoProgram& program : programs) {
    const double used = UsedPercent(before, now, program);
    line += "   " + program.label + " asked " + FixedPoint(program.asked_percent, 0) + " % measured " + FixedPoint(used, 1) + " % " +
            Bar(static_cast<std::uint64_t>(std::clamp(used, 0.0, 100.0)), 100, 22);
  }
  return line;
}

// Runs `part` with the whole XPU for a while; jobs per second.
Result<double> RateAlone(Stage& stage, Stage::Part part, Nanos length) {
  part.cores = "100";
  part.options = {"--seconds", Seconds(length)};
  FLEXAI_TRY(DemoProgram program, stage.Enter(part));
  stage.Live("  " + part.label + " alone …");
  if (const int status = program.Finish(MonotonicNow() + kStartPatience + length); status != 0)
    return Fail(ErrorCode::kInternal, part.label + " alone ended with status " + std::to_string(status));
  return program.Number("rate");
}

struct Shared {
  std::vector<double> used, rates;  // percent of the XPU's time; jobs per second
  std::vector<double> split;        // used, as percent of what all of them used
  double error = 0;                 // the largest, in points
  bool right = false;
  LoadMeter::Load load;
};

Result<Shared> RunTogether(Stage& stage, std::vector<Stage::Part> parts, Nanos length) {
  std::vector<DemoProgram> programs;
  std::vector<pid_t> ours{getpid()};
  for (Stage::Part& part : parts) {
    // Long enough to cover the slow start of the other; the end is at the measurement's, by closing time.
    part.options = {"--seconds", Seconds(length + 2 * kSecond)};
    FLEXAI_TRY(DemoProgram program, stage.Enter(part));
    programs.push_back(std::move(program));
  }
  FLEXAI_TRY(const RegionSnapshot before, WaitUntilAtWork(stage, programs));
  for (const SliceSnapshot& slice : before.slices)
    for (const ProcessSnapshot& process : slice.processes) ours.push_back(static_cast<pid_t>(process.pid));
  const LoadMeter meter(ours);
  RegionSnapshot now = before;
  // Only while both are at work: a share of an XPU that nobody else wants says nothing.
  while (now.taken_ns - before.taken_ns < length) {
    Nap(kLook);
    FLEXAI_TRY(now, stage.Look());
    for (DemoProgram& program : programs) program.Listen();
    stage.Live(LiveLine(before, now, programs));
  }
  Shared shared;
  shared.load = meter.Measure();
  shared.right = true;
  for (DemoProgram& program : programs) {
    shared.used.push_back(UsedPercent(before, now, program));
  }
  // The error is that of the split, and what somebody got above its cap. Not what all fell short of together: on a CPU driver other programs of the
  // machine take time from the XPU itself, which no share of it can give back.
  const double all_used = std::accumulate(shared.used.begin(), shared.used.end(), 0.0);
  const double all_asked = std::accumulate(programs.begin(), programs.end(), 0.0,
                                           [](double sum, const DemoProgram& program) { return sum + program.asked_percent; });
  for (std::size_t i = 0; i < programs.size(); ++i) {
    shared.split.push_back(all_used > 0 ? 100 * shared.used[i] / all_used : 0);
    const double off = std::fabs(shared.split[i] - 100 * programs[i].asked_percent / all_asked);
    shared.error = std::max({shared.error, off, shared.used[i] - programs[i].asked_percent});
  }
  for (DemoProgram& program : programs) {
    shared.right = program.Finish(MonotonicNow() + kPatience + length) == 0 && shared.right;
    shared.rates.push_back(program.Number("rate"));
  }
  stage.EndLive();
  return shared;
}

// The share of the living process that holds the XPU now, read without any lock; nothing between turns.
struct Holder {
  std::uint32_t slot = 0;
  std::uint32_t pid = 0;
};
std::optional<Holder> HolderNow(const slice::RegionView& region) {
  const slice::Lease lease = slice::Lease::Unpack(slice::Load(region.state->header.lease));
  if (lease.holder == 0 || (lease.holder & FLEXAI_LEASE_GANG) != 0 || lease.in_flight == 0) return std::nullopt;
  const std::uint32_t index = lease.holder - 1;
  return Holder{.slot = region.slot_of(index), .pid = region.process(index).pid};
}

std::uint64_t Commands(const slice::RegionView& region, std::uint32_t slot) { return slice::Load(region.account(slot).commands); }

}  // namespace

Result<ActResult> ActDiscover(Stage& stage, const Inventory& inventory) {
  stage.Heading("1  What is here, and what can be enforced");
  stage.Say(SmiText(inventory, {}, {}));
  const auto enforceable =
      std::count_if(inventory.entries.begin(), inventory.entries.end(), [](const XpuEntry& entry) { return entry.enforceable.possible; });
  ActResult act{.name = "discover",
                .asked = "an XPU to cut",
                .measured = std::to_string(enforceable) + " of " + std::to_string(inventory.entries.size()) + " enforceable"};
  act.passed = enforceable > 0;
  stage.Verdict(act.passed, act.measured + "; the acts below use " + std::string(stage.xpu().id.view()));
  return act;
}

Result<ActResult> ActShares(Stage& stage, const DemoLengths& lengths) {
  stage.Heading("2  Two real programs on one XPU, 70 % and 30 %");
  stage.Say("  A batch of matrix products and an inference service, ordinary OpenCL programs; each also once alone.");
  if (stage.pinned()) stage.Say("  The XPU is a CPU driver: it gets one thread, so that the programs' own code has a core.");
  const std::vector<Stage::Part> parts{{.label = "matmul", .program = "matmul", .cores = "70"},
                                       {.label = "inference", .program = "inference", .cores = "30"}};
  std::vector<double> alone;
  for (const Stage::Part& part : parts) {
    FLEXAI_TRY(const double rate, RateAlone(stage, part, lengths.alone));
    alone.push_back(rate);
  }
  ActResult act{.name = "shares", .asked = "70 / 30 %"};
  Document tries = Document::EmptyArray();
  for (int attempt = 1; attempt <= 2 && !act.passed; ++attempt) {
    FLEXAI_TRY(const Shared shared, RunTogether(stage, parts, lengths.together));
    act.measured = FixedPoint(shared.split[0], 1) + " / " + FixedPoint(shared.split[1], 1) + " % of what both used";
    act.passed = shared.error <= kPoints && shared.right;
    for (std::size_t i = 0; i < parts.size(); ++i)
      stage.Say("  " + parts[i].label + ": asked " + parts[i].cores + " %, measured " + FixedPoint(shared.split[i], 1) +
                " % of what both used, " + FixedPoint(shared.used[i], 1) + " % of the XPU; " + FixedPoint(shared.rates[i], 1) +
                " jobs/s, alone " + FixedPoint(alone[i], 1) +
                (alone[i] > 0 ? " (" + FixedPoint(100 * shared.rates[i] / alone[i], 0) + " %)" : ""));
    const std::string load = "load of other programs meanwhile: " + FixedPoint(shared.load.foreign_cores, 2) + " cores";
    stage.Verdict(act.passed, "largest error " + FixedPoint(shared.error, 1) + " points of " + FixedPoint(kPoints, 0) + " allowed" +
                                  (shared.right ? ", all results right" : ", WRONG RESULTS") + "; " + load);
    tries.Add(Document::Of({{"split_percent", Document(Document::Array{shared.split[0], shared.split[1]})},
                            {"used_percent", Document(Document::Array{shared.used[0], shared.used[1]})},
                            {"error_points", shared.error},
                            {"results_right", shared.right},
                            {"foreign_cores", shared.load.foreign_cores}}));
    if (!act.passed && attempt == 1) stage.Say("  Once more: the machine may have been busy with something else.");
  }
  act.details = Document::Of({{"tries", std::move(tries)}});
  return act;
}

Result<ActResult> ActMemory(Stage& stage, const DemoLengths& lengths) {
  constexpr std::uint64_t kQuota = std::uint64_t{64} << 20;
  stage.Heading("3  The memory wall");
  stage.Say("  A program with a quota of 64 MiB takes memory until it is refused; matmul works beside it.");
  std::vector<DemoProgram> neighbours;
  {
    FLEXAI_TRY(DemoProgram program, stage.Enter({.label = "matmul",
                                                 .program = "matmul",
                                                 .cores = "50",
                                                 .memory = "256Mi",
                                                 .options = {"--seconds", Seconds(2 * lengths.neighbour)}}));
    neighbours.push_back(std::move(program));
  }
  DemoProgram& neighbour = neighbours.front();
  FLEXAI_TRY(const RegionSnapshot first, WaitUntilAtWork(stage, neighbours));
  Nap(lengths.neighbour / 3);
  FLEXAI_TRY(const RegionSnapshot before, stage.Look());
  FLEXAI_TRY(
      DemoProgram wall,
      stage.Enter(
          {.label = "wall", .program = "memory-wall", .cores = "20", .memory = std::to_string(kQuota), .options = {"--most", "256"}}));
  const int wall_status = wall.Finish(MonotonicNow() + kStartPatience);
  FLEXAI_TRY(const RegionSnapshot after, stage.Look());
  const double used_before = UsedPercent(first, before, neighbour), used_beside = UsedPercent(before, after, neighbour);
  const int neighbour_status = neighbour.Finish(MonotonicNow() + kPatience + 2 * lengths.neighbour);
  stage.EndLive();

  const double taken = wall.Number("taken_bytes");
  const bool refused =
      wall_status == 0 && wall.result["refused"] == "CL_MEM_OBJECT_ALLOCATION_FAILURE" && taken > 0 && taken <= static_cast<double>(kQuota);
  const bool sees_quota = wall.Number("device_bytes") == static_cast<double>(kQuota);
  const bool undisturbed = neighbour_status == 0 && used_beside >= std::min(used_before, neighbour.asked_percent) * kUndisturbed;
  stage.Say("  the program saw a device of " + ShowBytes(static_cast<std::uint64_t>(wall.Number("device_bytes"))) + ", got " +
            ShowBytes(static_cast<std::uint64_t>(taken)) + ", then " +
            (wall.result["refused"].empty() ? "ended without a word" : wall.result["refused"]));
  stage.Say("  matmul beside it: " + FixedPoint(used_before, 1) + " % of the XPU before, " + FixedPoint(used_beside, 1) + " % meanwhile, " +
            (neighbour_status == 0 ? "all results right" : "ended with status " + std::to_string(neighbour_status)));
  ActResult act{.name = "memory wall",
                .asked = ShowBytes(kQuota),
                .measured = ShowBytes(static_cast<std::uint64_t>(taken)) + ", then " +
                            (wall.result["refused"].empty() ? "nothing" : wall.result["refused"]),
                .passed = refused && sees_quota && undisturbed};
  act.details = Document::Of({{"taken_bytes", taken},
                              {"refused", wall.result["refused"]},
                              {"neighbour_before_percent", used_before},
                              {"neighbour_beside_percent", used_beside}});
  stage.Verdict(act.passed,
                refused ? (undisturbed ? "refused at the quota with the right error, neighbour undisturbed" : "the neighbour was disturbed")
                        : "not refused as it must be");
  return act;
}

Result<ActResult> ActKill(Stage& stage, const DemoLengths& lengths) {
  stage.Heading("4  SIGKILL in the middle of a turn");
  stage.Say(
      "  Two programs share the XPU; one is killed while its commands run. The other must go on, and nothing may stay charged to the "
      "dead.");
  std::vector<DemoProgram> programs;
  for (const char* label : {"survivor", "victim"}) {
    FLEXAI_TRY(DemoProgram program, stage.Enter({.label = label,
                                                 .program = "matmul",
                                                 .cores = "50:100",
                                                 .memory = "256Mi",
                                                 .options = {"--seconds", Seconds(2 * lengths.neighbour)}}));
    programs.push_back(std::move(program));
  }
  FLEXAI_TRY(const RegionSnapshot before, WaitUntilAtWork(stage, programs));
  const SliceSnapshot *const survivor = Stage::SliceOf(before, programs[0]), *const victim = Stage::SliceOf(before, programs[1]);
  if (survivor == nullptr || victim == nullptr) return Fail(ErrorCode::kStale, "the slices of the two programs are not in the region");

  slice::RegionFile file;
  if (const auto outcome = slice::RegionFile::Open(stage.directory(), stage.xpu().id, file); outcome != flexai::Outcome::kOk)
    return tl::unexpected<Error>(FromOutcome(outcome, "opening the region"));
  const slice::RegionView& region = file.view();
  std::optional<Holder> holder;
  for (const Nanos deadline = MonotonicNow() + kPatience; MonotonicNow() < deadline;) {
    holder = HolderNow(region);
    if (holder && holder->slot == victim->ref.slot && kill(static_cast<pid_t>(holder->pid), SIGKILL) == 0) break;
    holder.reset();
    Nap(50 * kMicrosecond);
  }
  if (!holder) return Fail(ErrorCode::kTimeout, "the victim never had a turn");
  const Nanos killed = MonotonicNow();
  const std::uint64_t at_death = Commands(region, survivor->ref.slot);
  Nanos went_on = -1, exact = -1;
  while ((went_on < 0 || exact < 0) && MonotonicNow() - killed < 5 * kSecond) {
    if (went_on < 0 && Commands(region, survivor->ref.slot) > at_death) went_on = MonotonicNow() - killed;
    if (went_on >= 0 && exact < 0) {
      FLEXAI_TRY(const RegionSnapshot now, stage.Look());
      const SliceSnapshot* const dead = Stage::SliceOf(now, programs[1]);
      if (dead == nullptr || dead->held_bytes == 0) exact = MonotonicNow() - killed;
    }
    Nap(100 * kMicrosecond);
  }
  const int victim_status = programs[1].program.Wait(MonotonicNow() + kPatience);
  const int survivor_status = programs[0].Finish(MonotonicNow() + kPatience + 2 * lengths.neighbour);
  stage.EndLive();

  const auto ms = [](Nanos time) {
    return time < 0 ? std::string("never") : FixedPoint(static_cast<double>(time) / kMillisecond, 1) + " ms";
  };
  ActResult act{.name = "SIGKILL",
                .asked = "others go on, account exact",
                .measured = "on after " + ms(went_on) + ", exact after " + ms(exact),
                .passed = went_on >= 0 && exact >= 0 && exact <= kSecond && survivor_status == 0 && victim_status == 128 + SIGKILL};
  act.details =
      Document::Of({{"went_on_ns", went_on}, {"exact_ns", exact}, {"survivor_status", survivor_status}, {"victim_status", victim_status}});
  stage.Say("  killed with commands in flight; `flexai run` gave back status " + std::to_string(victim_status) + ", as a shell would");
  stage.Verdict(act.passed,
                "the other went on after " + ms(went_on) + ", nothing charged to the dead after " + ms(exact) +
                    (survivor_status == 0 ? ", all its results right" : "; it ended with status " + std::to_string(survivor_status)));
  return act;
}

}  // namespace flexai::cli
