#include "base/log.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <ctime>

#include "base/fds.hpp"

namespace flexai {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames{"debug", "info", "warning", "error"};

std::string Timestamp(Nanos wall_ns) {
  const std::time_t seconds = wall_ns / kSecond;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> text{};
  const std::size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::string out(text.data(), n);
  std::string millis = std::to_string(wall_ns % kSecond / kMillisecond);
  millis.insert(0, 3 - millis.size(), '0');
  return out + "." + millis + "Z";
}

std::atomic<LogLevel> threshold{LogLevel::kInfo};

}  // namespace

std::string LogFormatter::Line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields, Nanos now, Nanos wall_ns) {
  std::uint64_t suppressed = 0;
  auto found = rates_.find(message);
  if (found == rates_.end() && rates_.size() < kMessages) found = rates_.emplace(std::string(message), Rate{now}).first;
  if (found != rates_.end()) {
    Rate& rate = found->second;
    if (now - rate.window_began >= kSecond) {
      rate.window_began = now;
      rate.written = 0;
    }
    if (rate.written == kPerSecond) {
      ++rate.suppressed;
      return {};
    }
    ++rate.written;
    suppressed = std::exchange(rate.suppressed, 0);
  }

  const std::string_view level_name = kLevelNames[static_cast<std::size_t>(level)];
  if (form_ == Form::kJson) {
    Document line = Document::Of({{"time", Timestamp(wall_ns)}, {"level", level_name}, {"message", message}});
    for (const LogField& field : fields) line.Add(std::string(field.key), field.value);
    if (suppressed != 0) line.Add("suppressed", suppressed);
    return line.ToJson() + "\n";
  }
  std::string line = Timestamp(wall_ns).substr(11, 12) + " ";
  line += level_name;
  line.append(8 - level_name.size(), ' ');
  line += message;
  for (const LogField& field : fields) {
    line += "  ";
    line += field.key;
    line += '=';
    const auto text = field.value.AsText();
    line += text && !text->empty() && text->find_first_of(" \"\n\t") == std::string_view::npos ? std::string(*text) : field.value.ToJson();
  }
  if (suppressed != 0) line += "  suppressed=" + std::to_string(suppressed);
  return line + "\n";
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < threshold.load(std::memory_order_relaxed)) return;
  // Never destroyed: threads log while the program exits.
  static std::mutex& mutex = *new std::mutex;
  static LogFormatter& formatter = *new LogFormatter(isatty(STDERR_FILENO) != 0 ? LogFormatter::Form::kText : LogFormatter::Form::kJson);
  timespec wall{};
  clock_gettime(CLOCK_REALTIME, &wall);
  std::string line;
  {
    const std::lock_guard lock(mutex);
    line = formatter.Line(level, message, fields, MonotonicNow(), Nanos{wall.tv_sec} * kSecond + wall.tv_nsec);
  }
  if (!line.empty()) (void)WriteAll(STDERR_FILENO, line);  // one write: lines of several threads and processes do not mix
}

void SetLogLevel(LogLevel level) noexcept { threshold.store(level, std::memory_order_relaxed); }

}  // namespace flexai
