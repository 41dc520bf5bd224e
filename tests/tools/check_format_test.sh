#!/usr/bin/env bash
# tools/check-format names the unformatted file and what to do.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
skip_without clang-format-19

cp "$SOURCE/.clang-format" "$tree/"
put src/good.cpp <<<'int main() { return 0; }'
expect 0 "formatted code" "$TOOLS/check-format"
put src/bad.cpp <<<'int   main( ) {return 0;}'
expect 1 "unformatted code" "$TOOLS/check-format"
expect_text "src/bad.cpp:1: not formatted"
expect_no_text "good.cpp"
