// The programs that come with flexai, load generators and examples, and the environment they are watched in. Main thread.
#pragma once

#include <string>

#include "base/environment_list.hpp"

namespace flexai::cli {

/// The programs that belong to `self`: flexai-load, the examples. Beside it in a build folder, in ../libexec/flexai of an installation. Empty when not
/// there.
[[nodiscard]] std::string CompanionProgram(const std::string& self, const std::string& name);

/// The environment in which each CPU driver uses one thread.
void PinDrivers(EnvironmentList& environment);

}  // namespace flexai::cli
