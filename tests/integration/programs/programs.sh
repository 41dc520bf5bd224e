# shellcheck shell=bash disable=SC2154
# Programs that other people wrote, each as functions that tests of one program or of several at once use. Sourced after support.sh.
#
#   need_NAME              skips the test where the program is not there, and makes the files that it needs
#   work_of_NAME COMMAND…  starts it by that command (bare, sliced 30). First it does work with a known result; then, with `seconds` above 0, it goes on
#                          for about so long
#   at_work[NAME]          what it prints once it goes on
#   result_of_NAME FILE    the part of its output that depends neither on speed nor on how long it goes on

here="$(dirname "${BASH_SOURCE[0]}")"
seconds=0
declare -A at_work=([hashcat]='^Status\.*: Running' [leela_zero]='^= Leela Zero' [tinygrad]='^tested' [matmul]='^progress')

# hashcat: the MD5 of a word of which the mask is known, and one that nobody finds. It keeps kernels and sessions in its own folders.
need_hashcat() {
  need hashcat
  export XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="$build/tests/$driver-cache"
  mkdir -p "$XDG_DATA_HOME" "$XDG_CACHE_HOME"
  printf 'kite7' | md5sum | cut -d' ' -f1 >"$work/hashes"
  echo ffffffffffffffffffffffffffffffff >>"$work/hashes"
  printf '%s\n' '?l?l?l?l?d' >"$work/short.hcmask"
  printf '%s\n' '?l?l?l?l?d' '?a?a?a?a?a?a?a?a' >"$work/long.hcmask"
}
work_of_hashcat() {
  local masks=short status=0
  local more=()
  ((seconds == 0)) || masks=long more=(--runtime "$seconds" --status --status-timer 1)
  "$@" hashcat --hash-type 0 --attack-mode 3 --optimized-kernel-enable --potfile-disable --session "$BASHPID" "${more[@]}" \
    "$work/hashes" "$work/$masks.hcmask" </dev/null || status=$?
  # 1: all was tried, 4: the time is over. One of the two hashes is not to be found.
  ((status == 1 || status == 4))
}
result_of_hashcat() { grep -aoE '[0-9a-f]{32}:[[:print:]]+' "$1"; }

# leela-zero: a network without training, its kernels tuned beforehand. It plays two moves of a fixed number of playouts, then thinks for a time.
leela_zero=/usr/games/leelaz
need_leela_zero() {
  need clinfo
  need python3
  [[ -x "$leela_zero" ]] || skip "leela-zero is not installed (tools/install-packages test)"
  local device
  device="$(clinfo --raw | sed -nE 's/^\[[^]]*\] +CL_DEVICE_(VENDOR|NAME|MAX_CLOCK_FREQUENCY) +//p' | awk '
    NR == 1 { name = $0 } NR == 2 { vendor = $0 } NR == 3 { print vendor " " name " @ " $0 "MHz" }')"
  mkdir -p "$work/home/.local/share/leela-zero"
  python3 "$FLEXAI_SOURCE_DIR/examples/with/leela_zero_files.py" "$work/network" "$work/home/.local/share/leela-zero/leelaz_opencl_tuning" "$device"
}
work_of_leela_zero() {
  {
    printf '%s\n' 'lz-setoption name playouts value 60' heatmap 'genmove b' 'genmove w' name
    ((seconds == 0)) || printf '%s\n' 'lz-setoption name playouts value 0' "time_settings 0 $((seconds + 1)) 1" 'genmove b'
    echo quit
  } >"$work/commands-$seconds"
  HOME="$work/home" "$@" "$leela_zero" --gtp --weights "$work/network" --gpu 0 --precision single --threads 1 --noponder --seed 7 --resignpct 0 \
    <"$work/commands-$seconds"
}
# What it thinks of the empty board, and for each of the two moves what it looked at: visits, values, lines of play. Not how fast, nor what it says once a while.
result_of_leela_zero() {
  if grep -q 'Started OpenCL SGEMM tuner' "$1"; then fail "leela-zero does not know the tuning that leela_zero_files.py wrote for it"; fi
  sed -nE '/^Setting max tree size/,/^= Leela Zero/{
    /^(Setting|Playouts|Thinking)/d
    s/, [0-9]+ n\/s$//
    p
  }' "$1"
}

