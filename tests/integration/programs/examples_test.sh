#!/usr/bin/env bash
# The AI jobs of examples/ on a driver, bare and in a slice: as many jobs as they were told, every result checked on the CPU, and what one
# trained the other serves.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh" "$1"
[[ -x "$build/bin/flexai-example-train" ]] || skip "the examples were not built (no OpenCL loader to link with)"

# right JOBS PROGRAM…: it did so many jobs, none of them wrong.
right() {
  local jobs="$1"
  shift
  "$@" >"$work/out" || { cat "$work/out" >&2 && fail "$* ended with $?"; }
  grep -Eq "^result jobs=$jobs .* wrong=0 .*checked=" "$work/out" || { cat "$work/out" >&2 && fail "$*: not $jobs jobs, all right"; }
  echo "  $(grep '^result' "$work/out")"
}

# Few and small: one of the drivers is slow.
train=("$build/bin/flexai-example-train" --batch 8 --test 40)
inference=("$build/bin/flexai-example-inference" --images 4)
matmul=("$build/bin/flexai-example-matmul" --size 64)
for how in bare "sliced 50"; do
  read -ra under <<<"$how"
  echo "$how"
  right 7 "${under[@]}" "${matmul[@]}" --jobs 7
  right 5 "${under[@]}" "${inference[@]}" --jobs 5
  # A third of an epoch is enough to know most digits.
  right 60 "${under[@]}" "${train[@]}" --jobs 60 --model "$work/model"
  right 20 "${under[@]}" "${inference[@]}" --jobs 20 --model "$work/model"
  accuracy="$(grep -o 'accuracy=[0-9.]*' "$work/out" | tail -n 1)"
  awk -v "text=$accuracy" 'BEGIN { exit !(substr(text, 10) > 0.5) }' || fail "$how: what was trained recognises $accuracy of the digits"
done
# Whichever comes first: of a minute and two jobs it is the jobs.
right 2 bare "${matmul[@]}" --jobs 2 --seconds 60
