#include "bench/load/threads.hpp"

#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/fds.hpp"

namespace flexai::load {

Nanos ThreadTime(int tid) {
  // First field: nanoseconds on a CPU (Documentation/scheduler/sched-stats.rst).
  const auto text = ReadFile("/proc/self/task/" + std::to_string(tid) + "/schedstat");
  return text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
}

std::map<int, Nanos> ThreadTimes() {
  std::map<int, Nanos> times;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    const int tid = static_cast<int>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
    times[tid] = ThreadTime(tid);
  }
  return times;
}

Result<Placement> KeepDeviceThreadApart(const std::map<int, Nanos>& before, int cpu) {
  const int self = gettid();
  Placement placement;
  Nanos most = kMillisecond, sum = 0;
  const std::map<int, Nanos> now = ThreadTimes();
  for (const auto& [tid, time] : now) {
    const auto old = before.find(tid);
    const Nanos worked = time - (old == before.end() ? 0 : old->second);
    sum += worked;
    if (worked > most) {
      most = worked;
      placement.device_thread = tid;
    }
  }
  placement.in_caller = placement.device_thread == self;
  placement.share = sum > 0 ? static_cast<double>(most) / static_cast<double>(sum) : 0;

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
