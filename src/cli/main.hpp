// What `flexai` does with its command line. Called once, by main.
#pragma once

namespace flexai::cli {

[[nodiscard]] int Main(int argc, const char* const* argv, const char* const* environment);

}  // namespace flexai::cli
