#!/usr/bin/env bash
# Manual pages: no warning from either formatter, a page per command of --help, and text that is help's.
. "$(dirname "${BASH_SOURCE[0]}")/../cli/support.sh"
need man
pages="$build/packaging/manual"
[[ -f "$pages/flexai.1" ]] || skip "the pages were not built (the target flexai-manual)"

mapfile -t commands < <("$flexai" --help | sed -n 's/^  \([a-z]\( \{0,1\}[a-z-]\)*\)   *.*$/\1/p')
((${#commands[@]} > 6)) || fail "--help lists ${#commands[@]} commands"
for command in "${commands[@]}"; do
  [[ -f "$pages/flexai-${command// /-}.1" ]] || fail "there is no page of $command"
done
[[ "$(find "$pages" -name '*.1' | wc -l)" == $((${#commands[@]} + 1)) ]] || fail "there are pages of no command: $(ls "$pages")"

for page in "$pages"/*.1; do
  # As lintian does it.
  errors="$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)"
  silent
  if command -v mandoc >/dev/null; then
    # Without a date the same source gives the same page on every day.
    errors="$(mandoc -T lint -W warning "$page" 2>&1 | grep -v 'missing date' || true)"
    silent
  fi
done

# What a person reads.
export MANWIDTH=120
output="$(man -l "$pages/flexai-run.1" 2>/dev/null | col -b)"
says "flexai run [--xpu XPU]... [--cores N[:M]]"
says "-c, --cores N[:M]"
says "guaranteed percent of each XPU, and the cap"
says "[--name NAME] -- COMMAND..."
output="$(man -l "$pages/flexai.1" 2>/dev/null | col -b)"
says "flexai-slice-set(1)"
says "change a slice while its programs run"
