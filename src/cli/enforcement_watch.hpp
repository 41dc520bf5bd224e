// Finds programs under `flexai run` that use a driver without our layer: a loader drops a layer it cannot load without a word, and a program may open a
// driver itself. Opening a driver's file is noticed (inotify), then the descendants are looked at, and again as long as one of them is in doubt: drivers are
// mapped before layers, and with many starting at once it takes seconds from one to the other, so a driver alone means nothing at first. Nothing is polled
// while nobody is in doubt.
// Main thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/fds.hpp"
#include "cli/descendants.hpp"
#include "core/clock.hpp"

namespace flexai::cli {

/// What is known of one process at one look. `blocked`: it could not go on by itself (stopped, or waiting for a disk).
struct Observation {
  int pid = 0;
  std::uint64_t start_ticks = 0;
  std::string name;
  Look look;
  bool blocked = false;
  Nanos run_queue_delay = 0;
  Nanos cpu_time = 0;
};

struct Violation {
  int pid = 0;
  std::string name;
  Look look;
};

/// The rule alone, without a process: pure.
class Suspects {
 public:
  static constexpr Nanos kPatience = kSecond;
  /// Behind a loader our layer may still come: such a process has worked for kPatience, or had this long to.
  static constexpr Nanos kPatienceWithLoader = 5 * kSecond;

  /// Takes in a look at all descendants at `now`. Gives the process that has used a driver without us for too long, counting time in which it could run.
  [[nodiscard]] std::optional<Violation> Consider(const std::vector<Observation>& processes, Nanos now);

  [[nodiscard]] bool empty() const noexcept { return suspects_.empty(); }
  /// Processes whose maps may not be read, each once.
  [[nodiscard]] std::vector<std::pair<int, std::string>> TakeHidden();

 private:
  struct Since {
    std::uint64_t start_ticks = 0;
    Nanos seen = 0;
    Nanos delay = 0;  // of the run queue, then
    Nanos cpu = 0;    // its time on CPUs, then
  };
  std::map<int, Since> suspects_;
  std::set<std::pair<int, std::uint64_t>> named_;
  std::vector<std::pair<int, std::string>> hidden_;
};

class EnforcementWatch {
 public:
  /// `libraries`: the drivers' files. Those that cannot be watched are passed over.
  EnforcementWatch(const std::vector<std::string>& libraries, std::string self);

  /// Readable when a driver's file was opened; -1 when nothing can be watched.
  [[nodiscard]] int fd() const noexcept { return inotify_.get(); }
  void OnOpened(Nanos now);

  /// When to call LookNow; nothing while there is no reason.
  [[nodiscard]] std::optional<Nanos> next_look() const noexcept { return next_look_; }
  [[nodiscard]] std::optional<Violation> LookNow(int ancestor, Nanos now);
  [[nodiscard]] std::vector<std::pair<int, std::string>> TakeHidden() { return suspects_.TakeHidden(); }

 private:
  DriverNames drivers_;
  std::string self_;
  UniqueFd inotify_;
  Suspects suspects_;
  std::optional<Nanos> next_look_;
  Nanos look_until_ = 0;  // a driver was opened: looks go on until here, also while nobody is in doubt
};

}  // namespace flexai::cli
