#!/usr/bin/env bash
# CLBlast's own tests: each case of each routine and precision says the same in a slice as bare. All routines in the long version.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh" "$1"
need clblast_test_xaxpy

routines=(xaxpy xdot xscal xnrm2 xamax xher xomatcopy)
if ((${FLEXAI_REPEAT_PERCENT:-0} >= 100)); then
  mapfile -t routines < <(compgen -c clblast_test_x | sed 's/^clblast_test_//' | sort -u)
  watchdog=3600
fi
# The status counts failed cases, which some driver may have bare.
for routine in "${routines[@]}"; do
  bare_status=0 sliced_status=0
  bare "clblast_test_$routine" >"$work/bare" 2>&1 || bare_status=$?
  sliced 40 "clblast_test_$routine" >"$work/sliced" 2>&1 || sliced_status=$?
  same_output "CLBlast's $routine" "$work/bare" "$work/sliced"
  ((bare_status == sliced_status)) || fail "CLBlast's $routine ended with $bare_status bare, with $sliced_status in a slice"
  passed="$(sed -E 's/\x1b\[[0-9;]*m//g' "$work/sliced" | awk '/ test\(s\) passed/ { n += $1 } END { print n + 0 }')"
  ((passed > 0)) || fail "CLBlast's $routine tests nothing here"
  echo "  $routine: $passed cases pass"
done
