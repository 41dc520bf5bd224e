// Help texts, made from the command table. Pure.
#pragma once

#include <string>
#include <string_view>

#include "cli/command_table.hpp"

namespace flexai::cli {

/// All commands, a line each.
[[nodiscard]] std::string GeneralHelp();
/// The commands that begin with `group` ("slice").
[[nodiscard]] std::string GroupHelp(std::string_view group);
[[nodiscard]] std::string CommandHelp(const CommandSpec& command);
/// `flexai run [--xpu XPU]... -- COMMAND...`
[[nodiscard]] std::string UsageLine(const CommandSpec& command);

}  // namespace flexai::cli
