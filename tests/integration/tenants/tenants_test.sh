#!/usr/bin/env bash
# Tenants of several processes: one slice, one quota, one share.   tenants_test.sh DRIVER
. "$(dirname "${BASH_SOURCE[0]}")/../programs/support.sh" "$1"
python="${FLEXAI_TEST_PYTHON:-}"
if [[ -z "$python" ]] || ! "$python" -c 'import pyopencl' 2>/dev/null; then
  skip "no Python with pyopencl (tools/install-packages python)"
fi
program="$(dirname "${BASH_SOURCE[0]}")/processes.py"
export PYTHONWARNINGS=ignore # Intel's compiler talks
quota=$((64 << 20)) piece=$((4 << 20))

# account NAME EXPRESSION: of the living slice s
account() {
  "$flexai" slice ls "$1" -o json --interval 0.1 >"$work/ls"
  python3 -c 'import json,sys; s=json.load(open(sys.argv[1]))["slices"][0]; print(eval(sys.argv[2]))' "$work/ls" "$2"
}
# past NAME EXPRESSION: of the slice h, running or ended
past() {
  "$flexai" slice ls "$1" --history -o json >"$work/ls"
  python3 -c 'import json,sys; h=json.load(open(sys.argv[1]))["slices"][-1]; print(eval(sys.argv[2]))' "$work/ls" "$2"
}
is() { # WHAT FOUND WANTED
  [[ "$2" == "$3" ]] || fail "$1: $2, not $3"
}
one_account='sum(p["device_time_ns"] for p in s["processes"]) == s["device_time_ns"], sum(p["memory_held_bytes"] for p in s["processes"]) == s["memory_held_bytes"], all(p["device_time_ns"] > 0 for p in s["processes"])'
# A slice whose cap is its guarantee: what was asked for is what the cap allowed, but for one period of it and what was in flight when it ran out.
within_cap='h["device_time_ns"] <= h["asked_time_ns"] + 100 * 10**6'
lines() { (($(wc -l <"$1") >= $2)); }
ended() { is_ended="$(past "$1" 'h["state"]')" && [[ "$is_ended" == ended ]]; }

# workers MODE PROCESSES: three workers, and the parent where it computes too
workers() {
  local mode="$1" processes="$2" run held fits
  mkfifo "$work/$mode.orders"
  "$flexai" run --xpu "$xpu" --name "$mode" --cores 40 --memory 64Mi -- "$python" "$program" "$mode" 3 <"$work/$mode.orders" >"$work/$mode.said" &
  run=$!
  exec 9>"$work/$mode.orders"
  wait_for "$mode: the workers" lines "$work/$mode.said" 1
  is "$mode: processes in the slice" "$(account "$mode" 'len(s["processes"])')" "$processes"
  is "$mode: device time and memory are the sums, and everybody worked" "$(account "$mode" "$one_account")" "(True, True, True)"

  held="$(account "$mode" 's["memory_held_bytes"]')"
  fits=$(((quota - held) / piece))
  echo take >&9
  wait_for "$mode: taking memory" lines "$work/$mode.said" 2
  is "$mode: one quota" "$(tail -n 1 "$work/$mode.said")" "given $fits refused $processes"
  is "$mode: held" "$(account "$mode" 's["memory_held_bytes"]')" $((held + fits * piece))

  echo work >&9
  wait_for "$mode: working on" lines "$work/$mode.said" 3
  is "$mode: one share" "$(account "$mode" "$one_account")" "(True, True, True)"
  exec 9>&-
  wait "$run" || fail "$mode: ended with $?"
  is "$mode: afterwards" "$(past "$mode" 'h["state"], h["memory_peak_bytes"] <= 64 << 20, h["memory_refusals"] >= '"$processes, $within_cap")" "('ended', True, True, True)" # pyopencl asks more than once
  echo "  $mode: $processes processes, $fits pieces, $(past "$mode" 'h["device_time_ns"] // 1000') us of device time, $(past "$mode" 'h["asked_time_ns"] // 1000') us asked for"
}
workers spawn 3
workers fork 3
workers exec 3
workers server 4

