#!/usr/bin/env bash
# The release before (tests/integration/skew/previous) and this one in one region: its layer under our command line, ours under its, both at a time.
# It is built from the repository's history into build/skew/<commit>, once: the command line and the layer alone.
. "$(dirname "${BASH_SOURCE[0]}")/../programs/support.sh" pocl
need clinfo
need python3
need git
matmul="$build/bin/flexai-example-matmul"
[[ -x "$matmul" ]] || skip "the examples were not built (no OpenCL loader to link with)"

commit="$(grep -v '^#' "$FLEXAI_SOURCE_DIR/tests/integration/skew/previous")"
repository=(git -c "safe.directory=$FLEXAI_SOURCE_DIR" -C "$FLEXAI_SOURCE_DIR")
"${repository[@]}" cat-file -e "$commit^{commit}" 2>/dev/null || skip "the history does not reach back to ${commit:0:12} (a shallow clone, or none)"
cache="$(dirname "$build")/skew/${commit:0:12}"
if [[ ! -f "$cache/done" ]]; then
  rm -rf "$cache"
  mkdir -p "$cache/source"
  "${repository[@]}" archive "$commit" | tar -x -C "$cache/source"
  if ! { cmake -G Ninja -S "$cache/source" -B "$cache/build" -DCMAKE_BUILD_TYPE=Release &&
    cmake --build "$cache/build" --target flexai flexai_opencl; } >"$cache/log" 2>&1; then
    tail -n 30 "$cache/log" >&2
    fail "the release before cannot be built any more"
  fi
  touch "$cache/done"
fi

# mix FOLDER PROGRAM LAYER: an installation of parts of two releases; the program takes the layer that lies beside it.
mix() {
  mkdir -p "$work/$1/bin" "$work/$1/lib"
  cp "$2/bin/flexai" "$work/$1/bin/flexai"
  cp -L "$3/lib/libflexai_opencl.so" "$work/$1/lib/libflexai_opencl.so"
}
mix new "$build" "$build"
mix old "$cache/build" "$cache/build"
mix new-program "$build" "$cache/build"
mix old-program "$cache/build" "$build"
cmp -s "$work/new/lib/libflexai_opencl.so" "$work/old/lib/libflexai_opencl.so" &&
  echo "  the layer has not changed since ${commit:0:12}: only the command lines differ"

# A quota handed out by one release is kept by the layer of the other.
for parts in old new-program old-program; do
  timeout -k 5 "$watchdog" "$work/$parts/bin/flexai" run --xpu "$xpu" --cores 30 --memory 256Mi -- clinfo --raw >"$work/clinfo" 2>"$work/errors" ||
    { cat "$work/errors" >&2 && fail "$parts: a program in a slice ends with $?"; }
  [[ ! -s "$work/errors" ]] || { cat "$work/errors" >&2 && fail "$parts: warnings"; }
  grep -q "CL_DEVICE_GLOBAL_MEM_SIZE  *$((256 << 20))\$" "$work/clinfo" || fail "$parts: the device is not as large as the quota"
done

# together A B: one program by each, 70 and 30, on one XPU; who looks is the command line of either.
together() {
  local try look results
  for try in 1 2; do
    local ok=yes big="big-$1-$try" small="small-$2-$try"
    timeout -k 5 "$watchdog" "$work/$1/bin/flexai" run --xpu "$xpu" --cores 70 --name "$big" -- "$matmul" --seconds 30 >"$work/70" 2>&1 &
    local first=$!
    timeout -k 5 "$watchdog" "$work/$2/bin/flexai" run --xpu "$xpu" --cores 30 --name "$small" -- "$matmul" --seconds 30 >"$work/30" 2>&1 &
    local second=$!
    wait_for "the program of $1" grep -q '^progress' "$work/70"
    wait_for "the program of $2" grep -q '^progress' "$work/30"
    for look in old new; do
      "$work/$look/bin/flexai" smi --interval 2 -o json >"$work/smi-$look" || fail "smi of $look"
      python3 "$FLEXAI_SOURCE_DIR/tests/integration/programs/check_shares.py" "$work/smi-$look" "$big" 70 "$small" 30 || ok=no
    done
    # Each changes the other's slice and ends it.
    "$work/$2/bin/flexai" slice set "$big" --cores 60 --priority high || fail "$2 cannot change a slice of $1"
    "$work/$1/bin/flexai" slice set "$small" --cores 20 || fail "$1 cannot change a slice of $2"
    for look in old new; do
      "$work/$look/bin/flexai" slice ls -o json --interval 0.1 >"$work/slices"
      python3 - "$work/slices" "$big" 600 "$small" 200 <<'CHECK'
import json, sys
asked = {}
def walk(node):
    if isinstance(node, dict):
        if "name" in node and "request_permille" in node:
            asked[node["name"]] = node["request_permille"]
        for value in node.values():
            walk(value)
    elif isinstance(node, list):
        for value in node:
            walk(value)
walk(json.load(open(sys.argv[1])))
assert asked.get(sys.argv[2]) == int(sys.argv[3]) and asked.get(sys.argv[4]) == int(sys.argv[5]), asked
CHECK
    done
    wait "$first" || { cat "$work/70" >&2 && fail "the program of $1 ended with $?"; }
    wait "$second" || { cat "$work/30" >&2 && fail "the program of $2 ended with $?"; }
    for results in "$work/70" "$work/30"; do grep -q ' wrong=0' "$results" || fail "wrong results"; done
    if [[ "$ok" == yes ]]; then return; fi
  done
  fail "$1 and $2: shares are more than 5 points off, twice"
}
together new old
together old-program new-program
[[ "$("$work/new/bin/flexai" slice ls)" == "there are no slices" ]] || fail "slices are left: $("$work/new/bin/flexai" slice ls)"

# Ended by the other.
"$work/old/bin/flexai" run --name orphan -- sleep 60 &
ended=$!
# shellcheck disable=SC2317 # called by wait_for
lists_orphan() { "$work/new/bin/flexai" slice ls orphan --interval 0.1; }
wait_for "a slice of the release before" lists_orphan
"$work/new/bin/flexai" slice rm --kill orphan || fail "a slice of the release before cannot be ended"
wait "$ended" && fail "the program of the ended slice went on"
exit 0
