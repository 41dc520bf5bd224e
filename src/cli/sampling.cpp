#include "cli/sampling.hpp"

#include <csignal>
#include <ctime>

namespace flexai::cli {

Baseline BaselineOf(const Inventory& inventory) {
  Baseline baseline;
  for (const XpuEntry& entry : inventory.entries)
    if (entry.region) baseline.push_back(*entry.region);
  return baseline;
}

bool WaitAndRefresh(Nanos interval, Inventory& inventory) {
  sigset_t ending, before;
  sigemptyset(&ending);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ending, signal);
  sigprocmask(SIG_BLOCK, &ending, &before);
  const timespec wait{static_cast<std::time_t>(interval / kSecond), static_cast<long>(interval % kSecond)};
  const int signal = sigtimedwait(&ending, nullptr, &wait);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (signal > 0) return false;
  RefreshRegions(inventory);
  return true;
}

}  // namespace flexai::cli
