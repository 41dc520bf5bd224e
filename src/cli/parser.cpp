#include "cli/parser.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/help.hpp"
#include "cli/suggest.hpp"

namespace flexai::cli {
namespace {

using Parsed = std::variant<ParsedCommand, HelpText>;

std::string DidYouMean(const std::optional<std::string>& nearest) {
  return nearest ? "; did you mean " + *nearest + "?" : std::string(";");
}

bool IsGroup(std::string_view word) {
  return std::any_of(Commands().begin(), Commands().end(),
                     [&](const CommandSpec& c) { return c.name.starts_with(std::string(word) + " "); });
}

const CommandSpec* Find(std::string_view name) {
  for (const CommandSpec& command : Commands())
    if (command.name == name) return &command;
  return nullptr;
}

tl::unexpected<Error> NoSuchCommand(const std::string& typed, std::string_view group) {
  std::vector<std::string> words;
  for (const CommandSpec& command : Commands()) {
    if (!group.empty() && !command.name.starts_with(std::string(group) + " ")) continue;
    const std::string_view rest = group.empty() ? command.name : command.name.substr(group.size() + 1);
    words.emplace_back(rest.substr(0, rest.find(' ')));
  }
  const std::string where = group.empty() ? "flexai" : "flexai " + std::string(group);
  return Fail(ErrorCode::kInvalid,
              "there is no command '" + typed + "'" + DidYouMean(Nearest(typed, words)) + " `" + where + " --help` lists the commands");
}

const OptionSpec* OptionOf(const CommandSpec& command, std::string_view token) {
  const auto matches = [&](const OptionSpec& option) {
    if (token.starts_with("--")) return token.substr(2, token.find('=') == token.npos ? token.npos : token.find('=') - 2) == option.name;
    return token.size() >= 2 && token[0] == '-' && token[1] == option.letter;
  };
  for (const OptionSpec& option : command.options)
    if (matches(option)) return &option;
  return nullptr;
}

// Where the program begins that `flexai run` starts: after `--`, or at the first word that is no option and no option's value.
std::size_t CommandBegin(const CommandSpec& command, const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--" || !words[i].starts_with("-") || words[i] == "-") return i;
    const OptionSpec* option = OptionOf(command, words[i]);
    const bool value_follows = option != nullptr && !option->value.empty() &&
                               (words[i].starts_with("--") ? words[i].find('=') == std::string::npos : words[i].size() == 2);
    if (value_follows) ++i;
  }
  return words.size();
}

// "it is table, wide, json or yaml"
std::string OneOf(const std::vector<std::string_view>& choices) {
  std::string text;
  for (std::size_t i = 0; i < choices.size(); ++i)
    text += std::string(i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + std::string(choices[i]);
  return text;
}

bool Allows(const std::vector<std::string_view>& choices, const std::string& word) {
  return choices.empty() || std::find(choices.begin(), choices.end(), word) != choices.end();
}

tl::unexpected<Error> UnknownOption(const CommandSpec& command, const std::string& word) {
  std::vector<std::string> known;
  for (const OptionSpec& option : command.options) known.push_back("--" + std::string(option.name));
  known.emplace_back("--help");
  return Fail(ErrorCode::kInvalid, "`flexai " + std::string(command.name) + "` has no option " + word.substr(0, word.find('=')) +
                                       DidYouMean(Nearest(word.substr(0, word.find('=')), known)) + " `flexai " +
                                       std::string(command.name) + " --help` lists them");
}

// CLI11 says "--cores: 1 required TEXT missing" or "watch was given a disallowed flag override": the option's name is what counts.
tl::unexpected<Error> ValueTrouble(const CommandSpec& command, std::string_view what) {
  what.remove_prefix(std::min(what.find_first_not_of('-'), what.size()));
  const std::string_view name = what.substr(0, what.find_first_of(": "));
  for (const OptionSpec& option : command.options) {
    if (option.name != name) continue;
    const std::string dashed = "--" + std::string(option.name);
    if (option.value.empty()) return Fail(ErrorCode::kInvalid, dashed + " takes no value");
    return Fail(ErrorCode::kInvalid, dashed + " needs a value: --" + std::string(option.name) + " " + std::string(option.value));
  }
  return Fail(ErrorCode::kInvalid, std::string(what) + "; `flexai " + std::string(command.name) + " --help` says more");
}

Result<ParsedCommand> ParseOptions(const CommandSpec& command, std::vector<std::string> words, const Surroundings& surroundings) {
  ParsedCommand parsed{&command, Args(surroundings)};
  if (command.takes_command) {
    const std::size_t begin = CommandBegin(command, words);
    const std::size_t program = begin < words.size() && words[begin] == "--" ? begin + 1 : begin;
    parsed.args.SetCommand({words.begin() + static_cast<std::ptrdiff_t>(program), words.end()});
    words.resize(begin);
  }

  CLI::App app;
  app.set_help_flag();  // help comes from the table
  app.allow_extras();
  std::map<std::string, std::vector<std::string>> values;
  std::vector<std::pair<const OptionSpec*, CLI::Option*>> added;
  for (const OptionSpec& option : command.options) {
    const std::string names =
        (option.letter != '\0' ? std::string("-") + option.letter + "," : std::string()) + "--" + std::string(option.name);
    auto* made = option.value.empty() ? app.add_flag(names) : app.add_option(names, values[std::string(option.name)]);
    if (option.value.empty())
      made->disable_flag_override();
    else
      made->allow_extra_args(false)->take_all();
    added.emplace_back(&option, made);
  }
  std::vector<std::string> extras;
  try {
    std::reverse(words.begin(), words.end());  // CLI11 takes from the back
    app.parse(words);
    extras = app.remaining();
  } catch (const CLI::ParseError& error) {
    return ValueTrouble(command, error.what());
  }

  std::vector<std::string> operands;
  bool only_operands = false;
  for (const std::string& word : extras) {
    if (!only_operands && word == "--") {
      only_operands = true;
    } else if (!only_operands && word.starts_with("-") && word != "-") {
      return UnknownOption(command, word);
    } else {
      operands.push_back(word);
    }
  }
  for (const auto& [option, made] : added) {
    if (made->count() == 0) continue;
    const std::string dashed = "--" + std::string(option->name);
    const std::vector<std::string> given = option->value.empty() ? std::vector<std::string>() : values[std::string(option->name)];
    if (!option->repeats && made->count() > 1) return Fail(ErrorCode::kInvalid, dashed + " is given twice; give it once");
    for (const std::string& value : given) {
      if (!Allows(option->choices, value))
        return Fail(ErrorCode::kInvalid,
                    std::string(dashed).append(" cannot be '").append(value).append("': it is ").append(OneOf(option->choices)));
    }
    parsed.args.Set(option->name, given);
  }
  std::size_t most = 0;
  for (const OperandSpec& operand : command.operands) {
    if (operand.required && operands.size() <= most)
      return Fail(ErrorCode::kInvalid,
                  std::string(operand.name) + " is missing (" + std::string(operand.help) + "): " + UsageLine(command));
    for (std::size_t i = most; i < operands.size() && (i == most || operand.repeats); ++i)
      if (!Allows(operand.choices, operands[i]))
        return Fail(
            ErrorCode::kInvalid,
            std::string(operand.name).append(" cannot be '").append(operands[i]).append("': it is ").append(OneOf(operand.choices)));
    most = operand.repeats ? operands.size() + 1 : most + 1;
  }
  if (operands.size() > most)
    return Fail(ErrorCode::kInvalid,
                "`flexai " + std::string(command.name) + "` does not expect '" + operands[most] + "': " + UsageLine(command));
  parsed.args.SetOperands(std::move(operands));
  return parsed;
}

// Only before `--` and the started program: `flexai run -- prog --help` is the program's.
bool AsksForHelp(const CommandSpec& command, const std::vector<std::string>& words) {
  const std::size_t end = command.takes_command ? CommandBegin(command, words) : words.size();
  for (std::size_t i = 0; i < end && words[i] != "--"; ++i)
    if (words[i] == "--help" || words[i] == "-h") return true;
  return false;
}

}  // namespace

Result<Parsed> ParseCommandLine(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  std::vector<std::string> words = arguments;
  const auto help_asked = [](std::string_view word) { return word == "--help" || word == "-h" || word == "help"; };
  if (words.empty()) return Fail(ErrorCode::kInvalid, "a command is missing; `flexai --help` lists the commands");
  if (help_asked(words[0])) {
    words.erase(words.begin());
    if (words.empty()) return Parsed(HelpText{GeneralHelp()});
    words.emplace_back("--help");
  }
  if (words[0] == "--version") words[0] = "version";

  std::string name = words[0];
  words.erase(words.begin());
  if (IsGroup(name)) {
    if (words.empty()) return Fail(ErrorCode::kInvalid, "`flexai " + name + "` needs a command; `flexai " + name + " --help` lists them");
    if (help_asked(words[0])) return Parsed(HelpText{GroupHelp(name)});
    if (Find(name + " " + words[0]) == nullptr) return NoSuchCommand(words[0], name);
    name += " " + words[0];
    words.erase(words.begin());
  }
  const CommandSpec* command = Find(name);
  if (command == nullptr) return NoSuchCommand(name, "");
  if (AsksForHelp(*command, words)) return Parsed(HelpText{CommandHelp(*command)});
  FLEXAI_TRY(ParsedCommand parsed, ParseOptions(*command, std::move(words), surroundings));
  return Parsed(std::move(parsed));
}

}  // namespace flexai::cli
