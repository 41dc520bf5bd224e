// A command line, taken apart by the command table. Pure but for memory; main thread.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "cli/args.hpp"
#include "cli/command_table.hpp"

namespace flexai::cli {

struct ParsedCommand {
  const CommandSpec* command = nullptr;
  Args args;
};
struct HelpText {
  std::string text;
};

/// What `arguments` (without the program's name) ask for, or kInvalid with the sentence that says what is wrong and what to do.
[[nodiscard]] Result<std::variant<ParsedCommand, HelpText>> ParseCommandLine(const std::vector<std::string>& arguments,
                                                                             const Surroundings& surroundings);

}  // namespace flexai::cli
