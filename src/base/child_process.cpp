#include "base/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/fds.hpp"

namespace flexai {
namespace {

constexpr std::size_t kErrorLimit = std::size_t{64} << 10;
constexpr Nanos kProgressEvery = 250 * kMillisecond;
constexpr Nanos kPatience = 500 * kMillisecond;  // for a killed child to be gone

struct Running {
  pid_t pid = -1;
  UniqueFd pidfd;  // empty on kernels before 5.3: then the child is asked every few milliseconds
  UniqueFd output, errors;
  bool done = false;
};

// Between fork and exec, in the child: only async-signal-safe calls, other threads of the parent may hold any lock.
[[noreturn]] void ExecChild(char* const* argv, char* const* environment, int output, int errors, pid_t parent) noexcept {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int ignored : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) signal(ignored, SIG_DFL);
  const int input = open("/dev/null", O_RDONLY);
  if (input >= 0) dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  execve(argv[0], argv, environment);
  constexpr std::string_view kText = "cannot be started\n";
  [[maybe_unused]] const auto ignored = write(STDERR_FILENO, kText.data(), kText.size());
  _exit(127);
}

int Start(const ChildSpec& spec, Running& child) {
  auto output = MakePipe();
  auto errors = MakePipe();
  if (!output || !errors) return errno;
  const std::vector<char*> argv = ExecVector(spec.argv);
  const std::vector<char*> environment = ExecVector(spec.environment);
  const pid_t parent = getpid();
  child.pid = fork();
  if (child.pid < 0) return errno;
  if (child.pid == 0) ExecChild(argv.data(), environment.data(), output->write_end.get(), errors->write_end.get(), parent);
  setpgid(child.pid, child.pid);  // both sides set it: whoever comes first
  child.pidfd.Reset(static_cast<int>(syscall(SYS_pidfd_open, child.pid, 0)));
  child.output = std::move(output->read_end);
  child.errors = std::move(errors->read_end);
  for (const UniqueFd* fd : {&child.output, &child.errors}) fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  return 0;
}

// Takes what is in the pipe now; closes it at its end. False when `limit` is passed.
bool Drain(UniqueFd& fd, std::string& into, std::size_t limit, bool keep_reading) {
  std::array<char, 16384> block{};
  while (fd) {
    const ssize_t n = read(fd.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (n <= 0) {
      fd.Reset();
      return true;
    }
    const auto got = static_cast<std::size_t>(n);
    if (into.size() + got > limit && !keep_reading) return false;
    into.append(block.data(), std::min(got, limit - std::min(limit, into.size())));
  }
  return true;
}

// True once the child is reaped and its end written down.
bool Reap(Running& child, ChildResult& result) {
  int status = 0;
  const pid_t reaped = waitpid(child.pid, &status, WNOHANG);
  if (reaped == 0 || (reaped < 0 && errno != ECHILD)) return false;
  if (result.end == ChildResult::End::kNotStarted) {
    result.end = WIFSIGNALED(status) ? ChildResult::End::kSignalled : ChildResult::End::kExited;
    result.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  }
  return true;
}

// The child is gone: helpers it started go too, and what it wrote before is read.
void Finish(Running& child, ChildResult& result, const ChildSpec& spec) {
  kill(-child.pid, SIGKILL);
  (void)Drain(child.output, result.output, spec.output_limit, true);
  (void)Drain(child.errors, result.errors, kErrorLimit, true);
  child.done = true;
}

void Kill(Running& child, ChildResult& result, ChildResult::End why) {
  result.end = why;
  kill(-child.pid, SIGKILL);
  kill(child.pid, SIGKILL);
}

}  // namespace

std::vector<char*> ExecVector(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& text : strings)
    pointers.push_back(const_cast<char*>(text.c_str()));  // exec takes char* const*, and does not write
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<ChildResult> RunChildren(std::span<const ChildSpec> children, Nanos deadline, const ChildProgress& progress) {
  std::vector<ChildResult> results(children.size());
  std::vector<Running> running(children.size());
  for (std::size_t i = 0; i < children.size(); ++i) {
    results[i].code = Start(children[i], running[i]);
    running[i].done = running[i].pid < 0;
  }

  Nanos give_up = deadline;
  bool killed = false;
  Nanos next_progress = MonotonicNow() + kProgressEvery;
  for (;;) {
    std::vector<pollfd> fds;
    std::vector<std::size_t> still;
    bool ask_often = false;
    for (std::size_t i = 0; i < children.size(); ++i) {
      Running& child = running[i];
      if (child.done) continue;
      if (!Drain(child.output, results[i].output, children[i].output_limit, false))
        Kill(child, results[i], ChildResult::End::kOutputTooLong);
      (void)Drain(child.errors, results[i].errors, kErrorLimit, true);
      if (Reap(child, results[i])) {
        Finish(child, results[i], children[i]);
        continue;
      }
      still.push_back(i);
      ask_often = ask_often || !child.pidfd;
      for (const UniqueFd* fd : {&child.pidfd, &child.output, &child.errors})
        if (*fd) fds.push_back({fd->get(), POLLIN, 0});
    }
    if (still.empty()) return results;

    const Nanos now = MonotonicNow();
    if (now >= next_progress && !killed) {
      if (progress && !progress(still)) give_up = now;
      next_progress = now + kProgressEvery;
    }
    if (now >= give_up) {
      if (killed) return results;  // stuck in the kernel: it goes when its driver lets it
      for (const std::size_t i : still) Kill(running[i], results[i], ChildResult::End::kTimedOut);
      killed = true;
      give_up = now + kPatience;
      continue;
    }
    const Nanos wait = std::min({give_up - now, std::max(next_progress - now, Nanos{0}), ask_often ? 5 * kMillisecond : kProgressEvery});
    poll(fds.data(), fds.size(), static_cast<int>(wait / kMillisecond) + 1);
  }
}

}  // namespace flexai
