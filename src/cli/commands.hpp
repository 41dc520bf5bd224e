// The commands, each in a file of its own. From arguments to exit code; an error has been reported when they return.
#pragma once

#include "cli/args.hpp"

namespace flexai::cli {

[[nodiscard]] int RunSmi(const Args& args);
[[nodiscard]] int RunTop(const Args& args);
[[nodiscard]] int RunRun(const Args& args);
[[nodiscard]] int RunSliceLs(const Args& args);
[[nodiscard]] int RunSliceSet(const Args& args);
[[nodiscard]] int RunSliceRm(const Args& args);
[[nodiscard]] int RunDoctor(const Args& args);
[[nodiscard]] int RunBench(const Args& args);
[[nodiscard]] int RunDemo(const Args& args);
[[nodiscard]] int RunCompletion(const Args& args);
[[nodiscard]] int RunSupportBundle(const Args& args);
[[nodiscard]] int RunVersion(const Args& args);

}  // namespace flexai::cli
