#!/usr/bin/env bash
# clpeak runs through in a slice, alone and two at a time: every figure is there and is a number. The figures themselves are what a smaller card gives.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh" "$1"
need clpeak

# What is measured, without how much: "float4 : <number>".
figures() { sed -E 's/[0-9]+(\.[0-9]+)?/<number>/g' "$1"; }
same_figures() {
  figures "$2" >"$work/expected"
  figures "$3" >"$work/found"
  same_output "$1" "$work/expected" "$work/found"
}

# The other figures take minutes on a CPU: in the long version only.
what=(--kernel-latency)
if ((${FLEXAI_REPEAT_PERCENT:-0} >= 100)); then
  what+=(--compute-sp --transfer-bandwidth)
  watchdog=900
fi
bare clpeak "${what[@]}" >"$work/bare"
grep -q 'Kernel launch latency : [0-9]' "$work/bare" || fail "clpeak measures nothing here"
sliced 50 clpeak "${what[@]}" >"$work/sliced"
same_figures "clpeak at 50 %" "$work/bare" "$work/sliced"
two_at_a_time clpeak --kernel-latency
bare clpeak --kernel-latency >"$work/bare"
same_figures "clpeak at 70 %" "$work/bare" "$work/70"
same_figures "clpeak at 30 %" "$work/bare" "$work/30"
