#!/usr/bin/env bash
# tools/check-text finds machine paths, unknown hosts, open work without an issue, conflict markers and stray blanks.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
skip_without python3

put tools/url-hosts <<<'docs.example.test'
put good.cpp <<'END'
// see https://docs.example.test/page, TODO(#12): shorten
const char* a = "/dev/shm/flexai-0";  // a/b/c, 3 / 4, /usr/lib/x, GET /api/v1/xpus
END
expect 0 "clean text" "$TOOLS/check-text"

# finds TEXT CONTENT
finds() {
  printf '%s\n' "$2" >"$tree/bad.txt"
  expect 1 "$2" "$TOOLS/check-text"
  expect_text "bad.txt:1: "
  expect_text "$1"
  rm "$tree/bad.txt"
}
finds "is a path of one machine" 'built in /home/somebody/flexai'
finds "is a path of one machine" 'root="/srv2/data/x"'
finds "the host downloads.somewhere.org is not" 'curl https://downloads.somewhere.org/file'
finds "open work carries an issue number" '// TODO: later'
finds "open work carries an issue number" '// FIXME this'
finds "merge conflict marker" '<<<<<<< HEAD'
finds "blank at the end" 'text '
expect 0 "after the faults are gone" "$TOOLS/check-text"
