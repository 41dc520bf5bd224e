#!/usr/bin/env bash
# What `flexai run` ends with, and what it passes to its program.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
install_fake gpu
run=("$flexai" run)

expect 0 "success" "${run[@]}" -- true
silent
expect 7 "the program's status" "${run[@]}" -- sh -c 'exit 7'
expect 143 "the program's signal" "${run[@]}" -- sh -c 'kill -TERM $$'
expect 137 "SIGKILL" "${run[@]}" -- sh -c 'kill -KILL $$'
expect 127 "not found" "${run[@]}" -- no-such-program
warns "flexai: no-such-program: No such file or directory"
touch "$work/plain"
expect 126 "not executable" "${run[@]}" -- "$work/plain"
warns "flexai: $work/plain: Permission denied"
expect 126 "a folder" "${run[@]}" -- "$work"
expect 0 "without the two dashes" "${run[@]}" --cores 30 echo --cores -x
[[ "$output" == "--cores -x" ]] || fail "the program's words"
printf 'in' | "$flexai" run -- cat >"$work/stdout" || fail "standard input"
[[ "$(cat "$work/stdout")" == in ]] || fail "standard input is the program's"

# A signal sent to flexai alone reaches the program, once.
cat >"$work/traps" <<'END'
#!/usr/bin/env bash
trap 'echo usr1' USR1
trap 'echo term; exit 5' TERM
echo ready
while :; do sleep 0.05; done
END
chmod +x "$work/traps"
"${run[@]}" -- "$work/traps" >"$work/said" &
running=$!
wait_until "the program's start" has_line "$work/said" ready
kill -USR1 "$running"
wait_until "SIGUSR1" has_line "$work/said" usr1
kill -TERM "$running"
status=0
wait "$running" || status=$?
[[ "$status" == 5 ]] || fail "the program's own end after SIGTERM: $status"
[[ "$(grep -c usr1 "$work/said")" == 1 ]] || fail "SIGUSR1 came more than once"

# Signals that a caller ignores stay ignored (nohup), and the mask is the caller's.
expect 0 "the program's signals" "${run[@]}" -- sh -c 'grep -E "Sig(Blk|Ign)" /proc/self/status'
says "SigBlk:	0000000000000000"
# The caller of this test may ignore signals itself: what arrives is compared with what was there.
# (Signals 32 and 33 are the C library's own, which it ignores as it likes.)
ignored_signals() { bash -c "trap '' HUP; exec $* grep SigIgn /proc/self/status"; }
own() { echo $((0x${1##*[[:space:]]} & ~0x180000000)); }
bare="$(own "$(ignored_signals)")"
sliced="$(own "$(ignored_signals "'$flexai' run --")")"
((bare & 1)) || fail "SIGHUP was to be ignored: $bare"
[[ "$sliced" == "$bare" ]] || fail "under nohup: other signals ignored than bare, $sliced and $bare"

# Orphans come to flexai and are reaped; what outlives the program does not hold flexai back.
expect 0 "orphans" "${run[@]}" -- bash -c '(sleep 0.05 &) ; (exec sleep 1000) >/dev/null 2>&1 & echo $!'
survivor="$output"
kill -0 "$survivor" || fail "a process that outlives the program was ended"
kill "$survivor"

# SIGKILL of flexai leaves the program alone, and the slice ends when both are gone.
"${run[@]}" --name kept -- sh -c 'echo $$; exec sleep 1000' >"$work/kept" &
running=$!
wait_until "the program's start" test -s "$work/kept"
program="$(cat "$work/kept")"
kill -KILL "$running"
await_killed "$running"
kill -0 "$program" || fail "the program ended with flexai"
kill "$program"
