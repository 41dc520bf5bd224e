#!/usr/bin/env bash
# hashcat finds the same word in a slice as bare; beside matrix products each has its share.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh" "$1"
. "$(dirname "${BASH_SOURCE[0]}")/programs.sh"
long_version=no
((${FLEXAI_REPEAT_PERCENT:-0} < 100)) || long_version=yes
[[ "$driver" != rusticl || "$long_version" == yes ]] || skip "rusticl compiles hashcat's kernels anew for half a minute each time: in the long version only"
need_hashcat
need_matmul

same_result hashcat
grep -q ':kite7$' "$work/found" || fail "hashcat did not find the word"
cat "$work/found"
same_result matmul
[[ "$driver" == pocl || "$long_version" == yes ]] || exit 0
shares_of 10 hashcat 70 matmul 30
