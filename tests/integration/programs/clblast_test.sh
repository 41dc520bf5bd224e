#!/usr/bin/env bash
# CLBlast's sgemm gives bit for bit the same in a slice as bare, right against the CPU, and two at a time have their shares.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh" "$1"
client="$build/tests/clblast_client"
[[ -x "$client" ]] || skip "CLBlast was not there when this was built (libclblast-dev, tools/install-packages test)"
need python3
# llvmpipe has no fast arithmetic: shorter products, so that a few seconds hold many of them.
inner=256
[[ "$driver" == rusticl ]] && inner=32

bare "$client" 0 "$inner" >"$work/bare"
sliced 40 "$client" 0 "$inner" >"$work/sliced"
same_output "sgemm" "$work/bare" "$work/sliced"
grep '^sgemm' "$work/bare"
shares_of_two "$client" 7 "$inner"
