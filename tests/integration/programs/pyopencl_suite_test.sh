#!/usr/bin/env bash
# pyopencl's own tests: each passes, fails or skips in a slice as it does bare. The part about arrays and algorithms compiles for minutes: in the long version.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh" "$1"
python="${FLEXAI_TEST_PYTHON:-}"
if [[ -z "$python" ]] || ! "$python" -c 'import pyopencl, pytest, mako' 2>/dev/null; then
  skip "no Python with pyopencl and pytest (tools/install-packages python)"
fi
tests="$("$python" -c 'import sys; print(sys.prefix)')/pyopencl-test"
[[ -d "$tests" ]] || skip "pyopencl's tests are not there (tools/install-packages python)"

files=(test_wrapper.py test_enqueue_copy.py test_arrays_in_structs.py test_clrandom.py)
if ((${FLEXAI_REPEAT_PERCENT:-0} >= 100)); then
  files=(.)
  watchdog=3600
fi
# suite LAUNCHER…: its status is 1 when a test fails, which bare it may.
suite() { (cd "$tests" && "$@" "$python" -m pytest -q -rA -p no:cacheprovider --color no "${files[@]}") || (($? == 1)); }
# Each test with its outcome, without the reason; some reasons hold addresses.
outcomes() { sed -nE '/^(PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) /{ s/ - .*//; s/ at 0x[0-9a-f]+//g; p; }' "$1" | sort; }

suite bare >"$work/bare" 2>&1 || { tail -n 20 "$work/bare" >&2 && fail "pyopencl's tests do not run bare"; }
suite sliced 40 >"$work/sliced" 2>&1 || { tail -n 20 "$work/sliced" >&2 && fail "pyopencl's tests do not run in a slice"; }
outcomes "$work/bare" >"$work/expected"
outcomes "$work/sliced" >"$work/found"
(($(grep -c '^PASSED' "$work/expected") >= 40)) || fail "fewer than 40 of pyopencl's tests pass bare"
same_output "pyopencl's tests" "$work/expected" "$work/found"
tail -n 1 "$work/sliced"
