#include "device/probe.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "base/fds.hpp"

namespace flexai::device {

void ProbeReport::Line(const Document& document) const { (void)WriteAll(fd_, document.ToJson() + "\n"); }

void ProbeReport::Step(std::string_view what) const { Line(Document::Of({{"step", what}})); }
void ProbeReport::Loader(std::string_view path) const { Line(Document::Of({{"loader", path}})); }
void ProbeReport::Found(const Xpu& xpu) const { Line(Document::Of({{"xpu", ToDocument(xpu)}})); }
void ProbeReport::Missing(std::string_view what) const { Line(Document::Of({{"missing", what}})); }
void ProbeReport::Failed(std::string_view what) const { Line(Document::Of({{"failed", what}})); }
void ProbeReport::Done() const { Line(Document::Of({{"done", true}})); }

void ProbeReport::Platform(std::string_view name, std::string_view library, std::size_t devices) const {
  Line(Document::Of({{"platform", Document::Of({{"name", name}, {"library", library}, {"devices", devices}})}}));
}

void RunProbe(std::span<const std::string> arguments) {
  // Drivers print to stdout; the pipe is ours alone.
  const int pipe = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  // A driver that crashes here is reported by its signal, not debugged: neither a core file nor a handler of this program's (a sanitizer's).
  for (const int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) std::signal(fault, SIG_DFL);
  const rlimit no_core{};
  setrlimit(RLIMIT_CORE, &no_core);

  const ProbeReport report(pipe);
  const auto argument = [&](std::size_t i) { return i < arguments.size() ? std::string_view(arguments[i]) : std::string_view(); };
  if (argument(0) == "opencl")
    ProbeOpenCl(report, argument(1), argument(2));
  else if (argument(0) == "layer" && arguments.size() > 1)
    ProbeLayer(report, arguments[1]);
  else if (argument(0) == "nvml")
    ProbeNvml(report);
  else if (argument(0) == "dcmi")
    ProbeDcmi(report);
  else if (argument(0) == "sysfs")
    ProbeSysfs(report, arguments.size() > 1 ? arguments[1] : "/sys");
  else
    _exit(2);
  report.Done();
  _exit(0);
}

}  // namespace flexai::device
