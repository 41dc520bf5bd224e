#include "cli/descendants.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>

#include "base/fds.hpp"
#include "device/probe.hpp"

namespace flexai::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestMaps = std::size_t{64} << 20;

std::string Proc(int pid, std::string_view file) { return "/proc/" + std::to_string(pid) + "/" + std::string(file); }

template <class Number>
std::optional<Number> ReadNumber(std::string_view text) {
  Number value{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr == text.data()) return std::nullopt;
  return value;
}

std::vector<int> AllPids() {
  std::vector<int> pids;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (const auto pid = ReadNumber<int>(name); pid && std::to_string(*pid) == name) pids.push_back(*pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

// "libpocl.so" of "/usr/lib/x86_64-linux-gnu/libpocl.so.2.10.0", also where " (deleted)" follows.
std::string_view StemOf(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') == path.npos ? 0 : path.rfind('/') + 1);
  const std::size_t end = name.find(".so");
  return end == name.npos ? std::string_view() : name.substr(0, end + 3);
}

}  // namespace

std::optional<ProcessStat> ParseStat(std::string_view text) {
  const std::size_t open = text.find('('), close = text.rfind(')');
  if (open == text.npos || close == text.npos || close < open) return std::nullopt;
  ProcessStat stat;
  const auto pid = ReadNumber<int>(text.substr(0, open));
  stat.name = text.substr(open + 1, close - open - 1);
  std::string_view rest = text.substr(close + 1);
  const auto field = [&rest]() {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \n"), rest.size()));
    const std::string_view word = rest.substr(0, rest.find_first_of(" \n"));
    rest.remove_prefix(word.size());
    return word;
  };
  const std::string_view state = field();  // field 3 of proc(5)
  const auto parent = ReadNumber<int>(field());
  for (int i = 5; i < 14; ++i) (void)field();
  const auto user = ReadNumber<std::int64_t>(field()), kernel = ReadNumber<std::int64_t>(field());
  for (int i = 16; i < 22; ++i) (void)field();
  const auto ticks = ReadNumber<std::uint64_t>(field());
  if (!pid || state.size() != 1 || !parent || !user || !kernel || !ticks) return std::nullopt;
  stat.pid = *pid;
  stat.parent = *parent;
  stat.state = state[0];
  stat.start_ticks = *ticks;
  stat.cpu_time = (*user + *kernel) * (kSecond / sysconf(_SC_CLK_TCK));
  return stat;
}

std::vector<ProcessStat> DescendantsOf(int ancestor) {
  std::map<int, ProcessStat> all;
  for (const int pid : AllPids()) {
    const auto text = ReadFile(Proc(pid, "stat"), 4096);
    if (!text) continue;
    if (auto stat = ParseStat(*text)) all.emplace(pid, std::move(*stat));
  }
  std::vector<ProcessStat> found;
  for (const auto& [pid, stat] : all) {
    if (stat.state == 'Z' || stat.state == 'X') continue;
    int at = stat.parent;
    // Bounded: the parents of a snapshot taken while processes end and begin can form a circle.
    for (std::size_t steps = 0; steps < all.size() && at != 0 && at != ancestor; ++steps) {
      const auto next = all.find(at);
      at = next == all.end() ? 0 : next->second.parent;
    }
    if (at == ancestor) found.push_back(stat);
  }
  return found;
}

std::vector<std::string> ParseMaps(std::string_view text) {
  std::set<std::string, std::less<>> files;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t slash = line.find('/');  // address perms offset dev inode path: only the path can hold a slash
    if (slash != line.npos && !files.contains(line.substr(slash))) files.emplace(line.substr(slash));
  }
  return {files.begin(), files.end()};
}

std::optional<int> FindProcessMapping(const std::string& path) {
  for (const int pid : AllPids()) {
    struct stat status{};
    if (stat(Proc(pid, "").c_str(), &status) != 0 || (status.st_uid != geteuid() && geteuid() != 0)) continue;
    const auto maps = ReadFile(Proc(pid, "maps"), kLargestMaps);
    if (!maps || maps->find(path) == std::string::npos) continue;
    const std::vector<std::string> files = ParseMaps(*maps);
    if (std::find(files.begin(), files.end(), path) != files.end()) return pid;
  }
  return std::nullopt;
}

DriverNames::DriverNames(const std::vector<std::string>& libraries)
    : names_{"libcuda.so", "libze_intel_gpu.so", "libamdhip64.so", "libhsa-runtime64.so", "libascendcl.so"} {
  for (const std::string& library : libraries)
    if (const std::string_view stem = StemOf(library); !stem.empty()) names_.emplace_back(stem);
}

bool DriverNames::IsDriver(std::string_view path) const {
  const std::string_view stem = StemOf(path);
  return !stem.empty() && std::find(names_.begin(), names_.end(), stem) != names_.end();
}

bool DriverNames::IsOurs(std::string_view path) { return StemOf(path).starts_with("libflexai_"); }

Look LookAt(int pid, const DriverNames& drivers) {
  const std::string path = Proc(pid, "maps");
  if (!UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC)))
    return {.verdict = errno == EACCES || errno == EPERM ? Look::Verdict::kHidden : Look::Verdict::kGone};
  const auto maps = ReadFile(path, kLargestMaps);
  if (!maps) return {.verdict = Look::Verdict::kGone};
  Look look{.verdict = Look::Verdict::kNoDriver};
  bool ours = false;
  for (const std::string& file : ParseMaps(*maps)) {
    ours = ours || DriverNames::IsOurs(file);
    look.has_loader = look.has_loader || StemOf(file).starts_with("libOpenCL");
    if (look.driver.empty() && drivers.IsDriver(file)) look.driver = file;
  }
  if (!look.driver.empty()) look.verdict = ours ? Look::Verdict::kEnforced : Look::Verdict::kUnenforced;
  return look;
}

Nanos RunQueueDelay(int pid) {
  Nanos longest = 0;
  std::error_code error;
  for (fs::directory_iterator entry(Proc(pid, "task"), error), end; !error && entry != end; entry.increment(error)) {
    const auto text = ReadFile((entry->path() / "schedstat").string(), 4096);  // time on CPU, time waiting for one, turns: nanoseconds
    if (!text || text->find(' ') == std::string::npos) continue;
    if (const auto delay = ReadNumber<Nanos>(std::string_view(*text).substr(text->find(' ') + 1))) longest = std::max(longest, *delay);
  }
  return longest;
}

bool IsDiscoveryChild(int pid, const std::string& self) {
  std::error_code error;
  if (fs::read_symlink(Proc(pid, "exe"), error).string() != self || error) return false;
  const auto arguments = ReadFile(Proc(pid, "cmdline"), 1 << 16);
  if (!arguments) return false;
  const std::size_t end = arguments->find('\0');
  return end != std::string::npos && std::string_view(arguments->c_str() + end + 1) == device::kDiscoverCommand;
}

}  // namespace flexai::cli
