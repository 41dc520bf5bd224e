#include "cli/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/child_process.hpp"
#include "cli/exit_code.hpp"
#include "cli/report.hpp"

namespace flexai::cli {
namespace {

// What may be sent to flexai and meant for the program. SIGTSTP is among them because flexai must stop with it, see OnSignal; the signals of faults, SIGKILL
// and SIGSTOP are never for somebody else.
constexpr std::array<int, 9> kForwarded{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGTSTP};

sigset_t Watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  for (const int number : kForwarded) sigaddset(&set, number);
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) sigaddset(&set, number);
  return set;
}

// In the child, between fork and exec: only async-signal-safe calls.
[[noreturn]] void Exec(char* const* argv, char* const* environment, const sigset_t& mask, int report) noexcept {
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  execvpe(argv[0], argv, environment);
  const int error = errno;
  [[maybe_unused]] const auto ignored = write(report, &error, sizeof error);
  _exit(kRunInternal);
}

class Supervisor {
 public:
  explicit Supervisor(const Program& program) : program_(program), watch_(program.drivers, program.self) {}

  int Run() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);  // orphans of the program come to us: none leaves our sight
    const sigset_t watched = Watched();
    sigset_t before;
    sigprocmask(SIG_BLOCK, &watched, &before);
    signals_.Reset(signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return Internal("signalfd", errno);
    if (const int status = Start(before); status != kOk) return status;
    while (!status_) {
      Wait();
      ReadSignals();
      if (watch_.next_look() && MonotonicNow() >= *watch_.next_look() && !status_) Look();
    }
    return *status_;
  }

 private:
  static int Internal(const char* what, int error) {
    Complain(std::string(what) + ": " + std::strerror(error));
    return kRunInternal;
  }

  int Start(const sigset_t& mask) {
    auto report = MakePipe();
    if (!report) return Internal("pipe", errno);
    const std::vector<char*> argv = ExecVector(program_.command);
    const std::vector<char*> environment = ExecVector(program_.environment.entries());
    child_ = fork();
    if (child_ < 0) return Internal("fork", errno);
    if (child_ == 0) Exec(argv.data(), environment.data(), mask, report->write_end.get());
    report->write_end.Reset();
    int error = 0;
    ssize_t n = 0;
    do n = read(report->read_end.get(), &error, sizeof error);
    while (n < 0 && errno == EINTR);
    if (n != sizeof error) return kOk;  // closed by exec
    waitpid(child_, nullptr, 0);
    Complain(program_.command.front() + ": " + std::strerror(error) + (error == ENOENT ? "; give a program in PATH or a path" : ""));
    return error == ENOENT ? kRunNotFound : kRunCannotExecute;
  }

  void Wait() {
    std::array<pollfd, 2> fds{pollfd{signals_.get(), POLLIN, 0}, pollfd{watch_.fd(), POLLIN, 0}};
    int timeout = -1;
    if (const auto look = watch_.next_look()) timeout = static_cast<int>(std::max<Nanos>((*look - MonotonicNow()) / kMillisecond + 1, 0));
    if (poll(fds.data(), fds.size(), timeout) <= 0) return;
    if ((fds[1].revents & POLLIN) != 0) watch_.OnOpened(MonotonicNow());
  }

  void ReadSignals() {
    signalfd_siginfo info{};
    while (read(signals_.get(), &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGCHLD)
        Reap();
      else
        OnSignal(static_cast<int>(info.ssi_signo), info.ssi_code <= 0);  // SI_USER, SI_QUEUE, SI_TKILL: a process sent it
    }
  }

  void OnSignal(int number, bool sent_by_a_process) const {
    // What the terminal sends reaches the whole foreground group, the program too.
    if (sent_by_a_process && !status_) kill(child_, number);  // once reaped, its pid may be somebody else's
    // The shell waits for flexai to stop before it takes the terminal back.
    if (number == SIGTSTP) raise(SIGSTOP);
  }

  void Reap() {
    for (;;) {
      int status = 0;
      const pid_t pid = waitpid(-1, &status, WNOHANG);
      if (pid < 0 && errno == EINTR) continue;
      if (pid <= 0) return;
      if (pid == child_) status_ = WIFSIGNALED(status) ? kRunSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
    }
  }

  void Look() {
    const auto violation = watch_.LookNow(getpid(), MonotonicNow());
    for (const auto& [pid, name] : watch_.TakeHidden())
      Warn("pid " + std::to_string(pid) + " (" + name +
           ") does not let itself be looked into, so whether it uses a driver outside its slice is unknown");
    if (!violation) return;
    const std::string& driver = violation->look.driver;
    Complain("pid " + std::to_string(violation->pid) + " (" + violation->name + ") uses " + driver + " outside its slice: " +
             (violation->look.has_loader ? "its OpenCL loader did not load flexai's layer: OPENCL_LAYERS was taken out of its environment "
                                           "(env -i, sudo), or the loader "
                                           "is older than ocl-icd 2.3 or Khronos' of 2020.12"
                                         : "it opened the driver without an OpenCL loader, which flexai cannot enforce") +
             "; the run is ended");
    EndEverything();
    status_ = kNotEnforceable;
  }

  // SIGTERM first: programs save what they have. What is left after two seconds is killed, until nobody is.
  void EndEverything() {
    constexpr Nanos kGrace = 2 * kSecond, kGiveUp = 10 * kSecond;
    const Nanos began = MonotonicNow();
    bool asked = false;
    for (;;) {
      const std::vector<ProcessStat> left = DescendantsOf(getpid());
      const Nanos passed = MonotonicNow() - began;
      if (left.empty() || passed > kGiveUp) return Reap();
      if (!asked || passed > kGrace)
        for (const ProcessStat& process : left) {
          kill(process.pid, asked ? SIGKILL : SIGTERM);
          kill(process.pid, SIGCONT);
        }
      asked = true;
      pollfd ended{signals_.get(), POLLIN, 0};
      poll(&ended, 1, 50);
      signalfd_siginfo info{};
      while (read(signals_.get(), &info, sizeof info) == sizeof info) {
      }
      Reap();
    }
  }

  const Program& program_;
  EnforcementWatch watch_;
  UniqueFd signals_;
  pid_t child_ = -1;
  std::optional<int> status_;
};

}  // namespace

int Supervise(const Program& program) { return Supervisor(program).Run(); }

}  // namespace flexai::cli
