#!/usr/bin/env bash
# A27: what is shown as used is between nothing and all, what slices use adds up to the card, a whole card's slice shows its work, and who does nothing shows
# nothing.   A27_ratios_test.sh DRIVER
. "$(dirname "${BASH_SOURCE[0]}")/../programs/support.sh" "$1"
[[ -x "$build/tests/opencl_load" ]] || skip "there is no OpenCL loader to link with (tools/install-packages)"
platform="$(case "$driver" in pocl) echo Portable ;; intel) echo Intel ;; *) echo rusticl ;; esac)"

declare -A to run
start() { # NAME CORES
  mkfifo "$work/$1"
  "$flexai" run --xpu "$xpu" --name "$1" --cores "$2" -- "$build/tests/opencl_load" "$platform" 1000000 async <"$work/$1" >"$work/$1.said" &
  run[$1]=$!
  exec {descriptor}>"$work/$1"
  to[$1]=$descriptor
  wait_for "$1 is ready" grep -q '^ready' "$work/$1.said"
}
tell() { echo "$2" >&"${to[$1]}"; }
# look EXPRESSION: of m, by slice the permille measured over the last half second, and of d, the document
look() {
  "$flexai" smi --interval 0.5 -o json >"$work/smi"
  python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
slices = [s for x in d["xpus"] for s in x["slices"]]
m = {s["name"]: s["measured"]["permille"] for s in slices}
print(eval(sys.argv[2]))' "$work/smi" "$1"
}
shows() { [[ "$(look "$1")" == True ]] || fail "$1: $(cat "$work/smi")"; }
until_it_shows() { wait_for "$1" is_shown "$1"; }
is_shown() { [[ "$(look "$1")" == True ]]; }
# A command in flight at either end belongs to the interval in which it ended: 1 ms kernels, a window of some 8 ms, in 500.
all=1020

start whole 100
shows 'm["whole"] == 0'
tell whole go
until_it_shows 'm["whole"] > 0'
for _ in 1 2 3; do shows "0 < m['whole'] <= $all"; done
tell whole stop
wait "${run[whole]}" || fail "whole: ended with $?"

start big 60
start small 40
tell big go
tell small go
until_it_shows 'm["big"] > 0 and m["small"] > 0'
for _ in 1 2 3; do shows "0 < m['big'] and 0 < m['small'] and m['big'] + m['small'] <= $all"; done
tell small stop
wait "${run[small]}" || fail "small: ended with $?"
shows "'small' not in m and m['big'] <= $all"
tell big stop
wait "${run[big]}" || fail "big: ended with $?"

# Idle while it lives: the second look after its last kernel shows nothing.
mkfifo "$work/idle"
"$flexai" run --xpu "$xpu" --name idle --cores 50 -- sh -c '"$0" "$1" 1000000 async <<END
go
50
END
echo done; cat' "$build/tests/opencl_load" "$platform" <"$work/idle" >"$work/idle.said" &
run[idle]=$!
exec {descriptor}>"$work/idle"
wait_for "its kernels have ended" grep -q '^done$' "$work/idle.said"
shows '"idle" in m'
shows 'm["idle"] == 0'
exec {descriptor}>&-
wait "${run[idle]}" || fail "idle: ended with $?"
"$flexai" slice ls --history -o json >"$work/history"
python3 -c '
import json, sys
for s in json.load(open(sys.argv[1]))["slices"]:
    assert 0 < s["device_time_ns"] and 0 <= s["idle_booked_time_ns"] <= s["asked_time_ns"], s' "$work/history" || fail "the history: $(cat "$work/history")"
