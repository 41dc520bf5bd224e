// One line per event: a constant message and keys. JSON lines, or aligned words where a person watches. Repeats of one message beyond twenty a second are
// counted, not written; the next line that passes says how many. Any thread; never throws; a full disk loses lines, not the program.
//
//   Log(LogLevel::kInfo, "slice admitted", {{"slice", name}, {"quota_bytes", bytes}});
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/document.hpp"
#include "core/clock.hpp"

namespace flexai {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

struct LogField {
  std::string_view key;
  Document value;
};

/// Makes the lines; where they go and what time it is come from outside.
class LogFormatter {
 public:
  enum class Form : std::uint8_t { kJson, kText };
  explicit LogFormatter(Form form) : form_(form) {}

  /// The line with its line break, or nothing when the message is over its rate. `now`: monotonic; `wall_ns`: nanoseconds since 1970.
  [[nodiscard]] std::string Line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields, Nanos now,
                                 Nanos wall_ns);

 private:
  struct Rate {
    Nanos window_began = 0;
    int written = 0;
    std::uint64_t suppressed = 0;
  };
  static constexpr int kPerSecond = 20;
  static constexpr std::size_t kMessages =
      1024;  // more different messages than the program has: somebody builds them, and then they are not limited

  Form form_;
  std::map<std::string, Rate, std::less<>> rates_;
};

/// To stderr, at `level` and above `SetLogLevel` (kInfo at first).
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
void SetLogLevel(LogLevel level) noexcept;

}  // namespace flexai
