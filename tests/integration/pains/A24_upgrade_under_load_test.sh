#!/usr/bin/env bash
# A24: the files of flexai are replaced under running programs, as an upgrade does, then back, and `flexai run` is killed: no program notices, and its
# limits stay on.   A24_upgrade_under_load_test.sh DRIVER
. "$(dirname "${BASH_SOURCE[0]}")/../programs/support.sh" "$1"
[[ -x "$build/tests/opencl_shell" ]] || skip "there is no OpenCL loader to link with (tools/install-packages)"
mkdir -p "$work/install/bin" "$work/install/lib"
installed=(bin/flexai lib/libflexai_opencl.so)
for file in "${installed[@]}"; do cp "$build/$file" "$work/install/$file"; done
flexai="$work/install/bin/flexai"
# As package managers do: the new file under another name, then renamed over the old one, which lives on where it is mapped.
replace() { for file in "${installed[@]}"; do cp "$build/$file" "$work/install/$file.new" && mv "$work/install/$file.new" "$work/install/$file"; done; }

answered() { (($(wc -l <"$work/$1.said") >= $2)); }
declare -A asked
ask() { # NAME COMMAND WANTED
  printf '%s\n' "$2" >&"${to[$1]}"
  asked[$1]=$((${asked[$1]:-0} + 1))
  wait_for "$1: $2" answered "$1" "${asked[$1]}"
  [[ "$(tail -n 1 "$work/$1.said")" == "$3" ]] || fail "$1: $2: $(tail -n 1 "$work/$1.said"), not $3; $(cat "$work/$1.errors")"
}
declare -A to run
start() { # NAME
  mkfifo "$work/$1"
  "$flexai" run --xpu "$xpu" --name "$1" --cores 30 --memory 64Mi -- "$build/tests/opencl_shell" <"$work/$1" >"$work/$1.said" 2>"$work/$1.errors" &
  run[$1]=$!
  exec {descriptor}>"$work/$1"
  to[$1]=$descriptor
  ask "$1" "use $(case "$driver" in pocl) echo Portable ;; intel) echo Intel ;; *) echo rusticl ;; esac)" 0
  ask "$1" "context c" "0 devices 1"
  ask "$1" "buffer a $((1 << 20))" 0
  ask "$1" "program p 0" 0
  ask "$1" "kernel k p" 0
  ask "$1" "run a" "0 0"
}
keeps_working() {
  for _ in 1 2 3 4 5; do ask "$1" "run a" "0 0"; done
  ask "$1" "buffer full $((64 << 20))" -4
}
start first
before="$(stat -c %i "$work/install/lib/libflexai_opencl.so")"
for round in upgrade downgrade; do
  for try in 1 2 3; do
    replace
    keeps_working first
  done
  start "$round"
  keeps_working "$round"
  keeps_working first
done
[[ "$(stat -c %i "$work/install/lib/libflexai_opencl.so")" != "$before" ]] || fail "the library was not replaced"
"$flexai" slice ls -o json --interval 0.1 >"$work/ls"
[[ "$(grep -c '"xpu"' "$work/ls")" == 3 ]] || fail "not three slices: $(cat "$work/ls")"

# The process that started it is gone without a word.
kill -KILL "${run[first]}"
{ wait "${run[first]}"; } 2>/dev/null || true
keeps_working first
replace
keeps_working first
keeps_working upgrade
"$flexai" slice set first --memory 32Mi
ask first "buffer more $((32 << 20))" -4
for name in first upgrade downgrade; do
  descriptor="${to[$name]}"
  exec {descriptor}>&-
done
for name in upgrade downgrade; do wait "${run[$name]}" || fail "$name: ended with $?"; done
echo "six replacements and a kill: no program noticed"
