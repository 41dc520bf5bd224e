#include "cli/enforcement_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace flexai::cli {
namespace {

constexpr Nanos kBetweenLooks = 250 * kMillisecond;
// From the opening of a driver's file to its mapping: microseconds, but a process may be stopped or starved in between.
constexpr Nanos kLookAfterOpen = 2 * kSecond;

}  // namespace

std::optional<Violation> Suspects::Consider(const std::vector<Observation>& processes, Nanos now) {
  std::map<int, Since> still;
  std::optional<Violation> violation;
  for (const Observation& process : processes) {
    if (process.look.verdict == Look::Verdict::kHidden && named_.emplace(process.pid, process.start_ticks).second)
      hidden_.emplace_back(process.pid, process.name);
    if (process.look.verdict != Look::Verdict::kUnenforced) continue;
    const auto known = suspects_.find(process.pid);
    Since since{process.start_ticks, now, process.run_queue_delay, process.cpu_time};
    if (known != suspects_.end() && known->second.start_ticks == process.start_ticks && !process.blocked) since = known->second;
    const Nanos own_time = now - since.seen - std::max<Nanos>(process.run_queue_delay - since.delay, 0);
    const bool may_be_starting = process.look.has_loader && own_time < kPatienceWithLoader && process.cpu_time - since.cpu < kPatience;
    if (own_time >= kPatience && !may_be_starting && !violation) violation = Violation{process.pid, process.name, process.look};
    still.emplace(process.pid, since);
  }
  suspects_ = std::move(still);
  return violation;
}

std::vector<std::pair<int, std::string>> Suspects::TakeHidden() { return std::exchange(hidden_, {}); }

EnforcementWatch::EnforcementWatch(const std::vector<std::string>& libraries, std::string self)
    : drivers_(libraries), self_(std::move(self)) {
  inotify_.Reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify_) return;
  for (const std::string& library : libraries)
    if (!library.empty()) (void)inotify_add_watch(inotify_.get(), library.c_str(), IN_OPEN);
}

void EnforcementWatch::OnOpened(Nanos now) {
  alignas(inotify_event) std::array<char, 4096> events{};
  while (read(inotify_.get(), events.data(), events.size()) > 0) {
  }
  look_until_ = now + kLookAfterOpen;
  const Nanos soon = now + kBetweenLooks;
  next_look_ = next_look_ ? std::min(*next_look_, soon) : soon;
}

std::optional<Violation> EnforcementWatch::LookNow(int ancestor, Nanos now) {
  std::vector<Observation> seen;
  for (const ProcessStat& process : DescendantsOf(ancestor)) {
    Observation observation{
        .pid = process.pid, .start_ticks = process.start_ticks, .name = process.name, .look = LookAt(process.pid, drivers_)};
    if (observation.look.verdict == Look::Verdict::kUnenforced) {
      if (IsDiscoveryChild(process.pid, self_)) continue;
      observation.blocked = process.state == 'T' || process.state == 't' || process.state == 'D';
      observation.run_queue_delay = RunQueueDelay(process.pid);
      observation.cpu_time = process.cpu_time;
    }
    seen.push_back(std::move(observation));
  }
  const auto violation = suspects_.Consider(seen, now);
  if (!suspects_.empty() || now < look_until_)
    next_look_ = now + kBetweenLooks;
  else
    next_look_.reset();
  return violation;
}

}  // namespace flexai::cli
