#include "cli/main.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <system_error>

#include "cli/exit_code.hpp"
#include "cli/parser.hpp"
#include "cli/report.hpp"
#include "device/probe.hpp"

namespace flexai::cli {
namespace {

// A caller may have closed them; the next file we open would then take their place and be written to.
void OpenStandardStreams() {
  for (int fd = open("/dev/null", O_RDWR); fd >= 0; fd = open("/dev/null", O_RDWR)) {
    if (fd <= STDERR_FILENO) continue;
    close(fd);
    return;
  }
}

}  // namespace

int Main(int argc, const char* const* argv, const char* const* environment) {
  OpenStandardStreams();
  std::signal(SIGCHLD, SIG_DFL);  // ignored by the caller, it would make the ends of our children unknowable

  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (!arguments.empty() && arguments.front() == device::kDiscoverCommand) device::RunProbe(std::span(arguments).subspan(1));

  Surroundings surroundings{.environment = EnvironmentList(environment)};
  std::error_code error;
  surroundings.self = std::filesystem::read_symlink("/proc/self/exe", error).string();

  auto parsed = ParseCommandLine(arguments, surroundings);
  if (!parsed) return FailWith(parsed.error());
  if (const auto* help = std::get_if<HelpText>(&*parsed)) return Print(help->text) ? kOk : kFailed;
  const auto& command = std::get<ParsedCommand>(*parsed);
  return command.command->run(command.args);
}

}  // namespace flexai::cli
