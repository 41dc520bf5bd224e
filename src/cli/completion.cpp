#include "cli/completion.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "cli/command_table.hpp"

namespace flexai::cli {
namespace {

std::string Replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + with.size())) text.replace(at, what.size(), with);
  return text;
}

// 'text' for a POSIX shell.
std::string Quoted(std::string_view text) { return "'" + Replaced(std::string(text), "'", "'\\''") + "'"; }

std::string Joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : " ") + std::string(word);
  return text;
}

std::string_view NounOf(Names names) { return names == Names::kXpus ? "xpus" : "slices"; }

std::vector<OptionSpec> OptionsOf(const CommandSpec& command) {
  std::vector<OptionSpec> options = command.options;
  options.insert(options.end(), CommonOptions().begin(), CommonOptions().end());
  return options;
}

std::string_view FirstWord(std::string_view name) { return name.substr(0, name.find(' ')); }
bool IsGrouped(const CommandSpec& command) { return command.name.find(' ') != std::string_view::npos; }
std::string_view LastWord(const CommandSpec& command) {
  return IsGrouped(command) ? command.name.substr(command.name.find(' ') + 1) : command.name;
}

// What can stand after `flexai`, with the help for it: commands, and groups once.
struct Word {
  std::string_view word;
  std::string help;
};
std::vector<Word> FirstWords() {
  std::vector<Word> words;
  for (const CommandSpec& command : Commands()) {
    const std::string_view first = FirstWord(command.name);
    const auto same = std::find_if(words.begin(), words.end(), [&](const Word& w) { return w.word == first; });
    if (same != words.end())
      same->help += "; " + std::string(command.summary);
    else
      words.push_back({first, std::string(command.summary)});
  }
  return words;
}

std::vector<std::string_view> Groups() {
  std::vector<std::string_view> groups;
  for (const CommandSpec& command : Commands())
    if (IsGrouped(command) && (groups.empty() || groups.back() != FirstWord(command.name))) groups.push_back(FirstWord(command.name));
  return groups;
}

// --- bash -------------------------------------------------------------------------------------------------------------

// `smi --output|smi -o`: a pattern of `case` for an option of a command.
std::string BashPattern(const CommandSpec& command, const OptionSpec& option) {
  const std::string begin = "'" + std::string(command.name) + " ";
  std::string pattern = begin + "--" + std::string(option.name) + "'";
  if (option.letter != '\0') pattern += " | " + begin + "-" + option.letter + "'";
  return pattern;
}

std::string BashReply(const std::vector<std::string_view>& choices, Names names) {
  if (!choices.empty()) return "_flexai_reply " + Joined(choices);
  if (names != Names::kNothing) return "_flexai_reply_names " + std::string(NounOf(names));
  return ":";
}

// --- zsh --------------------------------------------------------------------------------------------------------------

std::string ZshEscaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != special.npos) out += '\\';
    out += c;
  }
  return out;
}

std::string ZshAction(std::string_view message, const std::vector<std::string_view>& choices, Names names) {
  std::string text = ":" + ZshEscaped(message, ":\\") + ":";
  if (!choices.empty()) return text + "(" + Joined(choices) + ")";
  if (names != Names::kNothing) return text + "_flexai_names " + std::string(NounOf(names));
  return text + " ";
}

std::string ZshOption(const OptionSpec& option) {
  const std::string spelled =
      (option.letter != '\0' ? std::string("-") + option.letter + " " : std::string()) + "--" + std::string(option.name);
  const std::string before = option.repeats ? "*" : "(" + spelled + ")";
  const std::string help = "[" + ZshEscaped(option.help, "[]\\") + "]";
  const std::string value = option.value.empty() ? std::string() : ZshAction(option.value, option.choices, option.names);
  std::string lines;
  if (option.letter != '\0')
    lines += " \\\n        " + Quoted(before + "-" + option.letter + (option.value.empty() ? "" : "+") + help + value);
  return lines + " \\\n        " + Quoted(before + "--" + std::string(option.name) + (option.value.empty() ? "" : "=") + help + value);
}

