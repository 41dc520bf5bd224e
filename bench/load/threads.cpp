#include "bench/load/threads.hpp"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/fds.hpp"

namespace flexai::load {

std::map<int, Nanos> ThreadTimes() {
  std::map<int, Nanos> times;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    // First field: nanoseconds on a CPU (Documentation/scheduler/sched-stats.rst).
    const auto text = ReadFile(entry.path().string() + "/schedstat");
    if (text) times[std::atoi(entry.path().filename().c_str())] = std::strtoll(text->c_str(), nullptr, 10);
  }
  return times;
}

Result<Placement> KeepDeviceThreadApart(const std::map<int, Nanos>& before, int cpu) {
  const int self = gettid();
  Placement placement;
  Nanos most = kMillisecond;
  const std::map<int, Nanos> now = ThreadTimes();
  for (const auto& [tid, time] : now) {
    const auto old = before.find(tid);
    const Nanos worked = time - (old == before.end() ? 0 : old->second);
    if (worked > most) {
      most = worked;
      placement.device_thread = tid;
    }
  }
  placement.in_caller = placement.device_thread == self;

  cpu_set_t device_set, host_set;
  CPU_ZERO(&device_set);
  CPU_ZERO(&host_set);
  CPU_SET(cpu, &device_set);
  const long cpus = sysconf(_SC_NPROCESSORS_CONF);
  for (int i = 0; i < cpus && i < CPU_SETSIZE; ++i)
    if (i != cpu) CPU_SET(i, &host_set);
  for (const auto& [tid, time] : now) {
    const bool device = tid == placement.device_thread;
    if (sched_setaffinity(tid, sizeof(cpu_set_t), device ? &device_set : &host_set) != 0 && errno != ESRCH)
      return FailErrno("keeping the device's thread on its own core", errno);
  }
  return placement;
}

}  // namespace flexai::load
