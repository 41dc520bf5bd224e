#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/history_view.hpp"
#include "cli/report.hpp"
#include "cli/run_admission.hpp"
#include "cli/sampling.hpp"
#include "cli/share_change.hpp"
#include "cli/smi_view.hpp"
#include "cli/values.hpp"

namespace flexai::cli {
namespace {

Result<WantedChange> ReadWanted(const Args& args) {
  WantedChange wanted;
  if (args.Has("cores")) {
    FLEXAI_TRY(wanted.cores, ReadCores(args.Value("cores")));
  }
  if (args.Has("memory")) {
    FLEXAI_TRY(wanted.memory, ReadMemory(args.Value("memory")));
  }
  if (args.Has("priority")) wanted.priority = ParsePriority(args.Value("priority"));
  if (!wanted.cores && !wanted.memory && !wanted.priority)
    return Fail(ErrorCode::kInvalid, "nothing to change: give --cores, --memory or --priority");
  return wanted;
}

// End takes no share from under a living process: whose it is makes the sentence.
Error EndError(Outcome outcome, int error_number, const OpenShare& share, const std::string& name, const std::string& directory) {
  if (outcome == Outcome::kExists) {
    const RegionSnapshot snapshot = TakeSnapshot(share.region, MonotonicNow());
    std::string who;
    for (const SliceSnapshot& slice : snapshot.slices)
      if (slice.ref.slot == share.ref.slot)
        for (const ProcessSnapshot& process : slice.processes)
          who += (who.empty() ? "" : ", ") + (process.pid_is_ours ? "pid " + std::to_string(process.pid) + " " + process.comm
                                                                  : process.comm + " in another PID namespace");
    if (who.empty()) who = "a process that ended, but that its driver does not let go";
    return {ErrorCode::kBusy, "the slice " + name + " is in use on " + std::string(share.region.xpu().view()) + " by " + who +
                                  "; end that first, or give --kill"};
  }
  if (outcome == Outcome::kStale) return {ErrorCode::kStale, "the slice " + name + " ended in the meantime"};
  return AdmissionError(outcome, error_number, share.region, directory, name, {}, {});
}

bool LivesOn(const OpenShare& share) {
  slice::Sweep(share.region.view(), MonotonicNow());
  const RegionSnapshot snapshot = TakeSnapshot(share.region, MonotonicNow());
  return std::any_of(snapshot.slices.begin(), snapshot.slices.end(), [&](const SliceSnapshot& slice) {
    return slice.ref.slot == share.ref.slot && slice.ref.generation == share.ref.generation && !slice.processes.empty();
  });
}

// Sends `number` to every process of the slice that can be named here.
Status SignalPrograms(const std::vector<OpenShare>& shares, const std::string& name, int number) {
  for (const OpenShare& share : shares) {
    const RegionSnapshot snapshot = TakeSnapshot(share.region, MonotonicNow());
    for (const SliceSnapshot& slice : snapshot.slices) {
      if (slice.ref.slot != share.ref.slot) continue;
      for (const ProcessSnapshot& process : slice.processes) {
        if (!process.pid_is_ours)
          return Fail(ErrorCode::kIo, "the slice " + name + " has a program (" + process.comm + ") in another PID namespace; end it there");
        const auto pid = PidToSignal(process);  // nothing: it ended, or the region says nonsense
        if (pid && kill(*pid, number) != 0 && errno != ESRCH)
          return FailErrno("ending pid " + std::to_string(process.pid) + " (" + process.comm + ") of the slice " + name, errno);
      }
    }
  }
  return {};
}

// SIGTERM, and SIGKILL to what is left after five seconds.
Status EndPrograms(const std::vector<OpenShare>& shares, const std::string& name) {
  constexpr Nanos kGrace = 5 * kSecond;
  for (const int number : {SIGTERM, SIGKILL}) {
    FLEXAI_TRY_STATUS(SignalPrograms(shares, name, number));
    for (const Nanos until = MonotonicNow() + kGrace; MonotonicNow() < until;) {
      if (std::none_of(shares.begin(), shares.end(), LivesOn)) return {};
      constexpr timespec kBetweenLooks{0, 20'000'000};
      nanosleep(&kBetweenLooks, nullptr);
    }
  }
  return Fail(ErrorCode::kTimeout, "the programs of the slice " + name + " do not end, not even by SIGKILL; they hang in the kernel");
}

// A process that ended a moment ago still counts until its driver has given its memory back: that is waited for, a living one is not.
Outcome EndShare(OpenShare& share) {
  constexpr Nanos kTeardown = 2 * kSecond;
  const Nanos until = MonotonicNow() + kTeardown;
  for (;;) {
    errno = 0;
    const Outcome outcome = slice::End(share.region, share.ref);
    if (outcome != Outcome::kExists || LivesOn(share) || MonotonicNow() > until) return outcome;
    constexpr timespec kBetweenLooks{0, 20'000'000};
    nanosleep(&kBetweenLooks, nullptr);
  }
}

int ListHistory(const Args& args) {
  if (args.Has("interval"))
    return FailWith(
        {ErrorCode::kInvalid, "--interval measures what slices use now, and --history is about their whole life; give one of them"});
  const auto inventory = TakeRegions(args.surroundings(), Leftovers::kWithHistory);
  if (!inventory) return FailWith(inventory.error());
  const Format format = FormatOf(args);
  const std::vector<std::string>& names = args.operands();
  bool shown = false;
  if (format == Format::kJson || format == Format::kYaml) {
    shown = Print(HistoryDocument(*inventory, names), format);
  } else {
    for (const std::string& warning : Warnings(*inventory)) Warn(warning);
    std::string text = HistoryText(*inventory, {.wide = format == Format::kWide, .layout = StdoutLayout(args)}, names);
    if (text.empty() && names.empty()) text = "there are no slices, and none is remembered\n";
    shown = Print(text);
  }
  if (!shown) return kFailed;
  for (const std::string& name : names)
    if (!IsRemembered(*inventory, name))
      return FailWith({ErrorCode::kNotFound, "no slice " + name + " is remembered; `flexai slice ls --history` lists those that are"});
  return Warnings(*inventory).empty() ? kOk : kFailed;
}

}  // namespace

int RunSliceLs(const Args& args) {
  if (args.Has("history")) return ListHistory(args);
  Nanos interval = kSecond;
  if (args.Has("interval")) {
    const auto given = ReadInterval(args.Value("interval"));
    if (!given) return FailWith(given.error());
    interval = *given;
  }
  auto inventory = TakeRegions(args.surroundings());
  if (!inventory) return FailWith(inventory.error());
  const Baseline before = BaselineOf(*inventory);
  if (inventory->HasSlices() && !WaitAndRefresh(interval, *inventory)) return kOk;

  const Format format = FormatOf(args);
  const std::vector<std::string>& names = args.operands();
  bool shown = false;
  if (format == Format::kJson || format == Format::kYaml) {
    shown = Print(SlicesDocument(*inventory, before, names), format);
  } else {
    for (const std::string& warning : Warnings(*inventory)) Warn(warning);
    std::string text = SlicesText(*inventory, before, {.wide = format == Format::kWide, .layout = StdoutLayout(args)}, names);
    if (text.empty() && names.empty()) text = "there are no slices\n";
    shown = Print(text);
  }
  if (!shown) return kFailed;
  for (const std::string& name : names) {
    const bool there = std::any_of(inventory->entries.begin(), inventory->entries.end(), [&](const XpuEntry& entry) {
      return entry.region &&
             std::any_of(entry.region->slices.begin(), entry.region->slices.end(), [&](const SliceSnapshot& s) { return s.name == name; });
    });
    if (!there) return FailWith(NoSuchSlice(*inventory, name));
  }
  return Warnings(*inventory).empty() ? kOk : kFailed;
}

int RunSliceSet(const Args& args) {
  const auto name = ReadSliceName(args.operands().front());
  if (!name) return FailWith(name.error());
  const auto wanted = ReadWanted(args);
  if (!wanted) return FailWith(wanted.error());
  const auto inventory = TakeRegions(args.surroundings());
  if (!inventory) return FailWith(inventory.error());
  auto shares = OpenShares(*inventory, *name, args.Values("xpu"));
  if (!shares) return FailWith(shares.error());
  if (const Status status = ApplyChange(*inventory, *shares, *name, *wanted); !status) return FailWith(status.error());
  return kOk;
}

int RunSliceRm(const Args& args) {
  const auto inventory = TakeRegions(args.surroundings());
  if (!inventory) return FailWith(inventory.error());
  int status = kOk;
  for (const std::string& name : args.operands()) {
    const auto valid = ReadSliceName(name);
    auto shares = valid ? OpenShares(*inventory, name, {}) : Result<std::vector<OpenShare>>(tl::unexpected<Error>(valid.error()));
    if (!shares) {
      status = FailWith(shares.error());
      continue;
    }
    if (args.Has("kill")) {
      if (const Status ended = EndPrograms(*shares, name); !ended) {
        status = FailWith(ended.error());
        continue;
      }
    }
    for (OpenShare& share : *shares) {
      const Outcome outcome = EndShare(share);
      if (outcome != Outcome::kOk && outcome != Outcome::kStale)
        status = FailWith(EndError(outcome, errno, share, name, inventory->runtime->path));
    }
  }
  RemoveStaleSliceFiles(inventory->runtime->path);
  return status;
}

}  // namespace flexai::cli
