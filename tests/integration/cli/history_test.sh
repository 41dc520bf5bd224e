#!/usr/bin/env bash
# slice ls --history: slices that run and slices that ended, what each asked for, used and left idle.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
need python3
install_fake gpu

read_json() { python3 -c 'import json,sys; d=json.load(sys.stdin); s={x["name"]: x for x in d["slices"]}; print(eval(sys.argv[1]))' "$1" <<<"$output"; }
expect_json() { [[ "$(read_json "$1")" == "$2" ]] || fail "$1 is $(read_json "$1"), not $2"; }
history() { expect 0 "the history" "$flexai" slice ls --history -o json; }

expect 0 "no region yet" "$flexai" slice ls --history
says "none is remembered"
refuses 2 "give one of them" "$flexai" slice ls --history --interval 1

# One that ended, one that runs: the card's driver is not asked for it, only the region.
expect 0 "the first" "$flexai" run --name first --cores 40 --memory 1Gi -- sh -c 'exit 0'
mkfifo "$work/hold"
"$flexai" run --name second --cores 20 -- sh -c "echo held; cat <'$work/hold'" >"$work/said" 2>&1 &
wait_until "the second" has_line "$work/said" held
rm "$work/vendors/gpu.icd"
history
expect_json 'd["schema"]' "flexai.history/1"
expect_json '[x["name"] for x in d["slices"]]' "['first', 'second']"
expect_json 's["first"]["state"], s["second"]["state"]' "('ended', 'running')"
expect_json 's["first"]["command"]' "sh -c exit 0"
expect_json 's["first"]["ended_unix_s"] >= s["first"]["created_unix_s"]' True
expect_json 's["second"]["ended_unix_s"]' None
expect_json 's["first"]["memory_reserved_bytes"]' $((1 << 30))
expect_json 's["first"]["asked_time_ns"] - 2000 <= s["first"]["idle_booked_time_ns"] > 0' True
expect_json 's["first"]["device_time_ns"]' 0
expect_json 'all(0 <= x["idle_booked_time_ns"] <= x["asked_time_ns"] for x in d["slices"])' True

expect 0 "a table" "$flexai" slice ls --history
says "ASKED"
says "running"
expect 0 "wide" "$flexai" slice ls --history -o wide
says "REFUSED"
expect 0 "one of them" "$flexai" slice ls --history first
[[ "$output" != *$'\nsecond '* ]] || fail "a slice that was not asked for is listed"
refuses_lookup() { expect 1 "a name nobody had" "$flexai" slice ls --history third && warns "no slice third is remembered"; }
refuses_lookup
expect 0 "the ordinary listing has living ones only" "$flexai" slice ls --interval 0.1 -o json
[[ "$output" != *'"first"'* ]] || fail "an ended slice is listed as if it ran"

# A live change continues the sum with the new slope.
history
asked="$(read_json 's["second"]["asked_time_ns"]')"
expect 0 "a change" "$flexai" slice set second --cores 90
history
expect_json "s['second']['asked_time_ns'] >= $asked and s['second']['request_permille'] == 900" True

# `flexai run` is killed, and its program with it: who looks next ends the slice, and the history has it.
kill -KILL %1
await_killed %1
ended() { history && [[ "$(read_json 's["second"]["state"]')" == ended ]]; }
: >"$work/hold" &
wait_until "the end of the second" ended
install_fake gpu

# More slices than slots: the newest stay.
for i in $(seq 1 130); do expect 0 "slice $i" "$flexai" run --name "many-$i" -- true; done
history
expect_json 'len(d["slices"])' 128
expect_json '"first" in s, "second" in s, "many-2" in s, "many-3" in s, "many-130" in s' "(False, False, False, True, True)"

# Unknown is null: a region in which an older version admitted the share (it leaves what came later as it was).
python3 - "$work/runtime/xpu-$card.quota" <<'END'
import struct, sys
with open(sys.argv[1], "r+b") as file:
    for slot in range(128):
        file.seek(512 + slot * 256 + 200)
        asked, ended = struct.unpack("<II", file.read(8))
        file.seek(512 + slot * 256 + 200)
        file.write(struct.pack("<II", asked - 1, ended - 1))
END
history
expect_json '{(x["asked_time_ns"], x["idle_booked_time_ns"], x["ended_unix_s"]) for x in d["slices"]}' "{(None, None, None)}"
expect_json '{x["device_time_ns"] for x in d["slices"]}' "{0}"
expect 0 "a table" "$flexai" slice ls --history many-130
says " -  "

rm "$work/runtime/"xpu-*
expect 0 "the region is gone, and the history with it" "$flexai" slice ls --history
says "none is remembered"
