#include "cli/report.hpp"

#include <unistd.h>

#include "base/fds.hpp"
#include "base/terminal.hpp"
#include "cli/exit_code.hpp"

namespace flexai::cli {
namespace {

void Say(std::string_view before, std::string_view sentence) {
  std::string line(before);
  line += Fitted(sentence, DisplayWidth(sentence));
  (void)WriteAll(STDERR_FILENO, line + "\n");  // one write: lines of several processes do not mix
}

}  // namespace

Format FormatOf(const Args& args) {
  const std::string name = args.Value("output");
  if (name == "wide") return Format::kWide;
  if (name == "json") return Format::kJson;
  if (name == "yaml") return Format::kYaml;
  return Format::kTable;
}

void Complain(std::string_view sentence) { Say("flexai: ", sentence); }
void Warn(std::string_view sentence) { Say("flexai: warning: ", sentence); }

int FailWith(const Error& error) {
  Complain(error.message);
  return ExitCodeOf(error.code);
}

bool Print(std::string_view text) { return WriteAll(STDOUT_FILENO, text); }

bool Print(const Document& document, Format format) {
  return Print((format == Format::kYaml ? document.ToYaml() : document.ToPrettyJson()) + "\n");
}

Table::Layout StdoutLayout(const Args& args) {
  const EnvironmentList& environment = args.surroundings().environment;
  return {.width = TerminalWidth(STDOUT_FILENO),
          .color = ColorAllowed(STDOUT_FILENO, {.no_color = environment.Get("NO_COLOR"), .term = environment.Get("TERM")})};
}

}  // namespace flexai::cli
