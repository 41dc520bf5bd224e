// Programs of the demo under observation: begun together at one moment, their slices looked at several times a second until they have ended. What they
// used is read from the region's account of device time, never from what they say. Main thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/demo/audience.hpp"
#include "cli/demo/stage.hpp"
#include "cli/measure/machine.hpp"
#include "cli/measure/statistics.hpp"

namespace flexai::cli {

/// What one program did between its start and its end.
struct JobRun {
  double seconds = 0;  // from Begin to its result: its checks at the end are part of the job
  std::uint64_t device_ns = 0;
  long jobs = 0;
  double rate = 0, p99_ms = 0;
  int status = 0;

  /// Percent of the time for which the device computed for it.
  [[nodiscard]] double UsedPercent() const noexcept {
    return seconds > 0 ? static_cast<double>(device_ns) / (seconds * static_cast<double>(kSecond)) * 100 : 0;
  }
};

class Watch {
 public:
  /// Of programs that are ready.
  Watch(Stage& stage, Audience& audience, std::vector<DemoProgram> programs)
      : stage_(&stage), audience_(&audience), programs_(std::move(programs)) {}
  /// Starts every part in a slice of its own and waits until all are ready.
  [[nodiscard]] static Result<Watch> Prepare(Stage& stage, Audience& audience, const std::vector<Stage::Part>& parts);

  /// Lets them begin.
  [[nodiscard]] Status Begin();
  /// Looks on for `length`, or until all have ended. False: all have.
  [[nodiscard]] Result<bool> For(Nanos length);
  /// Looks on until all have ended, `patience` at most, and takes what they say.
  [[nodiscard]] Status ToTheEnd(Nanos patience);
  /// One look more, for who keeps several watches.
  [[nodiscard]] Status Look();

  [[nodiscard]] std::vector<DemoProgram>& programs() noexcept { return programs_; }
  [[nodiscard]] const std::vector<RegionSnapshot>& looks() const noexcept { return looks_; }
  [[nodiscard]] const std::vector<JobRun>& runs() const noexcept { return runs_; }
  /// Whether all ended with status 0: each checks its own results.
  [[nodiscard]] bool AllRight() const noexcept;
  /// The load of other programs from Begin to now.
  [[nodiscard]] LoadMeter::Load Load() const { return meter_->Measure(); }

  /// The looks, by number, in which all slices were there; `end` is one past the last.
  struct Range {
    std::size_t begin = 0, end = 0;
  };
  [[nodiscard]] Range Together() const;
  /// Percent of the XPU that program `index` used from look to look: device time, and the pauses for which the XPU was kept for it.
  [[nodiscard]] double UsedPercent(std::size_t index, Range looks) const;
  /// The same in windows of one second; nothing when the looks are closer together.
  [[nodiscard]] Spread SpreadOverSeconds(std::size_t index, Range looks) const;
  /// Seconds since Begin of a look.
  [[nodiscard]] double At(std::size_t look) const;
  [[nodiscard]] Curve CurveOf(std::size_t index) const;

 private:
  void ShowLive() const;
  // Sleeps until a program says something, `until` at most.
  void Await(Nanos until);

  Stage* stage_;
  Audience* audience_;
  std::vector<DemoProgram> programs_;
  std::vector<std::uint64_t> device_before_;
  Nanos began_ns_ = 0;
  std::vector<RegionSnapshot> looks_;
  std::vector<JobRun> runs_;
  std::optional<LoadMeter> meter_;
};

/// The words for what else ran: "load of other programs meanwhile: 0.10 cores".
[[nodiscard]] std::string LoadWords(const LoadMeter::Load& load);

/// The largest error of a split, in points. Percents used against percents asked, both as parts of their sums, and what anybody got above its cap. Not
/// what all fell short of together: on a CPU driver other programs of the machine take time from the XPU itself, which no share of it can give back.
[[nodiscard]] double SplitError(const std::vector<double>& used, const std::vector<double>& asked);

}  // namespace flexai::cli