std::string ZshDescribed(std::string_view word, std::string_view help) {
  return "\n      " + Quoted(ZshEscaped(word, ":") + ":" + std::string(help));
}

// --- fish -------------------------------------------------------------------------------------------------------------

// Inside single quotes fish knows \\ and \' only.
std::string FishQuoted(std::string_view text) { return "'" + Replaced(Replaced(std::string(text), "\\", "\\\\"), "'", "\\'") + "'"; }

std::string FishArguments(const std::vector<std::string_view>& choices, Names names) {
  if (!choices.empty()) return " -a " + FishQuoted(Joined(choices));
  if (names != Names::kNothing) return " -a " + FishQuoted("(__flexai_names " + std::string(NounOf(names)) + ")");
  return "";
}

}  // namespace

std::string BashCompletion() {
  std::string takes, options, values, operands, words, programs;
  for (const CommandSpec& command : Commands()) {
    std::string dashed;
    for (const OptionSpec& option : OptionsOf(command)) {
      dashed += " --" + std::string(option.name);
      if (option.letter != '\0') dashed += std::string(" -") + option.letter;
      if (option.value.empty()) continue;
      takes += "    " + BashPattern(command, option) + ") return 0 ;;\n";
      values += "    " + BashPattern(command, option) + ") " + BashReply(option.choices, option.names) + " ;;\n";
    }
    options += "    '" + std::string(command.name) + "') _flexai_reply" + dashed + " ;;\n";
    for (std::size_t i = 0; i < command.operands.size(); ++i) {
      const OperandSpec& operand = command.operands[i];
      if (operand.choices.empty() && operand.names == Names::kNothing) continue;
      const std::string pattern = "'" + std::string(command.name) + " " + (operand.repeats ? "'*" : std::to_string(i) + "'");
      operands += "    " + pattern + ") " + BashReply(operand.choices, operand.names) + " ;;\n";
    }
    if (command.takes_command) programs += (programs.empty() ? "" : " | ") + std::string("'") + std::string(command.name) + "'";
  }
  std::string firsts;
  for (const Word& word : FirstWords()) firsts += " " + std::string(word.word);
  words += "    '') _flexai_reply" + firsts + " help ;;\n";
  std::string groups;
  for (const std::string_view group : Groups()) {
    groups += (groups.empty() ? "" : " | ") + std::string("'") + std::string(group) + "'";
    words += "    '" + std::string(group) + "') _flexai_reply";
    for (const CommandSpec& command : Commands())
      if (IsGrouped(command) && FirstWord(command.name) == group) words += " " + std::string(LastWord(command));
    words += " ;;\n";
  }

  constexpr std::string_view kScript =
      R"SCRIPT(# bash completion for flexai, made from its command table. Printed by `flexai completion bash`. Do not edit.

# Those of the words that begin with what is typed. No word is expanded.
_flexai_reply() {
  local word
  for word in "$@"; do if [[ "$word" == "$cur"* ]]; then COMPREPLY+=("$word"); fi; done
}
_flexai_reply_names() {
  local name
  while IFS= read -r name; do _flexai_reply "$name"; done < <("$program" completion --names "$1" 2>/dev/null)
}

_flexai_takes_value() {
  case "$1" in
@TAKES@  esac
  return 1
}

# The command line of a program that is run: word number $1 on.
_flexai_program() {
  if declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  elif (($1 == COMP_CWORD)); then
    mapfile -t COMPREPLY < <(compgen -c -- "$cur")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  fi
}

_flexai() {
  local cur="${COMP_WORDS[COMP_CWORD]}" program="${COMP_WORDS[0]}" command='' option='' operands=0 i word
  COMPREPLY=()
  program="${program/#\~\//$HOME/}"
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word="${COMP_WORDS[i]}"
    if [[ "$word" == = ]]; then continue; fi # bash takes --output=json for three words
    if [[ -n "$option" ]]; then option='' && continue; fi
    case "$command" in
      '' | @GROUPS@)
        if [[ "$word" != -* ]]; then command="${command:+$command }$word"; fi
        continue
        ;;
    esac
    case "$word" in
      --)
        case "$command" in @PROGRAMS@) _flexai_program $((i + 1)) && return ;; esac
        ;;
      -*) if _flexai_takes_value "$command $word"; then option="$word"; fi ;;
      *)
        case "$command" in @PROGRAMS@) _flexai_program "$i" && return ;; esac
        operands=$((operands + 1))
        ;;
    esac
  done
  if [[ "$cur" == = ]]; then cur=''; fi
  if [[ -n "$option" ]]; then
    case "$command $option" in
