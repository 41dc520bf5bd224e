// Options and lines of an example: how long to run, what to print. See README.md for the format. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace example {

struct Options {
  double seconds = 5;
  std::string device;  // part of a name; empty: the first device
  long amount = 0;     // the program's own number: matrix size, images a request, MiB
};

/// What `--help` says and how the program's own number is called on the command line.
struct About {
  const char* text;
  const char* amount_option;
  long amount_default, amount_least, amount_most;
};

/// Ends the program with status 2 and a sentence on a wrong command line, with 0 after --help.
[[nodiscard]] Options ParseOptions(int argc, char** argv, const About& about);

/// Seconds on a clock that only goes forward.
[[nodiscard]] double Now();

/// Counts jobs and their latencies and prints a line about twice a second. The clock starts at the first call of Running.
class Report {
 public:
  Report(const Options& options, const char* unit) : seconds_(options.seconds), unit_(unit) {}

  /// Whether there is time for another job.
  [[nodiscard]] bool Running();
  void Done(double latency_seconds);
  void Wrong() { ++wrong_; }

  /// Prints the `result` line and returns the exit status: 1 when a result was wrong or nothing was done.
  [[nodiscard]] int Finish();

 private:
  double seconds_;
  std::string unit_;
  double started_ = 0, printed_ = 0, last_ = 0;
  long jobs_ = 0, wrong_ = 0;
  std::vector<double> latencies_;
};

}  // namespace example
