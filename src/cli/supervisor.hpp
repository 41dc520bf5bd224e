// Starts the program of `flexai run` and stays with it: forwards signals sent to flexai alone, reaps orphans, watches that drivers are used with our layer
// only, and gives the program's status. Call once, from the main thread; threads that exist already must have all signals blocked.
#pragma once

#include <string>
#include <vector>

#include "base/environment_list.hpp"
#include "cli/enforcement_watch.hpp"

namespace flexai::cli {

struct Program {
  std::vector<std::string> command;  // the first word is looked up in PATH
  EnvironmentList environment;
  std::vector<std::string> drivers;  // files whose opening is looked at
  std::string self;
};

/// The exit status for `flexai run`: the program's, or 125, 126, 127, 4 after the line that says why.
[[nodiscard]] int Supervise(const Program& program);

}  // namespace flexai::cli
