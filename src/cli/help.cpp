#include "cli/help.hpp"

#include <algorithm>

namespace flexai::cli {
namespace {

std::string Padded(std::string text, std::size_t width) {
  text.append(width > text.size() ? width - text.size() : 1, ' ');
  return text;
}

std::string OptionTerm(const OptionSpec& option) {
  std::string term = option.letter != '\0' ? std::string("-") + option.letter + ", " : std::string("    ");
  term += "--" + std::string(option.name);
  if (!option.value.empty()) term += " " + std::string(option.value);
  return term;
}

std::string OptionUsage(const OptionSpec& option) {
  std::string usage = "[--" + std::string(option.name);
  if (!option.value.empty()) usage += " " + std::string(option.value);
  return usage + "]" + (option.repeats ? "..." : "");
}

std::string CommandLines(std::string_view group) {
  std::size_t width = 0;
  for (const CommandSpec& command : Commands()) width = std::max(width, command.name.size());
  std::string text;
  for (const CommandSpec& command : Commands())
    if (group.empty() || command.name.starts_with(group))
      text += "  " + Padded(std::string(command.name), width + 3) + std::string(command.summary) + "\n";
  return text;
}

}  // namespace

std::string UsageLine(const CommandSpec& command) {
  std::string line = "flexai " + std::string(command.name);
  for (const OptionSpec& option : command.options) line += " " + OptionUsage(option);
  for (const OperandSpec& operand : command.operands) {
    const std::string name = std::string(operand.name) + (operand.repeats ? "..." : "");
    line += operand.required ? " " + name : " [" + name + "]";
  }
  if (command.takes_command) line += " -- COMMAND...";
  return line;
}

std::string GeneralHelp() {
  return "flexai: slices of accelerators, for unmodified programs\n\n"
         "usage: flexai COMMAND [OPTION]...\n\n" +
         CommandLines("") + "\n`flexai COMMAND --help` says more about each.\n";
}

std::string GroupHelp(std::string_view group) {
  return "usage: flexai " + std::string(group) + " COMMAND [OPTION]...\n\n" + CommandLines(std::string(group) + " ");
}

std::string CommandHelp(const CommandSpec& command) {
  std::string text =
      "flexai " + std::string(command.name) + ": " + std::string(command.summary) + "\n\nusage: " + UsageLine(command) + "\n";
  std::vector<std::pair<std::string, std::string_view>> terms;
  for (const OperandSpec& operand : command.operands) terms.emplace_back("    " + std::string(operand.name), operand.help);
  for (const OptionSpec& option : command.options) terms.emplace_back(OptionTerm(option), option.help);
  for (const OptionSpec& option : CommonOptions()) terms.emplace_back(OptionTerm(option), option.help);
  std::size_t width = 0;
  for (const auto& [term, help] : terms) width = std::max(width, term.size());
  text += "\n";
  for (const auto& [term, help] : terms) text += "  " + Padded(term, width + 3) + std::string(help) + "\n";
  if (!command.details.empty()) text += "\n" + std::string(command.details) + "\n";
  return text;
}

}  // namespace flexai::cli
