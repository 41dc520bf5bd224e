#!/usr/bin/env bash
# tools/check-layers accepts a tree that follows the table and finds each kind of breach.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
skip_without python3

layers="$TOOLS/check-layers"
put api/region/region.h <<<'#include <stdint.h>'
put src/core/units.hpp <<<'#include <cstdint>'
put src/base/result.hpp <<<'#include <string>'
put src/slice/ledger.cpp <<'END'
#include <sys/mman.h>
#include <atomic>

#include "api/region/region.h"
#include "core/units.hpp"
#include "slice/ledger.hpp"
END
put src/slice/ledger.hpp <<<'#include <span>'
put src/slice/ledger_test.cpp <<'END'
#include <gtest/gtest.h>
#include <vector>

#include "slice/ledger.hpp"
#include "tests/support/clock.hpp"
END
put src/slice/CMakeLists.txt <<<'flexai_library(slice SOURCES ledger.cpp DEPS flexai::core TEST_DEPS flexai::base FOREIGN)'
put src/base/CMakeLists.txt <<<'flexai_library(base DEPS flexai::core)'
put src/core/CMakeLists.txt <<<'flexai_library(core)'
put src/intercept/opencl/layer.cpp <<<'#include "intercept/common/slots.hpp"'
put src/agent/agent.cpp <<<'#include "slice/ledger.hpp"'
put apps/flexai/main.cpp <<<'#include "cli/main.hpp"'
expect 0 "a tree that follows the rules" "$layers"

# breach WHAT TEXT PATH: the file on standard input is the only fault, and is named.
breach() {
  local path="$3"
  [[ -e "$tree/$path" ]] && cp "$tree/$path" "$tree/kept"
  put "$path"
  expect 1 "$1" "$layers"
  expect_text "$2"
  expect_text "$path"
  rm "$tree/$path"
  if [[ -e "$tree/kept" ]]; then mv "$tree/kept" "$tree/$path"; fi
}

breach "core includes base" "core may not include base" src/core/bad.hpp <<<'#include "base/result.hpp"'
breach "sched includes k8s" "sched may not include k8s" src/sched/bad.cpp <<<'  #  include "k8s/client.hpp"'
breach "cli links nothing of apps" "nobody includes apps/" src/cli/bad.cpp <<<'#include "apps/flexai/main.hpp"'
breach "one interposer includes another" "intercept/opencl may not include intercept/cuda" src/intercept/opencl/bad.cpp <<<'#include "intercept/cuda/hooks.hpp"'
breach "a foreign layer uses the C++ library" "<vector> needs more than glibc" src/slice/bad.cpp <<<'#include <vector>'
breach "a foreign layer uses a third-party header" "is not ours" src/remote/client/bad.cpp <<<'#include "fmt/core.h"'
breach "a foreign layer uses a third-party folder" "<fmt/core.h> needs more" src/intercept/common/bad.cpp <<<'#include <fmt/core.h>'
breach "product code includes tests" "agent may not include tests" src/agent/bad.cpp <<<'#include "tests/support/clock.hpp"'
breach "an example knows flexai" "examples may not include core" examples/bad.cpp <<<'#include "core/units.hpp"'
breach "a folder outside the table" "is no layer" src/misc/bad.cpp <<<'int x;'
breach "an include relative to the file" "from the root of src" src/base/bad.cpp <<<'#include "result.hpp"'
breach "an include that climbs" "from the root of src" src/base/worse.cpp <<<'#include "../core/units.hpp"'
breach "a link against the table" "slice may not link flexai::base" src/slice/CMakeLists.txt <<<'flexai_library(slice SOURCES ledger.cpp DEPS flexai::core flexai::base FOREIGN)'
expect 0 "the tree after every breach was taken out" "$layers"