@VALUES@    esac
    return
  fi
  if [[ "$cur" == -* ]]; then
    case "$command" in
@OPTIONS@    *) _flexai_reply --help --version ;;
    esac
    return
  fi
  case "$command" in
@WORDS@    @PROGRAMS@) _flexai_program "$COMP_CWORD" ;;
  esac
  case "$command $operands" in
@OPERANDS@    esac
}
complete -F _flexai flexai
)SCRIPT";
  std::string script(kScript);
  script = Replaced(script, "@TAKES@", takes);
  script = Replaced(script, "@GROUPS@", groups);
  script = Replaced(script, "@PROGRAMS@", programs);
  script = Replaced(script, "@VALUES@", values);
  script = Replaced(script, "@OPTIONS@", options);
  script = Replaced(script, "@WORDS@", words);
  return Replaced(script, "@OPERANDS@    ", operands + "  ");
}

std::string ZshCompletion() {
  std::string words, groups, commands;
  for (const Word& word : FirstWords()) words += ZshDescribed(word.word, word.help);
  words += ZshDescribed("help", "show help");
  for (const std::string_view group : Groups()) {
    groups += "    " + std::string(group) + ")\n      names=(";
    for (const CommandSpec& command : Commands())
      if (IsGrouped(command) && FirstWord(command.name) == group) groups += ZshDescribed(LastWord(command), command.summary);
    groups += ")\n      if ((CURRENT == 2)); then _describe -t commands " + Quoted("command of flexai " + std::string(group)) +
              " names; return; fi\n      command=\"$command $words[2]\"\n      shift words\n      ((CURRENT--))\n      ;;\n";
  }
  for (const CommandSpec& command : Commands()) {
    commands += "    " + Quoted(command.name) + ")\n      _arguments -s -S";
    // What stands behind the started program's name is the program's.
    if (command.takes_command) commands += " -A '-*'";
    for (const OptionSpec& option : OptionsOf(command)) commands += ZshOption(option);
    for (const OperandSpec& operand : command.operands)
      commands += " \\\n        " + Quoted((operand.repeats    ? "*"
                                            : operand.required ? ""
                                                               : ":") +
                                           ZshAction(operand.name, operand.choices, operand.names));
    if (command.takes_command) commands += " \\\n        '(-)1:program: _command_names -e' \\\n        '*::arguments: _normal'";
    commands += "\n      ;;\n";
  }
  return "#compdef flexai\n"
         "# zsh completion for flexai, made from its command table. Printed by `flexai completion zsh`. Do not edit.\n\n"
         "_flexai_names() {\n"
         "  local -a names\n"
         "  names=(${(f)\"$(_call_program names flexai completion --names $argv[-1] 2>/dev/null)\"})\n"
         "  compadd \"${@[1,-2]}\" -a names\n"
         "}\n\n"
         "_flexai() {\n"
         "  local command=$words[2]\n"
         "  local -a names\n"
         "  if ((CURRENT == 2)); then\n"
         "    names=(" +
         words +
         ")\n"
         "    _describe -t commands 'command of flexai' names\n"
         "    return\n"
         "  fi\n"
         "  shift words\n"
         "  ((CURRENT--))\n"
         "  case $command in\n" +
         groups + "  esac\n  case $command in\n" + commands +
         "  esac\n"
         "}\n\n"
         "# Read as a file of fpath this is the function's own body; read by `source` it has to be made known.\n"
         "if [[ $funcstack[1] == _flexai ]]; then\n  _flexai \"$@\"\nelse\n  compdef _flexai flexai\nfi\n";
}

