#!/usr/bin/env bash
# What pages say of the source is so: the page of commands, quoted sentences, exit statuses, environment variables. And what is not so is found.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source="${FLEXAI_SOURCE_DIR:?run through ctest}"
command -v python3 >/dev/null || { echo "skipped: python3 is not installed" && exit 77; }
tree="$(mktemp -d)"
trap 'rm -rf "$tree"' EXIT
fail() {
  printf 'FAILED: %s\n%s\n' "$1" "${output:-}" >&2
  exit 1
}

python3 "$here/check_against_source.py" "$source"
python3 "$source/tools/gen_commands_page" --check

# finds WHAT TEXT: the copy of the tree, changed, is refused with TEXT.
finds() {
  if output="$(python3 "$here/check_against_source.py" "$tree")"; then fail "$1: nobody noticed"; fi
  [[ "$output" == *"$2"* ]] || fail "$1: not named"
}
fresh() {
  rm -rf "${tree:?}/"*
  cp -a "$source/src" "$source/docs" "$tree"
}
fresh
sed -i 's/left to guarantee, /left to promise, /' "$tree/docs/guides/troubleshooting.md"
finds "a sentence that no source says" "troubleshooting.md:"
fresh
printf '> `flexai: the slice … has gone to bed`\n' >>"$tree/docs/start.md"
finds "an invented end of a sentence" "start.md:"
fresh
sed -i '/^| 126 /d' "$tree/docs/reference/exit-status.md"
finds "a status that the page lacks" "exit-status.md: 126 is missing"
fresh
sed -i 's/`NO_COLOR`, `TERM` |/`NO_COLOR`, `NO_SOUND` |/' "$tree/docs/reference/environment.md"
finds "a variable that the page lacks" "environment.md: TERM is read by the source and missing"
finds "a variable that nobody reads" "environment.md: NO_SOUND is read by nobody"

fresh
echo '## flexai sing' >>"$tree/docs/reference/commands.md"
if output="$(FLEXAI_ROOT="$tree" python3 "$source/tools/gen_commands_page" --check)"; then fail "a stale page of commands: nobody noticed"; fi
FLEXAI_ROOT="$tree" python3 "$source/tools/gen_commands_page"
cmp "$tree/docs/reference/commands.md" "$source/docs/reference/commands.md"