# tinygrad: a hundred steps of training, and what the network says then of every test image.
python="${FLEXAI_TEST_PYTHON:-}"
need_tinygrad() {
  if [[ -z "$python" ]] || ! "$python" -c 'import tinygrad' 2>/dev/null; then
    skip "no Python with tinygrad (tools/install-packages python)"
  fi
  export DEV=CL CACHEDB="$build/tests/tinygrad-$driver.db"
}
work_of_tinygrad() {
  local length=(--jobs 100)
  ((seconds == 0)) || length=(--seconds "$seconds" --test-after 100)
  "$@" "$python" "$FLEXAI_SOURCE_DIR/examples/with/tinygrad_digits.py" "$FLEXAI_SOURCE_DIR/examples/digits/digits.txt" "${length[@]}"
}
result_of_tinygrad() { grep '^tested jobs=100 ' "$1" | head -n 1; }

# The matrix products of examples/, as a partner that always wants more.
need_matmul() { [[ -x "$build/bin/flexai-example-matmul" ]] || skip "the examples were not built (no OpenCL loader to link with)"; }
work_of_matmul() { "$@" "$build/bin/flexai-example-matmul" --seconds "$((seconds > 0 ? seconds : 1))"; }
result_of_matmul() { grep -o 'wrong=0' "$1"; }

# same_result PROGRAM: bare and in a slice; the output of bare is in $work/PROGRAM.bare.
same_result() {
  "work_of_$1" bare >"$work/$1.bare" 2>&1 || fail_with "$work/$1.bare" "$1, bare, ended with $?"
  "work_of_$1" sliced 40 >"$work/$1.sliced" 2>&1 || fail_with "$work/$1.sliced" "$1, in a slice, ended with $?"
  compare_result "$1" "$work/$1.sliced"
}

# compare_result PROGRAM FILE: with what it said bare.
compare_result() {
  "result_of_$1" "$work/$1.bare" >"$work/expected" || fail_with "$work/$1.bare" "$1, bare, has no result"
  "result_of_$1" "$2" >"$work/found" || fail_with "$2" "$1, in a slice, has no result"
  same_output "$1" "$work/expected" "$work/found"
}

fail_with() {
  tail -n 20 "$1" >&2
  fail "$2"
}

# shares_of SECONDS PROGRAM CORES [PROGRAM CORES]…: all at once. While all are at work each has its share; all end well with the results that they had bare
# (same_result came before).
shares_of() {
  local seconds="$1" try i
  shift
  for try in 1 2; do
    local programs=() pids=() named=()
    for ((i = 1; i < $#; i += 2)); do
      local program="${!i}" cores_at=$((i + 1))
      local cores="${!cores_at}" name
      name="${program//_/-}-$try"
      "work_of_$program" timeout -k 5 "$watchdog" "$flexai" run --xpu "$xpu" --cores "$cores" --name "$name" -- >"$work/$program" 2>&1 &
      pids+=("$!") programs+=("$program") named+=("$name" "$cores")
    done
    for program in "${programs[@]}"; do wait_for "$program is at work" grep -aqE "${at_work[$program]}" "$work/$program"; done
    "$flexai" smi --interval 3 -o json >"$work/smi"
    for i in "${!programs[@]}"; do wait "${pids[$i]}" || fail_with "$work/${programs[$i]}" "${programs[$i]}, beside others, ended with $?"; done
    for program in "${programs[@]}"; do compare_result "$program" "$work/$program"; done
    echo "  load of the machine: $(cut -d' ' -f1 /proc/loadavg)"
    if python3 "$here/check_shares.py" "$work/smi" "${named[@]}"; then return; fi
  done
  fail "shares are more than 5 points off, twice"
}