# Two programs in a pipeline: the same result as bare, both counted at the same time; and where only one fits, the other is refused.
pipeline=(sh -c '"$0" "$1" produce | "$0" "$1" consume' "$python" "$program")
bare "${pipeline[@]}" >"$work/bare"
timeout -k 5 "$watchdog" "$flexai" run --xpu "$xpu" --name pipeline --cores 40 --memory 64Mi -- "${pipeline[@]}" >"$work/sliced"
same_output "a pipeline" "$work/bare" "$work/sliced"
is "a pipeline" "$(past pipeline 'h["memory_peak_bytes"] >= 16 << 20, h["device_time_ns"] > 0, '"$within_cap")" "(True, True, True)"
timeout -k 5 "$watchdog" "$flexai" run --xpu "$xpu" --name narrow --cores 40 --memory 12Mi -- "${pipeline[@]}" >"$work/narrow" 2>"$work/narrow.errors" || true
is "a pipeline with room for one" "$(past narrow 'h["memory_refusals"] > 0, h["memory_peak_bytes"] <= 12 << 20')" "(True, True)"
grep -q 'sum' "$work/narrow" && cmp -s "$work/narrow" "$work/bare" && fail "a pipeline with room for one computed as if both had fitted"

# A program that leaves: the run returns at once, and it stays in the slice, limited, until it ends.
mkfifo "$work/daemon.orders" "$work/daemon.answers"
timeout -k 5 "$watchdog" "$flexai" run --xpu "$xpu" --name daemon --cores 20 --memory 16Mi -- "$python" "$program" daemon "$work/daemon.orders" "$work/daemon.answers" first ||
  fail "the run of a program that leaves ended with $?"
exec 8<>"$work/daemon.answers" 9<>"$work/daemon.orders"
answer() { read -r -t "$watchdog" reply <&8 || fail "the program that left does not answer"; }
answer
is "who left is in the slice" "$(account daemon 'len(s["processes"]), s["request_permille"], s["limit_permille"]')" "(1, 200, 200)"
before="$(account daemon 's["device_time_ns"]')"
echo work >&9
answer
is "who left is charged" "$(account daemon "s['device_time_ns'] > $before")" True
held="$(account daemon 's["memory_held_bytes"]')"
echo take >&9
answer
is "who left is capped" "$reply" "given $((((16 << 20) - held) / piece)) refused 1"
status=0
timeout -k 5 "$watchdog" "$flexai" run --xpu "$xpu" --cores 81 -- true 2>"$work/errors" || status=$?
is "what it holds is nobody else's" "$status" 3
grep -q 'the slice daemon of' "$work/errors" || fail "the holder is not named: $(cat "$work/errors")"
echo quit >&9
wait_for "the end of the slice" ended daemon
is "who left, afterwards" "$(past daemon "$within_cap")" True

# The same, but it comes to the device when nothing of its slice is left: it sees none, never a whole one.
timeout -k 5 "$watchdog" "$flexai" run --xpu "$xpu" --name late --cores 20 -- "$python" "$program" daemon "$work/daemon.orders" "$work/daemon.answers" later \
  2>"$work/errors" || fail "the run of a program that leaves early ended with $?"
echo go >&9
answer
is "who comes too late" "$reply" "no devices"
grep -q "does not exist any more" "$work/errors" || fail "the reason is not said: $(cat "$work/errors")"
exec 8>&- 9>&-

# An empty environment would leave the slice: the run is ended.
mkfifo "$work/escape"
exec 9<>"$work/escape"
status=0
timeout -k 5 "$watchdog" "$flexai" run --xpu "$xpu" -- env -i OCL_ICD_VENDORS="$OCL_ICD_VENDORS" \
  "$build/tests/opencl_shell" <"$work/escape" >/dev/null 2>"$work/errors" &
run=$!
echo platforms >&9
wait "$run" || status=$?
exec 9>&-
is "a child with an empty environment" "$status" 4
grep -q 'outside its slice' "$work/errors" || fail "the reason is not said: $(cat "$work/errors")"
