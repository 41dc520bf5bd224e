#!/usr/bin/env bash
# A program that uses a driver without the layer ends the run with exit status 4; one that uses it through the layer does not.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
install_fake gpu
driver="$fakes/libfake_opencl_gpu.so"
opens="$fakes/opens_libraries"

refuses_run() {
  local text="$1"
  shift
  expect 4 "$*" "$flexai" run -- "$@"
  warns "flexai: pid "
  warns "$text"
  warns "; the run is ended"
}
refuses_run "(opens_libraries) uses $driver outside its slice: it opened the driver without an OpenCL loader" "$opens" "$driver"
refuses_run "its OpenCL loader did not load flexai's layer" "$opens" OPENCL_LAYERS= libOpenCL.so.1
# Deep down in the tree, in a session of its own, with an ended parent.
refuses_run "outside its slice" sh -c "(setsid '$opens' '$driver' &) ; exec sleep 1000"
# Everything in the run ends, not the guilty process alone.
expect 4 "the whole run" "$flexai" run -- sh -c "sleep 1000 & echo \$!; exec '$opens' '$driver'"
is_gone "$(grep -m1 '^[0-9]' <<<"$output")" || fail "a bystander outlived the run"

# Through the layer nothing is wrong: the program lives on, past the looks at it, until it is told to end.
"$flexai" run -- "$opens" libOpenCL.so.1 >"$work/said" 2>"$work/stderr" &
running=$!
wait_until "the program's start" has_line "$work/said" opened
# Another driver's opening makes flexai look again: it has seen this program before it ends the next.
expect 4 "beside it" "$flexai" run -- "$opens" "$driver"
kill -0 "$running" || fail "an enforced program was ended: $(cat "$work/stderr")"
kill -TERM "$running"
status=0
wait "$running" || status=$?
[[ "$status" == 143 ]] || fail "an enforced program ended with $status: $(cat "$work/stderr")"

# flexai's own look at the drivers is no use of them.
expect 0 "smi in a slice" "$flexai" run -- "$flexai" smi
says "$card"
