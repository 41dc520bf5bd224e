#!/usr/bin/env bash
# Completion in fish, asked by fish's own `complete -C`.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
need fish
expect 0 "the script" "$flexai" completion fish
printf '%s\n' "$output" >"$work/flexai.fish"

# completes LINE ANSWERS…
completes() {
  local line="$1" got
  shift
  # shellcheck disable=SC2016 # for fish
  got="$(fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$work/flexai.fish" "$line" 2>&1 | cut -f1 | LC_ALL=C sort | tr '\n' ' ')"
  [[ "${got% }" == "$*" ]] || fail "completing '$line': got '${got% }' instead of '$*'"
}

completes "flexai sl" slice
completes "flexai slice " ls rm set
completes "flexai smi --wat" --watch
completes "flexai smi -o " json table wide yaml
completes "flexai smi --output=j" --output=json
completes "flexai slice set w" ward
completes "flexai slice set ward --priority " high low normal
completes "flexai run --xpu nv" "$card"
completes "flexai completion " bash fish zsh

mkdir "$work/here" "$work/programs"
touch "$work/here/model.bin"
printf '#!/bin/sh\n' >"$work/programs/unlikely-program"
chmod +x "$work/programs/unlikely-program"
cd "$work/here"
PATH="$work/programs:$PATH"
completes "flexai run --cores 30 unlikely" unlikely-program
completes "flexai run -- unlikely" unlikely-program
completes "flexai run --cores 30 unlikely-program mod" model.bin
completes "flexai run unlikely-program --cor"
