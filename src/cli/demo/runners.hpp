// Runners: small programs beside ours that start a program of somebody else and print the lines of our examples, so that the demo can show it in a slice
// (examples/with). Main thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace flexai::cli {

struct RunnerProgram {
  std::string name, path;
};

/// The runners in ../share/flexai/with of where `self` lies, by name.
[[nodiscard]] std::vector<RunnerProgram> FindRunners(const std::string& self);

/// Those that `names` lists, with commas between them, in its order. kInvalid with the names there are.
[[nodiscard]] Result<std::vector<RunnerProgram>> ChooseRunners(const std::vector<RunnerProgram>& known, std::string_view names);

}  // namespace flexai::cli
