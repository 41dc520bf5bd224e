#!/usr/bin/env bash
# leela-zero thinks and plays the same in a slice as bare, to the last visit; beside hashcat each has its share.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh" "$1"
. "$(dirname "${BASH_SOURCE[0]}")/programs.sh"
need_leela_zero

same_result leela_zero
(($(grep -c '^= [A-T][0-9]' "$work/found") == 2)) || fail "leela-zero did not play two moves"
grep '^= [A-T][0-9]' "$work/found"
# Two programs with bigger kernels take long to start on the other drivers.
[[ "$driver" == pocl ]] || ((${FLEXAI_REPEAT_PERCENT:-0} >= 100)) || exit 0
need_hashcat
same_result hashcat
shares_of 10 leela_zero 70 hashcat 30
