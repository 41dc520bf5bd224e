#!/usr/bin/env bash
# Completion in bash: the function is called as readline calls it, with the words as readline cuts them.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"

expect 0 "the script" "$flexai" completion bash
printf '%s\n' "$output" >"$work/flexai.bash"
if command -v shellcheck >/dev/null; then shellcheck -s bash "$work/flexai.bash" || fail "shellcheck of the script"; fi

# completes WORDS… gives ANSWERS…: the last word is the one under the cursor.
completes() {
  local words=() got
  while [[ "$1" != gives ]]; do words+=("$1") && shift; done
  shift
  got="$(bash --norc --noprofile -c '
    . "$1"
    shift
    complete -p flexai >/dev/null
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _flexai
    printf "%s\n" "${COMPREPLY[@]}"' bash "$work/flexai.bash" "${words[@]}" | LC_ALL=C sort | tr '\n' ' ')"
  [[ "${got% }" == "$*" ]] || fail "completing '${words[*]}': got '${got% }' instead of '$*'"
}

completes flexai sl gives slice
completes flexai --v gives --version
completes flexai slice '' gives ls rm set
completes flexai slice s gives set
completes flexai smi --w gives --watch
completes flexai smi -o '' gives json table wide yaml
completes flexai smi --output j gives json
completes flexai smi --output = '' gives json table wide yaml
completes flexai smi --output = gives json table wide yaml
completes flexai smi --output = y gives yaml
completes flexai smi --output json --w gives --watch
completes flexai slice set w gives ward
completes flexai slice set nothing w gives
completes flexai slice rm ward w gives ward
completes flexai slice set ward --prio gives --priority
completes flexai slice set ward --priority '' gives high low normal
completes flexai run --xpu nv gives "$card"
completes flexai run -x "$card" -x g gives gpu
completes flexai run --cores '' gives
completes flexai completion '' gives bash fish zsh
completes flexai bench sl gives slicing

# The program of run and its arguments: commands, then files; its options are its own.
mkdir "$work/here" "$work/programs"
touch "$work/here/model.bin"
printf '#!/bin/sh\n' >"$work/programs/unlikely-program"
chmod +x "$work/programs/unlikely-program"
cd "$work/here"
PATH="$work/programs:$PATH"
completes flexai run --cores 30 unlikely gives unlikely-program
completes flexai run --cores 30 -- unlikely gives unlikely-program
completes flexai run -- unlikely-program mod gives model.bin
completes flexai run unlikely-program mod gives model.bin
completes flexai run unlikely-program --cor gives

# A file name or a slice that looks like a command of the shell is text.
cat >"$work/programs/flexai" <<'END'
#!/bin/sh
printf '$(touch "$CANARY")\n`touch "$CANARY"`\nward\n'
END
chmod +x "$work/programs/flexai"
# shellcheck disable=SC2016 # not for this shell either
CANARY="$work/canary" completes flexai slice rm '' gives '$(touch "$CANARY") `touch "$CANARY"` ward'
[[ ! -e "$work/canary" ]] || fail "a name was executed"
