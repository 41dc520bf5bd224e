#include "cli/measure/machine.hpp"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

#include "base/fds.hpp"

namespace flexai::cli {
namespace {

// The text after "<key> :" of the first line of /proc/cpuinfo or /proc/meminfo that begins with `key`.
std::string FieldOf(const char* file, std::string_view key) {
  const auto text = ReadFile(file);
  if (!text) return {};
  std::size_t at = text->starts_with(key) ? 0 : text->find("\n" + std::string(key));
  if (at == std::string::npos) return {};
  at = text->find(':', at);
  if (at == std::string::npos) return {};
  const std::size_t begin = text->find_first_not_of(" \t", at + 1), end = text->find('\n', at);
  return begin < end ? text->substr(begin, end - begin) : std::string();
}

std::vector<std::uint64_t> Numbers(std::string_view text) {
  std::vector<std::uint64_t> numbers;
  for (const char* at = text.data(); at < text.data() + text.size();) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(at, text.data() + text.size(), value);
    if (error == std::errc()) numbers.push_back(value);
    at = end == at ? at + 1 : end;
  }
  return numbers;
}

CpuTimes MachineTimes() {
  const auto text = ReadFile("/proc/stat");
  const auto times = text ? ParseCpuTimes(*text, sysconf(_SC_CLK_TCK)) : std::nullopt;
  return times.value_or(CpuTimes{});
}

}  // namespace

Document DescribeMachine() {
  utsname name{};
  uname(&name);
  std::string date(32, '\0');
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  date.resize(std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%SZ", &utc));
  return Document::Of({{"date", date},
                       {"cpu", FieldOf("/proc/cpuinfo", "model name")},
                       {"cores", static_cast<std::int64_t>(sysconf(_SC_NPROCESSORS_ONLN))},
                       {"memory", FieldOf("/proc/meminfo", "MemTotal")},
                       {"kernel", std::string(name.sysname) + " " + name.release},
                       {"architecture", std::string(name.machine)}});
}

std::optional<CpuTimes> ParseCpuTimes(std::string_view proc_stat, long ticks_per_second) {
  if (!proc_stat.starts_with("cpu ") || ticks_per_second <= 0) return std::nullopt;
  // user nice system idle iowait irq softirq steal guest guest_nice; the guests are in user and nice already
  const std::vector<std::uint64_t> ticks = Numbers(proc_stat.substr(0, proc_stat.find('\n')));
  if (ticks.size() < 8) return std::nullopt;
  const Nanos tick = kSecond / ticks_per_second;
  const std::uint64_t busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6];
  return CpuTimes{.busy_ns = static_cast<Nanos>(busy) * tick, .stolen_ns = static_cast<Nanos>(ticks[7]) * tick};
}

std::optional<Nanos> ParseProcessTime(std::string_view proc_pid_stat, long ticks_per_second) {
  // The second field is the program's name in parentheses and may hold anything, also parentheses: the rest begins behind the last one.
  const std::size_t name_end = proc_pid_stat.rfind(") ");
  if (name_end == std::string_view::npos || ticks_per_second <= 0) return std::nullopt;
  std::string_view rest = proc_pid_stat.substr(name_end + 2);
  for (int field = 3; field < 14; ++field) {
    const std::size_t blank = rest.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(blank + 1);
  }
  const std::vector<std::uint64_t> numbers = Numbers(rest);
  if (numbers.size() < 4) return std::nullopt;
  return static_cast<Nanos>(numbers[0] + numbers[1] + numbers[2] + numbers[3]) * (kSecond / ticks_per_second);
}

LoadMeter::LoadMeter(std::vector<pid_t> ours)
    : ours_(std::move(ours)), started_(MonotonicNow()), our_time_(OurTime()), machine_(MachineTimes()) {}

Nanos LoadMeter::OurTime() const {
  Nanos sum = 0;
  for (const pid_t pid : ours_) {
    const auto text = ReadFile("/proc/" + std::to_string(pid) + "/stat");
    if (text) sum += ParseProcessTime(*text, sysconf(_SC_CLK_TCK)).value_or(0);
  }
  return sum;
}

LoadMeter::Load LoadMeter::Measure() const {
  const CpuTimes now = MachineTimes();
  const auto over = static_cast<double>(std::max<Nanos>(MonotonicNow() - started_, 1));
  const Nanos foreign = now.busy_ns - machine_.busy_ns - (OurTime() - our_time_);
  return {.foreign_cores = static_cast<double>(std::max<Nanos>(foreign, 0)) / over,
          .stolen_cores = static_cast<double>(now.stolen_ns - machine_.stolen_ns) / over};
}

std::optional<int> DeviceCpu() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 2) return std::nullopt;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; --cpu)
    if (CPU_ISSET(cpu, &set)) return cpu;
  return std::nullopt;
}

}  // namespace flexai::cli
