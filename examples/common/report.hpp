// Options and lines of an example: how long to run, what to print. See README.md for the format. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace example {

struct Options {
  double seconds = 0;  // how long to work; 0: no limit
  long jobs = 0;       // after how many jobs to stop; 0: no limit
  std::string device;  // part of a name; empty: the first device
  bool wait = false;   // to be told when to begin
};

/// An option of the program's own: a whole number, or a word when `text` is set. Its target holds the default.
struct OwnOption {
  const char* name;  // without the dashes
  const char* help;
  long* number = nullptr;
  long least = 0, most = 0;
  std::string* text = nullptr;
};

/// What `--help` says, and for how long the program works when it is told neither --seconds nor --jobs; 0: until its work is done.
struct About {
  const char* text;
  double seconds;
  std::vector<OwnOption> own;
};

/// Ends the program with status 2 and the usage on a wrong command line, with 0 after --help.
[[nodiscard]] Options ParseOptions(int argc, char** argv, const About& about);

/// Seconds on a clock that only goes forward.
[[nodiscard]] double Now();
/// Sleeps until Now() is `seconds`.
void SleepUntil(double seconds);

/// With --wait: prints `ready` and returns when a line comes, or the end of the input. Everything slow has been done by then.
void WaitToBegin(const Options& options);

/// Counts jobs and their latencies and prints a line about twice a second. The clock starts at the first call of Running, which waits to begin
/// where that was asked for.
class Report {
 public:
  Report(const Options& options, const char* unit) : options_(options), unit_(unit) {}

  /// Whether there is time for another job, and another is wanted.
  [[nodiscard]] bool Running();
  /// For programs that queue ahead: whether another job is wanted behind the `started` ones.
  [[nodiscard]] bool Wants(long started) const { return options_.jobs == 0 || started < options_.jobs; }

  void Done(double latency_seconds);
  void Wrong() { ++wrong_; }
  [[nodiscard]] long jobs() const { return jobs_; }

  /// Fields for the end of every `progress` line from now on: "loss=0.12".
  void Note(std::string fields) { note_ = std::move(fields); }
  /// A `progress` line now.
  void Progress();

  /// Prints the `result` line with `fields` at its end and returns the exit status: 1 when a result was wrong or nothing was done.
  [[nodiscard]] int Finish(std::string_view fields);

 private:
  Options options_;
  std::string unit_, note_;
  double started_ = 0, printed_ = 0, last_ = 0;
  long jobs_ = 0, wrong_ = 0;
  std::vector<double> latencies_;
};

}  // namespace example
