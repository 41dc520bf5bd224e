// Scripts that complete `flexai` in a shell, made from the command table: commands, options and choices stand in the script; slices and XPUs are asked
// for (`flexai completion --names`) when a word that names one is completed. Names that come from outside are never expanded by a shell. Pure.
#pragma once

#include <string>

namespace flexai::cli {

[[nodiscard]] std::string BashCompletion();
[[nodiscard]] std::string ZshCompletion();
[[nodiscard]] std::string FishCompletion();

}  // namespace flexai::cli
