#include "cli/manual.hpp"

#include <algorithm>

namespace flexai::cli {
namespace {

// Text as roff prints it: no escape of roff's own, a hyphen that can be copied into a shell, no line that begins a request.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n'))
      out += std::string("\\&") + c;
    else
      out += c;
  }
  return out;
}

std::string Bold(std::string_view text) { return "\\fB" + Escaped(text) + "\\fR"; }
std::string Italic(std::string_view text) { return "\\fI" + Escaped(text) + "\\fR"; }

// What help says, `code` in bold. Line breaks within a paragraph are the help text's, for terminals: here they are blanks.
std::string Prose(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = text.find('`');
    const std::size_t close = open == text.npos ? text.npos : text.find('`', open + 1);
    if (close == text.npos) break;
    out += Escaped(text.substr(0, open)) + Bold(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
  out += Escaped(text);
  for (std::size_t at = out.find("\n\n"); at != out.npos; at = out.find("\n\n", at + 1)) out.replace(at, 2, "\n.PP\n");
  return out;
}

std::string Head(std::string_view page, std::string_view summary) {
  std::string title(page);
  std::transform(title.begin(), title.end(), title.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  // Without a date: the same source gives the same pages on every day.
  return ".\\\" Made from the command table of flexai. Do not edit.\n.TH \"" + Escaped(title) +
         "\" 1 \"\" \"flexai " FLEXAI_VERSION "\" \"User Commands\"\n.nh\n.ad l\n.SH NAME\n" + Escaped(page) + " \\- " + Escaped(summary) +
         "\n";
}

std::string Synopsis(const CommandSpec& command) {
  std::string text = ".SH SYNOPSIS\n" + Bold("flexai " + std::string(command.name));
  for (const OptionSpec& option : command.options) {
    text += "\n[" + Bold("--" + std::string(option.name));
    if (!option.value.empty()) text += " " + Italic(option.value);
    text += std::string("]") + (option.repeats ? "...\\&" : "");
  }
  for (const OperandSpec& operand : command.operands) {
    const std::string name = Italic(operand.name) + (operand.repeats ? "...\\&" : "");
    text += operand.required ? "\n" + name : "\n[" + name + "]";
  }
  if (command.takes_command) text += "\n" + Bold("--") + " " + Italic("COMMAND") + "...\\&";
  return text + "\n";
}

std::string OptionEntry(const OptionSpec& option) {
  std::string term;
  if (option.letter != '\0') term = Bold(std::string("-") + option.letter) + ", ";
  term += Bold("--" + std::string(option.name));
  if (!option.value.empty()) term += " " + Italic(option.value);
  return ".TP\n" + term + "\n" + Prose(option.help) + "\n";
}

std::string PageReference(std::string_view page) { return Bold(page) + "(1)"; }

struct Entry {
  std::string_view term, text;
};
std::string Entries(std::string_view section, std::initializer_list<Entry> entries) {
  std::string text = ".SH " + std::string(section) + "\n";
  for (const Entry& entry : entries) text += ".TP\n" + Bold(entry.term) + "\n" + Prose(entry.text) + "\n";
  return text;
}

}  // namespace

std::string ManualName(const CommandSpec& command) {
  std::string name = "flexai-" + std::string(command.name);
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string CommandManual(const CommandSpec& command) {
  std::string text = Head(ManualName(command), command.summary) + Synopsis(command);
  if (!command.details.empty()) text += ".SH DESCRIPTION\n" + Prose(command.details) + "\n";
  text += ".SH OPTIONS\n";
  for (const OperandSpec& operand : command.operands) text += ".TP\n" + Italic(operand.name) + "\n" + Prose(operand.help) + "\n";
  for (const OptionSpec& option : command.options) text += OptionEntry(option);
  for (const OptionSpec& option : CommonOptions()) text += OptionEntry(option);
  return text + ".SH SEE ALSO\n" + PageReference("flexai") + "\n";
}

std::string GeneralManual() {
  std::string text =
      Head("flexai", "slices of accelerators, for unmodified programs") + ".SH SYNOPSIS\n" + Bold("flexai") + " " + Italic("COMMAND") +
      " [" + Italic("OPTION") + "]...\\&\n.SH DESCRIPTION\n" +
      Prose(
          "A slice is a part of one or more accelerators: a guaranteed percentage of compute and a cap, a quota of device memory, a "
          "priority. `flexai run` starts a program in one; the limits are kept inside the program, by a layer that its OpenCL loader "
          "loads. No daemon is needed and the program is not changed.") +
      "\n.SH COMMANDS\n";
  for (const CommandSpec& command : Commands()) text += ".TP\n" + PageReference(ManualName(command)) + "\n" + Prose(command.summary) + "\n";
  text += Entries("EXIT STATUS", {{"0", "success"},
                                  {"1", "failure; the reason is on standard error, in a line that begins with `flexai:`"},
                                  {"2", "wrong usage"},
                                  {"3", "the resources asked for are not free"},
                                  {"4", "this machine cannot keep what was asked for"}});
  text += ".PP\n" + Bold("flexai run") + " ends with the status of its program; see " + PageReference("flexai-run") + ".\n";
  text +=
      Entries("ENVIRONMENT",
              {{"FLEXAI_RUNTIME_DIR", "the folder of regions and slices, instead of those under FILES; it must exist, and be in memory"},
               {"FLEXAI_DRIVER_TIMEOUT", "how many seconds each driver is given to answer (1 to 600, default 10)"},
               {"OCL_ICD_VENDORS, OCL_ICD_FILENAMES", "which OpenCL drivers there are, as the loader reads them"},
               {"NO_COLOR", "no colours, whatever it is set to"},
               {"FLEXAI_SLICE, OPENCL_LAYERS", "set by `flexai run` for its programs: the slice they are in, and the layer"}});
  text += Entries("FILES", {{"/run/flexai", "regions and slices of all users who may write there"},
                            {"/dev/shm/flexai-UID", "those of a user who may not, or where it does not exist"}});
  text += ".SH SEE ALSO\n";
  const auto commands = Commands();
  for (std::size_t i = 0; i < commands.size(); ++i)
    text += PageReference(ManualName(commands[i])) + (i + 1 == commands.size() ? "\n" : ",\n");
  return text;
}

}  // namespace flexai::cli
