#include "tests/integration/support/shell.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

extern char** environ;

namespace flexai::testing {
namespace {

constexpr int kPatienceMs = 60'000;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::abort();
}

std::vector<std::string> Environment(const std::vector<std::string>& changes) {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const char* equals = std::strchr(*entry, '=');
    if (equals != nullptr) all[std::string(*entry, static_cast<std::size_t>(equals - *entry))] = equals + 1;
  }
  for (const std::string& change : changes) {
    const std::size_t equals = change.find('=');
    if (equals == change.npos) {
      all.erase(change);
    } else {
      all[change.substr(0, equals)] = change.substr(equals + 1);
    }
  }
  std::vector<std::string> out;
  for (const auto& [key, value] : all) out.push_back(std::string(key).append("=").append(value));
  return out;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const std::string& text : strings) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

std::string TemporaryFile() {
  std::string path = (std::filesystem::temp_directory_path() / "flexai-shell-XXXXXX").string();
  const int fd = mkstemp(path.data());
  if (fd < 0) Die("shell: mkstemp");
  close(fd);
  return path;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Not std::thread or popen: the child must do nothing between fork and exec that needs a lock.
pid_t Start(const std::vector<std::string>& argv, const std::vector<std::string>& environment, int in, int out, int errors) {
  const std::vector<std::string> strings = Environment(environment);
  std::vector<char*> arguments = Pointers(argv), variables = Pointers(strings);
  const pid_t child = fork();
  if (child < 0) Die("shell: fork");
  if (child != 0) return child;
  dup2(in, 0);
  dup2(out, 1);
  if (errors >= 0) dup2(errors, 2);
  execvpe(arguments[0], arguments.data(), variables.data());
  _exit(127);
}

int Status(int wait_status) { return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status); }

}  // namespace

Shell::Shell(const std::vector<std::string>& argv, const std::vector<std::string>& environment) : errors_file_(TemporaryFile()) {
  signal(SIGPIPE, SIG_IGN);
  int to[2], from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) Die("shell: pipe2");
  const int errors = open(errors_file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  pid_ = Start(argv, environment, to[0], from[1], errors);
  close(to[0]);
  close(from[1]);
  close(errors);
  in_ = to[1];
  out_ = from[0];
}

Shell::~Shell() {
  if (pid_ > 0) Kill(SIGKILL);
  if (in_ >= 0) close(in_);
  close(out_);
  std::remove(errors_file_.c_str());
}

void Shell::Send(const std::string& command) {
  const std::string line = command + "\n";
  if (write(in_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::fprintf(stderr, "shell: the program does not read\n");
}

std::string Shell::ReadLine() {
  for (;;) {
    if (const std::size_t end = buffer_.find('\n'); end != buffer_.npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    pollfd wait{out_, POLLIN, 0};
    const int ready = poll(&wait, 1, kPatienceMs);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return "(silent)";
    char chunk[4096];
    const ssize_t n = read(out_, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return "(died)";
    buffer_.append(chunk, static_cast<std::size_t>(n));
  }
}

std::string Shell::Ask(const std::string& command) {
  Send(command);
  return ReadLine();
}

int Shell::Finish() {
  close(in_);
  in_ = -1;
  while (true) {
    const std::string line = ReadLine();
    if (line == "(died)") break;
    if (line == "(silent)") {
      kill(pid_, SIGKILL);
      break;
    }
  }
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return Status(status);
}

void Shell::Kill(int signal) {
  kill(pid_, signal);
  if (signal != SIGKILL) return;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

std::string Shell::Errors() const { return ReadAll(errors_file_); }

std::pair<int, std::string> RunProgram(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                                       std::string* errors) {
  const std::string out_file = TemporaryFile(), errors_file = TemporaryFile();
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC), out = open(out_file.c_str(), O_WRONLY | O_CLOEXEC);
  const int err = errors != nullptr ? open(errors_file.c_str(), O_WRONLY | O_CLOEXEC) : -1;
  std::vector<std::string> timed = {"timeout", std::to_string(kPatienceMs / 1000)};
  timed.insert(timed.end(), argv.begin(), argv.end());
  const pid_t child = Start(timed, environment, null, out, err);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  for (const int fd : {null, out, err}) {
    if (fd >= 0) close(fd);
  }
  std::pair<int, std::string> result{Status(status), ReadAll(out_file)};
  if (errors != nullptr) *errors = ReadAll(errors_file);
  std::remove(out_file.c_str());
  std::remove(errors_file.c_str());
  return result;
}

}  // namespace flexai::testing
