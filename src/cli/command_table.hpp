// Every command and option of `flexai`, once: parsing, help, suggestions, completion and manual pages are made from this table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cli/args.hpp"

namespace flexai::cli {

/// What a value names, where completion can list it: things that exist now.
enum class Names : std::uint8_t { kNothing, kXpus, kSlices };

struct OptionSpec {
  std::string_view name;   // without the dashes
  char letter = '\0';      // `-o`
  std::string_view value;  // what stands after it, for help: "N[:M]"; empty for a switch
  std::string_view help;
  std::vector<std::string_view> choices;  // the only values allowed; empty: any
  bool repeats = false;                   // may be given several times
  Names names = Names::kNothing;
};

struct OperandSpec {
  std::string_view name;  // "NAME"
  std::string_view help;
  bool required = true;
  bool repeats = false;
  std::vector<std::string_view> choices;  // the only words allowed; empty: any
  Names names = Names::kNothing;
};

struct CommandSpec {
  std::string_view name;     // one word, or two: "slice set"
  std::string_view summary;  // one line
  std::string_view details;  // what help says below the options; may be empty
  std::vector<OptionSpec> options;
  std::vector<OperandSpec> operands;
  bool takes_command = false;  // `-- COMMAND...` follows
  int (*run)(const Args&) = nullptr;
};

/// In the order help shows them.
[[nodiscard]] std::span<const CommandSpec> Commands();

/// The options every command has: --help.
[[nodiscard]] std::span<const OptionSpec> CommonOptions();

}  // namespace flexai::cli
