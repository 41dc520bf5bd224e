// An act that other work on the machine may spoil is tried once more. Main thread.
#pragma once

#include <functional>

#include "cli/demo/acts.hpp"

namespace flexai::cli {

/// Calls `attempt`, which judges `act` and answers what it measured; a second time when it did not pass. `act.details` then holds all tries.
[[nodiscard]] Status TryTwice(Demo& demo, ActResult& act, const std::function<Result<Document>()>& attempt);

}  // namespace flexai::cli
