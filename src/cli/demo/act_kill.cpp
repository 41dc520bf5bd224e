#include <algorithm>
#include <csignal>
#include <ctime>

#include "cli/demo/acts.hpp"
#include "cli/demo/watch.hpp"
#include "cli/measure/statistics.hpp"
#include "slice/region_file.hpp"

namespace flexai::cli {
namespace {

constexpr Nanos kPatience = 30 * kSecond;

void Nap(Nanos time) {
  const timespec length{time / kSecond, time % kSecond};
  nanosleep(&length, nullptr);
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

std::string Milliseconds(Nanos time) { return time < 0 ? "never" : FixedPoint(static_cast<double>(time) / kMillisecond, 1) + " ms"; }

}  // namespace

Result<ActResult> ActKill(Demo& demo) {
  demo.audience.Heading("SIGKILL in the middle of a turn");
  demo.audience.Say(
      "  Two programs share the device; one is killed while its commands run. The other must go on, and nothing may stay charged");
  demo.audience.Say("  to the dead.");
  std::vector<Stage::Part> parts;
  for (const char* label : {"survivor", "victim"})
    parts.push_back({.label = label,
                     .program = "matmul",
                     .cores = "50:100",
                     .memory = "256Mi",
                     .options = {"--seconds", std::to_string(demo.lengths.beside / kSecond + 1)}});
  FLEXAI_TRY(Watch watch, Watch::Prepare(demo.stage, demo.audience, parts));
  FLEXAI_TRY_STATUS(watch.Begin());
  FLEXAI_TRY([[maybe_unused]] const bool at_work, watch.For(kSecond / 2));
  DemoProgram &survivor = watch.programs()[0], &victim = watch.programs()[1];

  slice::RegionFile file;
  if (const auto outcome = slice::RegionFile::Open(demo.stage.directory(), demo.stage.xpu().id, file); outcome != flexai::Outcome::kOk)
    return tl::unexpected<Error>(FromOutcome(outcome, "opening the region"));
  const slice::RegionView& region = file.view();
  // Only these are killed, whatever the region says of who holds it.
  std::vector<pid_t> victims;
  FLEXAI_TRY(const RegionSnapshot look, demo.stage.Look());
  if (const SliceSnapshot* const slice = Stage::SliceOf(look, victim); slice != nullptr)
    for (const ProcessSnapshot& process : slice->processes)
      if (const auto pid = PidToSignal(process); pid && !process.is_keeper) victims.push_back(*pid);
  std::optional<Holder> holder;
  for (const Nanos deadline = MonotonicNow() + kPatience; MonotonicNow() < deadline;) {
    holder = HolderNow(region);
    if (holder && holder->slot == victim.ref.slot) {
      const auto found = std::find(victims.begin(), victims.end(), static_cast<pid_t>(holder->pid));
      if (found != victims.end() && kill(*found, SIGKILL) == 0) break;
    }
    holder.reset();
    Nap(50 * kMicrosecond);
  }
  if (!holder) return Fail(ErrorCode::kTimeout, "the victim never had a turn");
  const Nanos killed = MonotonicNow();
  const std::uint64_t at_death = Commands(region, survivor.ref.slot);
  Nanos went_on = -1, exact = -1;
  while ((went_on < 0 || exact < 0) && MonotonicNow() - killed < 5 * kSecond) {
    if (went_on < 0 && Commands(region, survivor.ref.slot) > at_death) went_on = MonotonicNow() - killed;
    if (went_on >= 0 && exact < 0) {
      FLEXAI_TRY(const RegionSnapshot now, demo.stage.Look());
      const SliceSnapshot* const dead = Stage::SliceOf(now, victim);
      if (dead == nullptr || dead->held_bytes == 0) exact = MonotonicNow() - killed;
    }
    Nap(100 * kMicrosecond);
  }
  FLEXAI_TRY_STATUS(watch.ToTheEnd(kPatience + 2 * demo.lengths.beside));
  const int survivor_status = watch.runs()[0].status, victim_status = watch.runs()[1].status;

  ActResult act{.name = "SIGKILL",
                .asked = "others go on, account exact",
                .measured = "on after " + Milliseconds(went_on) + ", exact after " + Milliseconds(exact),
                .passed = went_on >= 0 && exact >= 0 && exact <= kSecond && survivor_status == 0 && victim_status == 128 + SIGKILL};
  act.details =
      Document::Of({{"went_on_ns", went_on}, {"exact_ns", exact}, {"survivor_status", survivor_status}, {"victim_status", victim_status}});
  demo.audience.Say("  killed with commands in flight; `flexai run` gave back status " + std::to_string(victim_status) +
                    ", as a shell would");
  demo.audience.Verdict(
      act, "the other went on after " + Milliseconds(went_on) + ", nothing charged to the dead after " + Milliseconds(exact) +
               (survivor_status == 0 ? ", all its results right" : "; it ended with status " + std::to_string(survivor_status)));
  return act;
}

}  // namespace flexai::cli
