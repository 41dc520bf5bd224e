#!/usr/bin/env bash
# tools/check-binaries accepts a lean library and finds each thing that would break it in somebody else's process.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
skip_without python3
skip_without gcc
skip_without readelf
[[ "$(uname -m)" == x86_64 ]] || { echo "skipped: the fault planted here is an x86-64 symbol version" && exit 77; }

put exports.map <<<'{ global: clOne; clTwo; local: *; };'
put lean.c <<'END'
__attribute__((visibility("default"))) int clOne(void) { return 1; }
__attribute__((visibility("default"))) int clTwo(void) { return 2; }
END
mkdir "$tree/build"
printf '%s=%s\n' "$tree/build/lib.so" "$tree/exports.map" >"$tree/build/interposers.txt"
flags=(-shared -fPIC "-Wl,-z,nodelete" "-Wl,--version-script=$tree/exports.map")
check() { expect "$1" "$2" "$TOOLS/check-binaries" "$tree/build"; }

expect 1 "no build" "$TOOLS/check-binaries" "$tree/nowhere"
expect_text "build first"
check 1 "a library that was not built"
expect_text "not built"

gcc "${flags[@]}" -o "$tree/build/lib.so" "$tree/lean.c"
check 0 "a lean library"

gcc "${flags[@]}" -Wl,--no-as-needed -lm -o "$tree/build/lib.so" "$tree/lean.c"
check 1 "another library"
expect_text "needs libm.so.6"

gcc -shared -fPIC "-Wl,--version-script=$tree/exports.map" -o "$tree/build/lib.so" "$tree/lean.c"
check 1 "a library that can be unloaded"
expect_text "may be unloaded"

put new.c <<'END'
#include <dlfcn.h>
__attribute__((visibility("default"))) void* clOne(void) { return dlsym(0, "x"); }
__attribute__((visibility("default"))) int clTwo(void) { return 2; }
END
gcc "${flags[@]}" -o "$tree/build/lib.so" "$tree/new.c"
check 1 "a symbol of a new glibc"
expect_text "uses dlsym@GLIBC_2.34"
gcc "${flags[@]}" -include "$SOURCE/cmake/foreign/glibc_pins.h" -o "$tree/build/lib.so" "$tree/new.c"
check 0 "the same, pinned"

gcc -shared -fPIC -Wl,-z,nodelete -o "$tree/build/lib.so" "$tree/lean.c"
put exports.map <<<'{ global: clOne; clTwo; clThree; local: *; };'
check 1 "a missing export"
expect_text "does not export clThree"
put exports.map <<<'{ global: clOne; local: *; };'
check 1 "an export too many"
expect_text "exports clTwo"
put exports.map <<<'{ global: cl*; local: *; };'
check 1 "exports by pattern"
expect_text "by pattern: cl*"
