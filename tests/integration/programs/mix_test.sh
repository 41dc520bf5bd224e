#!/usr/bin/env bash
# Four programs at once, one XPU: training, a game, a search and a batch job, each with the results it has alone, and with its share.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh" "$1"
. "$(dirname "${BASH_SOURCE[0]}")/programs.sh"
[[ "$driver" != rusticl ]] || skip "tinygrad does not start on Mesa's driver, bare either"
[[ "$driver" == pocl ]] || ((${FLEXAI_REPEAT_PERCENT:-0} >= 100)) || skip "four programs at once on another driver than PoCL: in the long version only"
for program in tinygrad leela_zero hashcat matmul; do "need_$program"; done
for program in tinygrad leela_zero hashcat matmul; do same_result "$program"; done
shares_of 20 hashcat 40 leela_zero 30 tinygrad 20 matmul 10
