#!/usr/bin/env bash
# pyopencl, with the loader its wheel carries: arrays, reductions, scans and random numbers are the same in a slice as bare, and two at a time have their shares.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh" "$1"
python="${FLEXAI_TEST_PYTHON:-}"
if [[ -z "$python" ]] || ! "$python" -c 'import pyopencl' 2>/dev/null; then
  skip "no Python with pyopencl (tools/install-packages python)"
fi
client="$(dirname "${BASH_SOURCE[0]}")/pyopencl_client.py"

bare "$python" "$client" 0 >"$work/bare"
sliced 40 "$python" "$client" 0 >"$work/sliced"
same_output "pyopencl" "$work/bare" "$work/sliced"
cat "$work/bare"
shares_of_two "$python" "$client" 7
