#!/usr/bin/env bash
# cmake/: a small project with the helpers of FlexaiTargets.cmake builds, tests, and makes a library for foreign processes
# that passes tools/check-binaries; missing folders, ccache and mold do not matter.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
skip_without cmake
skip_without ninja
skip_without python3

cp -r "$SOURCE/cmake" "$SOURCE/CMakeLists.txt" "$SOURCE/CMakePresets.json" "$tree/"
mkdir -p "$tree/fuzz" && cp "$SOURCE/fuzz/replay_main.cpp" "$tree/fuzz/"
put src/core/units.hpp <<'END'
#pragma once
inline int One() { return 1; }
END
put src/core/CMakeLists.txt <<<'flexai_library(core)'
put src/slice/ledger.hpp <<'END'
#pragma once
bool InForeignProcess();
int Descriptor();
END
# fstat, dlsym and pthread_create are what a plain build binds to symbols of new glibc versions.
put src/slice/ledger.cpp <<'END'
#include "slice/ledger.hpp"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/stat.h>

#include "core/units.hpp"

#ifdef FLEXAI_FOREIGN
bool InForeignProcess() { return true; }
#else
bool InForeignProcess() { return false; }
#endif

namespace {
void* Same(void* value) { return value; }
}  // namespace

int Descriptor() {
  pthread_t thread{};
  if (pthread_create(&thread, nullptr, Same, nullptr) == 0) pthread_join(thread, nullptr);
  struct stat info {};
  return fstat(0, &info) + One() + (dlsym(RTLD_DEFAULT, "no such symbol") != nullptr);
}
END
put src/slice/ledger_test.cpp <<'END'
#include "slice/ledger.hpp"

#include <gtest/gtest.h>

TEST(LedgerTest, IsBuiltForOurOwnProcess) { EXPECT_FALSE(InForeignProcess()); }
TEST(LedgerTest, NeedsACard) { GTEST_SKIP() << "no card here"; }
END
put src/slice/parse_fuzz.cpp <<'END'
#include <cstddef>
#include <cstdint>
#include <cstdlib>
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 3 && data[0] == 'b' && data[1] == 'a' && data[2] == 'd') std::abort();
  return 0;
}
END
put fuzz/corpora/parse_fuzz/good < <(printf 'good')
put tests/CMakeLists.txt <<<'flexai_gtest(whole_test SOURCES whole_test.cpp LABEL integration ENVIRONMENT "WHO=me" "WHAT=a thing" SERIAL)'
put tests/whole_test.cpp <<'END'
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

TEST(WholeTest, SeesItsEnvironment) {
  EXPECT_EQ(std::string(std::getenv("WHO")), "me");
  EXPECT_EQ(std::string(std::getenv("WHAT")), "a thing");
  EXPECT_EQ(std::string(FLEXAI_BUILD_DIR).rfind(FLEXAI_SOURCE_DIR, 0), 0u);
}
END
put src/slice/CMakeLists.txt <<<'flexai_library(slice SOURCES ledger.cpp TESTS ledger_test.cpp FUZZ parse_fuzz.cpp DEPS flexai::core FOREIGN)
target_compile_definitions(slice_test PRIVATE NAMED_HERE=1)'
put src/intercept/CMakeLists.txt <<<'flexai_interposer(flexai_probe SOURCES probe.cpp EXPORTS probe.map DEPS flexai::slice)'
put src/intercept/probe.map <<<'{ global: flexai_probe; local: *; };'
put src/intercept/probe.cpp <<'END'
#include "slice/ledger.hpp"
extern "C" __attribute__((visibility("default"))) int flexai_probe() { return InForeignProcess() ? 100 + Descriptor() : -1; }
END
cd "$tree"
# -fuse-ld=mold and ccache are conveniences: this build has neither.
expect 0 "configuring" cmake --preset dev -DFLEXAI_MOLD= -DFLEXAI_CCACHE= -DFLEXAI_WERROR=ON
expect 0 "building" cmake --build --preset dev -- -j2
expect 0 "testing" ctest --test-dir build/dev --no-tests=error
expect_text "LedgerTest.IsBuiltForOurOwnProcess"
expect_text "parse_fuzz.replay"
expect_text "WholeTest.SeesItsEnvironment"
for preset in asan tsan fuzz; do
  [[ "$preset" != fuzz ]] || command -v clang++-19 >/dev/null || continue
  expect 0 "configuring $preset" cmake --preset "$preset"
done
expect 0 "the library for foreign processes" "$TOOLS/check-binaries" build/dev
expect 0 "loading it" python3 -c "import ctypes; value = ctypes.CDLL('build/dev/lib/libflexai_probe.so').flexai_probe(); assert value == 101, value"
expect 0 "headers compile alone" cmake --build --preset dev --target headers_alone

printf 'bad' >fuzz/corpora/parse_fuzz/crash
expect 8 "an input that crashes" bash -c '. "$TOOLS/lib.sh"; run_ctest dev'
expect_text "parse_fuzz/crash"
expect_text "1 tests failed out of 4"
expect_text "skipped 1: no card here"
expect_no_text "Start "
expect 0 "the test that still passes" bash -c '. "$TOOLS/lib.sh"; run_ctest dev -R LedgerTest'
expect_text " %  LedgerTest.IsBuiltForOurOwnProcess"
expect 0 "the check of headers" "$TOOLS/check-headers" dev
put src/core/needs.hpp <<<'inline std::uint32_t Two() { return 2; }'
expect 1 "a header that does not compile alone" "$TOOLS/check-headers" dev
expect_text "needs.hpp"
rm src/core/needs.hpp

echo 'int broken(' >>src/slice/ledger_test.cpp
expect 1 "a file that does not compile" bash -c '. "$TOOLS/lib.sh"; build_preset dev'
expect_text "ledger_test.cpp"
expect_text "building the preset 'dev' failed"

[[ "$(uname -m)" == x86_64 ]] && command -v aarch64-linux-gnu-g++ qemu-aarch64 >/dev/null || exit 0
expect 0 "the same library for 64-bit ARM" "$TOOLS/check-aarch64"
put src/intercept/probe.cpp <<'END'
#include <cstdlib>
extern "C" __attribute__((visibility("default"))) int flexai_probe() { return 1; }
static const bool dies_when_loaded = (std::abort(), true);
END
expect 1 "a library that can not be loaded" "$TOOLS/check-aarch64"
