# shellcheck shell=bash
# For tests of scripts: a temporary repository, and expectations about what a command prints and how it ends.

set -euo pipefail

SOURCE="${FLEXAI_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
export TOOLS="$SOURCE/tools"
tree="$(mktemp -d)"
trap 'rm -rf "$tree"' EXIT
# The scripts under test look at this tree instead of the one they lie in.
export FLEXAI_ROOT="$tree"
# The tests of a repository must not depend on who runs them.
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@example.test
export GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@example.test
git init -q -b main "$tree"

# put PATH: writes standard input to PATH in the tree.
put() {
  mkdir -p "$(dirname "$tree/$1")"
  cat >"$tree/$1"
}

fail() {
  printf 'FAILED: %s\n' "$1" >&2
  printf '%s\n' "${output:-}" >&2
  exit 1
}

# expect STATUS WHAT COMMAND…: the output stays in $output.
expect() {
  local status="$1" what="$2" actual=0
  shift 2
  output="$("$@" 2>&1)" || actual=$?
  [[ "$actual" == "$status" ]] || fail "$what: ended with $actual instead of $status"
}

# expect_text TEXT: the last output holds it.
expect_text() { [[ "$output" == *"$1"* ]] || fail "the output does not say: $1"; }
expect_no_text() { [[ "$output" != *"$1"* ]] || fail "the output should not say: $1"; }

skip_without() {
  command -v "$1" >/dev/null && return 0
  printf 'skipped: %s is not installed\n' "$1"
  exit 77
}
