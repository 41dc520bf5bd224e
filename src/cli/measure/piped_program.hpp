// A program whose input and output are in our hands: one line asks, one line answers, every wait has an end. For the bench and the demo. Main thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fds.hpp"
#include "base/result.hpp"
#include "core/clock.hpp"

namespace flexai::cli {

class PipedProgram {
 public:
  /// Starts argv[0] (a path). stderr is ours. The program is told to end when this thread does.
  [[nodiscard]] static Result<PipedProgram> Start(const std::vector<std::string>& argv, const std::vector<std::string>& environment);

  PipedProgram() = default;
  PipedProgram(PipedProgram&& other) noexcept;
  PipedProgram& operator=(PipedProgram&& other) noexcept;
  /// Ends the program: politely, then by force.
  ~PipedProgram();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool running() const noexcept { return pid_ > 0; }
  /// What it prints comes from here: for poll(2). Negative when there is nothing more.
  [[nodiscard]] int output() const noexcept { return output_.get(); }

  [[nodiscard]] Status Send(const std::string& line);
  /// The next line without its break. kTimeout at `deadline`; kStale when there is none any more, with how the program ended where it did.
  [[nodiscard]] Result<std::string> ReadLine(Nanos deadline);
  /// The program reads the end of its input.
  void CloseInput() { input_.Reset(); }
  void Signal(int signal) const;

  /// Waits until it ends; past `deadline` it is ended: by SIGTERM, and by SIGKILL three seconds later. Exit status, or 128+n for signal n.
  int Wait(Nanos deadline);

 private:
  bool Reap(bool block);

  pid_t pid_ = -1;
  int status_ = -1;  // once reaped
  UniqueFd input_, output_;
  std::string pending_;
};

}  // namespace flexai::cli
