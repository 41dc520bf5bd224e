// A program under test that a test talks to, line by line. Every wait ends after 60 s, so a program that hangs fails the test. One thread.
#pragma once

#include <sys/types.h>
#include <string>
#include <utility>
#include <vector>

namespace flexai::testing {

class Shell {
 public:
  /// Starts `argv` with this process's environment, changed by `environment` (KEY=VALUE; KEY alone removes it).
  Shell(const std::vector<std::string>& argv, const std::vector<std::string>& environment);
  /// Kills what still runs.
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  /// Sends a command and returns its answer: one line, without the end of line. "(died)" or "(silent)" when there is none.
  std::string Ask(const std::string& command);
  void Send(const std::string& command);
  std::string ReadLine();

  /// Ends its input, waits for its end and returns the exit status, or 128 + the signal.
  int Finish();
  void Kill(int signal);
  [[nodiscard]] pid_t pid() const { return pid_; }

  /// What it wrote to stderr so far.
  [[nodiscard]] std::string Errors() const;

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  std::string errors_file_;
  std::string buffer_;
};

/// Runs a program to its end: exit status, and stdout. stderr goes where the test's goes unless `errors` wants it.
[[nodiscard]] std::pair<int, std::string> RunProgram(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                                                     std::string* errors = nullptr);

}  // namespace flexai::testing
