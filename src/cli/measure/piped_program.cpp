#include "cli/measure/piped_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/child_process.hpp"

namespace flexai::cli {
namespace {

constexpr Nanos kPolite = 3 * kSecond;  // from SIGTERM to SIGKILL
constexpr Nanos kLook = 5 * kMillisecond;

void Nap() {
  const timespec time{0, kLook};
  nanosleep(&time, nullptr);
}

std::string HowItEnded(int status) {
  return status >= 128 ? "it was ended by signal " + std::to_string(status - 128) : "it ended with status " + std::to_string(status);
}

}  // namespace

Result<PipedProgram> PipedProgram::Start(const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
  FLEXAI_TRY(Pipe input, MakePipe());
  FLEXAI_TRY(Pipe output, MakePipe());
  const std::vector<char*> words = ExecVector(argv), entries = ExecVector(environment);
  const pid_t parent = getpid(), pid = fork();
  if (pid < 0) return FailErrno("starting " + argv[0], errno);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(127);
    // Writing to a program that died is an answer we read, not a reason to die: the child shall not inherit that.
    signal(SIGPIPE, SIG_DFL);
    dup2(input.read_end.get(), STDIN_FILENO);
    dup2(output.write_end.get(), STDOUT_FILENO);
    execve(words[0], words.data(), entries.data());
    _exit(127);
  }
  PipedProgram program;
  program.pid_ = pid;
  program.input_ = std::move(input.write_end);
  program.output_ = std::move(output.read_end);
  return program;
}

PipedProgram::PipedProgram(PipedProgram&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      pending_(std::move(other.pending_)) {}

PipedProgram& PipedProgram::operator=(PipedProgram&& other) noexcept {
  if (this != &other) {
    this->~PipedProgram();
    new (this) PipedProgram(std::move(other));
  }
  return *this;
}

PipedProgram::~PipedProgram() {
  if (!running()) return;
  input_.Reset();
  (void)Wait(MonotonicNow());
}

Status PipedProgram::Send(const std::string& line) {
  if (WriteAll(input_.get(), line + "\n")) return {};
  if (Reap(false)) return Fail(ErrorCode::kStale, "the program does not listen any more: " + HowItEnded(status_));
  return FailErrno("writing to the program", errno);
}

Result<std::string> PipedProgram::ReadLine(Nanos deadline) {
  for (;;) {
    if (const std::size_t end = pending_.find('\n'); end != std::string::npos) {
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return line;
    }
    const Nanos left = deadline - MonotonicNow();
    if (left <= 0) return Fail(ErrorCode::kTimeout, "the program did not answer in time");
    pollfd fd{.fd = output_.get(), .events = POLLIN, .revents = 0};
    if (poll(&fd, 1, static_cast<int>(std::min<Nanos>(left / kMillisecond + 1, 1000))) <= 0) continue;
    std::array<char, 65536> block{};
    const ssize_t n = read(output_.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n > 0) {
      pending_.append(block.data(), static_cast<std::size_t>(n));
      continue;
    }
    while (!Reap(false) && MonotonicNow() < deadline) Nap();
    return Fail(ErrorCode::kStale, "the program says nothing more: " + (running() ? "it closed its output" : HowItEnded(status_)));
  }
}

void PipedProgram::Signal(int signal) const {
  if (running()) kill(pid_, signal);
}

bool PipedProgram::Reap(bool block) {
  if (!running()) return true;
  int status = 0;
  pid_t reaped = -1;
  do {
    reaped = waitpid(pid_, &status, block ? 0 : WNOHANG);
  } while (reaped < 0 && errno == EINTR);
  if (reaped == 0) return false;
  status_ = reaped < 0 ? 127 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  pid_ = -1;
  return true;
}

int PipedProgram::Wait(Nanos deadline) {
  bool asked = false;
  while (!Reap(false)) {
    // Politely first: a killed `flexai run` would leave its program alone.
    if (!asked && MonotonicNow() > deadline) {
      Signal(SIGTERM);
      asked = true;
    }
    if (MonotonicNow() > deadline + kPolite) {
      Signal(SIGKILL);
      (void)Reap(true);
      break;
    }
    Nap();
  }
  return status_;
}

}  // namespace flexai::cli
