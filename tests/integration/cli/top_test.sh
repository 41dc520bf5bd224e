#!/usr/bin/env bash
# top in a real terminal (tmux): real programs in slices, keys that change them, windows of every size, and a terminal that is given back on every way out.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
need_no_card
need tmux
need python3
[[ -e /etc/OpenCL/vendors/pocl.icd ]] || skip "PoCL is not installed"
cp /etc/OpenCL/vendors/pocl.icd "$work/vendors/"
# Compiled kernels outlive a test; one thread for the device, so that others have a core.
export POCL_CACHE_DIR="$build/tests/pocl-cache" POCL_AFFINITY=1 POCL_MAX_PTHREAD_COUNT=1
watchdog=60

end_all() {
  in_tmux kill-server 2>/dev/null || true
  "$flexai" slice rm --kill batch training late >/dev/null 2>&1 || true
  cleanup
}
trap end_all EXIT
in_tmux() { tmux -S "$work/tmux" -f /dev/null "$@"; }

# What is on the screen now; what it says about the terminal.
pane() { in_tmux capture-pane -p -t top; }
pane_has() { pane | grep -qF -- "$1"; }
pane_lacks() { ! pane_has "$1"; }
pane_is() { [[ "$(in_tmux display-message -p -t top "#{$1}")" == "$2" ]]; }
see() { # TEXT; what is there stays in $output, for those who wait in vain
  output="$(pane)"
  [[ "$output" == *"$1"* ]]
}
shows() { wait_until "the screen to show: $1" see "$1"; }
press() { in_tmux send-keys -t top "$@"; }
type_in() {
  press -l "$1"
  press Enter
}

slices() { "$flexai" slice ls -o json --interval 0.1; }
# slice_is NAME EXPRESSION: true for its document s.
slice_is() { slices | python3 -c 'import json,sys; s=next(s for s in json.load(sys.stdin)["slices"] if s["name"]==sys.argv[1]); sys.exit(not eval(sys.argv[2]))' "$@"; }
hold() { # NAME OPTION…: a program at work in a slice
  local name="$1"
  shift
  "$flexai" run --name "$name" "$@" -- "$build/bin/flexai-example-matmul" --seconds 240 >"$work/$name.said" 2>&1 &
  wait_until "$name at work" has_line "$work/$name.said" "^progress"
}

# Without slices, and not on a terminal: a frame and the end.
expect 0 "a frame" "$flexai" top
says "pocl-0  cpu"
says "1 XPU  0 slices"
silent
refuses 2 "is no count" "$flexai" top -n many
refuses 2 "is no time to measure" "$flexai" top -d 0

hold batch --cores 40:100 --memory 1Gi
hold training --cores 30
expect 0 "a frame with slices" "$flexai" top --once -d 0.2
says "1 XPU  2 slices"
says "  a batch"
says "40:100"
says "of 1Gi"
expect 0 "frames as documents" "$flexai" top -o json -n 2 -d 0.1
[[ "$(wc -l <"$work/stdout")" == 2 ]] || fail "not a document per line"
python3 -c 'import json,sys
for line in sys.stdin:
  d=json.loads(line)
  assert d["schema"]=="flexai.top/1" and d["unix_s"]>0 and len(d["xpus"][0]["slices"])==2, d' <<<"$output"
LC_ALL=C expect 0 "a frame in ASCII" "$flexai" top -d 0.1
says "[a"
LC_ALL=C grep -q '[^ -~]' "$work/stdout" && fail "more than ASCII in the C locale"

# A person at a terminal. The shell's own settings are compared before and after.
in_tmux new-session -d -s top -x 130 -y 20 "bash --norc --noprofile"
begin() { # WORDS…: top with them
  type_in "stty -g >'$work/before'; $* '$flexai' top -d 0.1"
  shows "> a batch"
  pane_is alternate_on 1 || fail "top is not on the alternate screen"
  pane_is cursor_flag 0 || fail "top shows a cursor"
}
given_back() { # WHAT: top ended well and left the terminal as it was
  wait_until "the shell's screen after $1" pane_is alternate_on 0
  type_in "echo status-\$?-''end; stty -g >'$work/after'"
  shows "status-0-end"
  wait_until "the settings after $1" test -s "$work/after"
  cmp -s "$work/before" "$work/after" || fail "$1: the terminal's settings are not what they were"
  pane_is cursor_flag 1 || fail "$1: the cursor was left hidden"
  pane_lacks "q quit" || fail "$1: the picture was left behind"
  rm "$work/after"
  type_in clear
  wait_until "a clean screen" pane_lacks "status-0-end"
}
top_pid() { pgrep -P "$(in_tmux display-message -p -t top '#{pane_pid}')" -x flexai; }

begin
shows "PROCESSES"
shows "█"
shows "every 0.1 s  by name"

# Changes go through admission, and are seen here and elsewhere.
press +
shows "batch: cores 40:100 → 45:100"
slice_is batch 's["request_permille"]==450 and s["limit_permille"]==1000' || fail "+ changed something else"
press p
shows "batch: priority normal → high"
slice_is batch 's["priority"]=="high"' || fail "p changed something else"
press m
shows "memory of batch (now 1Gi):"
type_in 512Mi
shows "of 512Mi"
slice_is batch 's["memory_reserved_bytes"]==512<<20' || fail "m changed something else"
press c
type_in 90
shows "pocl-0 has 70% of its compute left to guarantee, 90% are asked for; the slice training"
slice_is batch 's["request_permille"]==450' || fail "a refused change took place"
press c
type_in lots
shows "is no share"
press Escape
wait_until "the line is given up" pane_lacks "cores of batch"
press Down
shows "> b training"
press m
type_in 1Gi
shows "began without --memory"
press -
shows "training: cores 30 → 25"
slice_is training 's["request_permille"]==250 and s["limit_permille"]==250' || fail "- changed something else"

# A slice that begins while we look.
hold late --cores 5
shows "c late"

# Frozen: the picture stays though the machine goes on, and takes keys.
press f
shows "FROZEN"
"$flexai" slice set training --cores 20
press s
shows "by measured"
pane | grep -q "b training .* 25  " || fail "a frozen picture changed"
press +
shows "the picture is frozen"
press f
wait_until "the picture to go on" pane_lacks FROZEN
trained() { pane | grep -q "b training .* 20  "; }
wait_until "the change made meanwhile" trained

# Windows.
in_tmux resize-window -t top -x 60 -y 12
wait_until "fewer columns" pane_lacks PROCESSES
shows "MEASURED"
shows "b training"
in_tmux resize-window -t top -x 30 -y 5
shows "flexai top needs a window"
in_tmux resize-window -t top -x 140 -y 24
shows "PROCESSES"
press '?'
shows "freeze the picture"
press x
wait_until "the picture" pane_lacks "freeze the picture"

# Stopped and continued.
press C-z
shows "Stopped"
pane_is alternate_on 0 || fail "Ctrl-Z: the alternate screen was left on"
pane_is cursor_flag 1 || fail "Ctrl-Z: the cursor was left hidden"
type_in fg
shows "> b training"
pane_is alternate_on 1 || fail "fg: not on the alternate screen"

press q
given_back "q"
for signal in TERM INT HUP; do
  begin
  kill "-$signal" "$(top_pid)"
  given_back "SIG$signal"
done
begin
press C-c
given_back "Ctrl-C"

# Neither colour nor more than ASCII where that is asked for.
begin NO_COLOR=1 LC_ALL=C
shows "[a"
pane_lacks "█" || fail "blocks in the C locale"
in_tmux capture-pane -p -e -t top | grep -q $'\x1b\\[3[0-9]m' && fail "colour with NO_COLOR"
press q
given_back "q"
type_in "TERM=dumb '$flexai' top; echo status-\$?-''end"
shows "this terminal cannot be drawn on"
shows "status-1-end"
