#!/usr/bin/env bash
# tools/check-tidy looks at what changed, finds a dropped result, and does not look twice at a clean file.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
skip_without clang-tidy-19
skip_without python3

cp "$SOURCE/.clang-tidy" "$tree/"
put outcome.hpp <<'END'
#pragma once
namespace flexai {
enum class Outcome { kOk };
Outcome Work();
}  // namespace flexai
END
put clean.cpp <<'END'
#include "outcome.hpp"
namespace flexai {
Outcome Twice() { return Work(); }
}  // namespace flexai
END
put old.cpp <<'END'
#include "outcome.hpp"
namespace flexai {
void Drops() { Work(); }
}  // namespace flexai
END
put build/release/compile_commands.json <<END
[{"directory": "$tree", "file": "clean.cpp", "command": "c++ -std=c++20 -c clean.cpp"},
 {"directory": "$tree", "file": "old.cpp", "command": "c++ -std=c++20 -c old.cpp"}]
END
put .gitignore <<<build/
git -C "$tree" add -A && git -C "$tree" commit -qm first
echo "// changed" >>"$tree/clean.cpp"
git -C "$tree" commit -qam second

export FLEXAI_BASE=HEAD~1
export XDG_CACHE_HOME="$tree/cache"
expect 0 "only the clean file changed" "$TOOLS/check-tidy"
# A clang-tidy that finds fault with everything is not asked again.
put bin/clang-tidy-19 <<<'#!/bin/false'
chmod +x "$tree/bin/clang-tidy-19"
expect 0 "a second look at a clean file" env PATH="$tree/bin:$PATH" "$TOOLS/check-tidy"
rm "$tree/bin/clang-tidy-19"
expect 1 "all files" "$TOOLS/check-tidy" --all
expect_text "bugprone-unused-return-value"
echo "// changed" >>"$tree/old.cpp"
expect 1 "an uncommitted change" "$TOOLS/check-tidy"
expect_text "old.cpp"
expect_no_text "clean.cpp"
FLEXAI_BASE="" expect 1 "a young repository" "$TOOLS/check-tidy"
expect_text "old.cpp"
