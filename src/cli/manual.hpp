// Manual pages in roff's man macros, made from the command table: flexai(1), and one per command as git has them: flexai-slice-set(1). Pure.
#pragma once

#include <string>

#include "cli/command_table.hpp"

namespace flexai::cli {

/// `flexai-slice-set`: the page's name, and with ".1" its file's.
[[nodiscard]] std::string ManualName(const CommandSpec& command);

[[nodiscard]] std::string GeneralManual();
[[nodiscard]] std::string CommandManual(const CommandSpec& command);

}  // namespace flexai::cli
