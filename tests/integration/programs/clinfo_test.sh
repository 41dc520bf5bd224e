#!/usr/bin/env bash
# clinfo shows in a slice what it shows bare, except what api/hooks/opencl.def withholds; with a quota, a device of that size.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh" "$1"
need clinfo
need python3
compare="$FLEXAI_SOURCE_DIR/tests/integration/opencl_layer/compare_clinfo.py"
definition="$FLEXAI_SOURCE_DIR/api/hooks/opencl.def"

bare clinfo --raw >"$work/bare"
sliced 30 clinfo --raw >"$work/sliced"
# A driver without any withheld extension is compared all the same: compare_clinfo only doubts that the layer was there.
if ! python3 "$compare" "$definition" "$work/bare" "$work/sliced" >"$work/verdict" 2>&1; then
  grep -q 'no extension was withheld' "$work/verdict" || { cat "$work/verdict" >&2 && fail "clinfo in a slice"; }
  same_output clinfo "$work/bare" "$work/sliced"
fi
cat "$work/verdict"

timeout "$watchdog" "$flexai" run --xpu "$xpu" --cores 30 --memory 512Mi -- clinfo --raw >"$work/quota"
grep -q "CL_DEVICE_GLOBAL_MEM_SIZE  *$((512 << 20))\$" "$work/quota" || fail "the device is not as large as its quota"

two_at_a_time clinfo --raw
same_output "clinfo at 70 %" "$work/sliced" "$work/70"
same_output "clinfo at 30 %" "$work/sliced" "$work/30"
