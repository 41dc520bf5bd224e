// The arbiter on a virtual clock: real Arbiter objects on regions in plain memory, fake devices, fake processes. For property tests and for studying
// the tuning; never part of a product.
//
// A device runs the oldest command of every process that has one, at a speed divided by their number (so exclusive use is visible as full speed).
// A process submits from one thread; what it does between submissions is its Workload. Waking a sleeper takes a random time. Everything is drawn from
// one seed; the same seed gives the same run.
#pragma once

#include <cstdint>
#include <memory>
#include <queue>
#include <random>
#include <vector>

#include "slice/arbiter.hpp"
#include "slice/ledger.hpp"

namespace flexai::slice::sim {

struct Workload {
  enum class Kind {
    kAsync,     // submits as fast as the gate lets it
    kSync,      // waits for each command, thinks, submits the next
    kPeriodic,  // every `period`: `burst` commands, each waited for
  };
  Kind kind = Kind::kAsync;
  Nanos command_min = 300 * kMicrosecond;
  Nanos command_max = 300 * kMicrosecond;
  Nanos think = 50 * kMicrosecond;
  Nanos period = 20 * kMillisecond;
  std::uint32_t burst = 4;
  bool uses_all_devices = false;  // of a gang: command after command on each of its devices in turn
};

/// How a backend learns what a command cost.
enum class Backend {
  kTimes,  // the driver's stamps for every command
  kMarks,  // only completion marks seen by the host, every few commands
};

struct Options {
  std::uint64_t seed = 1;
  Backend backend = Backend::kTimes;
  std::uint32_t devices = 1;
  Nanos wake_min = 10 * kMicrosecond, wake_max = 60 * kMicrosecond;
  Nanos submit_cost = kMicrosecond;
  Tuning tuning{};
};

class Simulator {
 public:
  explicit Simulator(const Options& options);
  ~Simulator();

  /// A slice with a share of every device in `devices` (a gang when several). Returns its slot.
  std::uint32_t AddSlice(ComputeShare share, const std::vector<std::uint32_t>& devices = {0});
  /// A process in the slice, starting at `start`. Returns its index.
  std::uint32_t AddProcess(std::uint32_t slot, const Workload& workload, Nanos start = 0);
  void SetShare(std::uint32_t slot, ComputeShare share);

  void RunUntil(Nanos time);
  void Kill(std::uint32_t process);  // SIGKILL now: nothing more of it runs, also not its commands
  void Stop(std::uint32_t process);  // SIGSTOP: its threads and its device work (a CPU driver's) stand still
  void Continue(std::uint32_t process);
  /// The next command of `process` never ends by itself until ReleaseHung.
  void HangNext(std::uint32_t process);
  void ReleaseHung(std::uint32_t process);

  [[nodiscard]] Nanos now() const { return now_; }
  /// Device time that the slice's commands really got (not what was charged).
  [[nodiscard]] Nanos Used(std::uint32_t slot) const;
  [[nodiscard]] Nanos Charged(std::uint32_t slot, std::uint32_t device = 0) const;
  [[nodiscard]] Nanos Thought(std::uint32_t slot, std::uint32_t device = 0) const;
  [[nodiscard]] Nanos Unfinished(std::uint32_t slot) const;  // device time used by commands that have not completed
  [[nodiscard]] std::uint64_t Commands(std::uint32_t process) const;
  [[nodiscard]] Nanos LongestWait(std::uint32_t process) const;  // from wanting to submit to being admitted
  [[nodiscard]] std::uint64_t ValveOpened(std::uint32_t slot, std::uint32_t device = 0) const;
  [[nodiscard]] std::uint64_t Events() const { return events_; }
  [[nodiscard]] const RegionView& region(std::uint32_t device = 0) const;
  /// Latencies of the bursts of a periodic process, in ns.
  [[nodiscard]] const std::vector<Nanos>& BurstLatencies(std::uint32_t process) const;

 private:
  struct Device;
  struct Process;
  struct Event {
    Nanos time;
    std::uint64_t order;
    enum class Kind { kStep, kDevice, kReport } kind;
    std::uint32_t who;
    std::uint64_t generation;
    bool operator>(const Event& other) const { return time != other.time ? time > other.time : order > other.order; }
  };
  struct WakeContext {
    Simulator* simulator;
    std::uint32_t device;
  };

  void Schedule(Nanos time, Event::Kind kind, std::uint32_t who, std::uint64_t generation);
  void Step(Process& process);
  void Advance(Device& device);
  void PlanDevice(std::uint32_t index);
  void FinishCommands(std::uint32_t index);
  void Report(Process& process);
  void Wake(std::uint32_t device, std::uint32_t record);
  Nanos Draw(Nanos low, Nanos high);

  Options options_;
  std::mt19937_64 random_;
  Nanos now_ = kSecond;  // a clock that starts at zero would hide comparisons with "never"
  std::uint64_t order_ = 0, events_ = 0;
  std::uint32_t slices_ = 0;
  std::vector<std::unique_ptr<Device>> devices_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<std::vector<std::uint32_t>> slice_devices_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
};

}  // namespace flexai::slice::sim
