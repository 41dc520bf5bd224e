#!/usr/bin/env bash
# tinygrad trains the same network in a slice as bare, to the last bit of its answers; beside hashcat each has its share.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh" "$1"
. "$(dirname "${BASH_SOURCE[0]}")/programs.sh"
[[ "$driver" != rusticl ]] || skip "tinygrad does not start on Mesa's driver, bare either: it asks for a GPU or the default device, of which llvmpipe is neither"
need_tinygrad

same_result tinygrad
cat "$work/found"
accuracy="$(sed -nE 's/.* accuracy=0\.([0-9]{4}) .*/\1/p' "$work/found")"
((10#${accuracy:-0} >= 8500)) || fail "tinygrad recognises less than 85 % of the test digits after a hundred steps"
[[ "$driver" == pocl ]] || ((${FLEXAI_REPEAT_PERCENT:-0} >= 100)) || exit 0
need_hashcat
same_result hashcat
# The smaller share is tinygrad's: between two steps Python needs some milliseconds, more on a busy machine, in which it does not want the XPU.
shares_of 14 hashcat 70 tinygrad 30
