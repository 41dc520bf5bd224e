#!/usr/bin/env bash
# A11: every function with nothing but zeros, and with a good first argument and zeros for the rest: in a slice it answers as the driver does, and does not
# crash where the driver does not.   A11_null_arguments_test.sh DRIVER
. "$(dirname "${BASH_SOURCE[0]}")/../programs/support.sh" "$1"
calls="$build/tests/null_calls"
[[ -x "$calls" ]] || skip "there is no OpenCL loader to link with (tools/install-packages)"

bare "$calls" >"$work/bare" 2>/dev/null || fail "bare: ended with $?"
sliced 100 "$calls" >"$work/sliced" 2>"$work/errors" || fail "in a slice: ended with $?: $(tail -n 1 "$work/sliced"); $(grep "^flexai:" "$work/errors")"
functions="$(wc -l <"$work/bare")"
((functions > 200)) || fail "only $functions calls were tried"
# Only where the driver itself dies may a slice differ: there the layer knows the argument is wrong before the driver sees it.
if paste -d'|' "$work/bare" "$work/sliced" | awk -F'|' '$1 != $2 && $1 !~ /: (signal|exit) [0-9]+$/ { print; bad = 1 } END { exit !bad }'; then
  fail "the answers above differ (bare|in a slice)"
fi
echo "$functions calls, the same answers; the driver alone dies of $(grep -cE ': (signal|exit) ' "$work/bare"), in a slice $(grep -cE ': (signal|exit) ' "$work/sliced") do"