std::string FishCompletion() {
  std::string groups, valued, lines;
  for (const std::string_view group : Groups()) groups += " " + std::string(group);
  for (const Word& word : FirstWords())
    lines += "complete -c flexai -n '__flexai_is' -a " + FishQuoted(word.word) + " -d " + FishQuoted(word.help) + "\n";
  for (const CommandSpec& command : Commands()) {
    const std::string name(command.name);
    lines += "\n";
    if (IsGrouped(command))
      lines += "complete -c flexai -n '__flexai_is " + std::string(FirstWord(name)) + "' -a " + FishQuoted(LastWord(command)) + " -d " +
               FishQuoted(command.summary) + "\n";
    for (const OptionSpec& option : OptionsOf(command)) {
      lines += "complete -c flexai -n '__flexai_in " + name + "'";
      if (option.letter != '\0') lines += std::string(" -s ") + option.letter;
      lines += " -l " + std::string(option.name) + (option.value.empty() ? "" : " -x" + FishArguments(option.choices, option.names)) +
               " -d " + FishQuoted(option.help) + "\n";
      if (command.takes_command && !option.value.empty()) {
        valued += " --" + std::string(option.name);
        if (option.letter != '\0') valued += std::string(" -") + option.letter;
      }
    }
    for (const OperandSpec& operand : command.operands)
      if (const std::string arguments = FishArguments(operand.choices, operand.names); !arguments.empty())
        lines.append("complete -c flexai -n '__flexai_in ").append(name).append("'").append(arguments).append("\n");
    if (command.takes_command) lines += "complete -c flexai -n '__flexai_in " + name + "' -a '(__flexai_program)'\n";
  }
  return "# fish completion for flexai, made from its command table. Printed by `flexai completion fish`. Do not edit.\n\n"
         "function __flexai_names\n"
         "    flexai completion --names $argv[1] 2>/dev/null\n"
         "end\n\n"
         "# The command that stands before the cursor: no word, one, or two.\n"
         "function __flexai_words\n"
         "    set -l words (commandline -opc)\n"
         "    set -q words[2]; or return\n"
         "    echo $words[2]\n"
         "    contains -- $words[2]" +
         groups +
         "; and set -q words[3]; and echo $words[3]\n"
         "end\n"
         "function __flexai_is\n"
         "    set -l words (__flexai_words)\n"
         "    test \"$argv\" = \"$words\"\n"
         "end\n"
         "function __flexai_in\n"
         "    __flexai_is $argv; and not __flexai_has_program\n"
         "end\n\n"
         "# Where the program that is run begins, counted from the word after the command; nothing while it has not begun.\n"
         "function __flexai_program_begin\n"
         "    set -l words (commandline -opc)\n"
         "    set -l i 3\n"
         "    while test $i -le (count $words)\n"
         "        if test \"$words[$i]\" = --\n"
         "            echo (math $i + 1)\n"
         "            return\n"
         "        else if contains -- \"$words[$i]\"" +
         valued +
         "\n"
         "            set i (math $i + 2)\n"
         "        else if string match -q -- '-*' \"$words[$i]\"\n"
         "            set i (math $i + 1)\n"
         "        else\n"
         "            echo $i\n"
         "            return\n"
         "        end\n"
         "    end\n"
         "end\n"
         "function __flexai_has_program\n"
         "    set -l words (commandline -opc)\n"
         "    set -l begin (__flexai_program_begin)\n"
         "    set -q words[2]; and test \"$words[2]\" = run; and test -n \"$begin\"\n"
         "end\n"
         "function __flexai_program\n"
         "    set -l words (commandline -opc)\n"
         "    set -l begin (__flexai_program_begin)\n"
         "    set -l before\n"
         "    if test -n \"$begin\"; and test $begin -le (count $words)\n"
         "        set before (string escape -- $words[$begin..-1])\n"
         "    end\n"
         "    complete -C (string join ' ' -- $before (commandline -ct))\n"
         "end\n\n"
         "complete -c flexai -f\n" +
         lines + "complete -c flexai -n '__flexai_is run; and __flexai_has_program' -a '(__flexai_program)'\n";
}

}  // namespace flexai::cli
