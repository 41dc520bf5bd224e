#!/usr/bin/env bash
# Completion in zsh: an interactive shell in a terminal of its own is typed into; a key writes what stands on its line to a file.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
need zsh
expect 0 "the script" "$flexai" completion zsh
mkdir "$work/functions" "$work/here" "$work/programs"
printf '%s\n' "$output" >"$work/functions/_flexai"
touch "$work/here/model.bin"
printf '#!/bin/sh\n' >"$work/programs/unlikely-program"
chmod +x "$work/programs/unlikely-program"

cat >"$work/startup" <<'END'
fpath=($WORK/functions $fpath)
PATH=$WORK/programs:$PATH
cd $WORK/here
autoload -Uz compinit && compinit -u -D
unsetopt beep list_ambiguous auto_menu
LISTMAX=100000
report() { print -r -- "$BUFFER" >>$WORK/lines; BUFFER=; zle reset-prompt }
zle -N report
bindkey -e
bindkey '^I' complete-word
bindkey '^X^R' report
: >$WORK/ready
END
cat >"$work/typist" <<'END'
zmodload zsh/zpty zsh/zselect
zpty shell zsh -f -i
zpty -w shell "source $WORK/startup"
local out
while [[ ! -e $WORK/ready ]]; do zpty -r -t shell out || zselect -t 2; done
integer typed=0
for line in "$@"; do
  zpty -n -w shell $line$'\t\x18\x12'
  (( typed += 1 ))
  # What the shell shows has to be read, or it waits for that.
  until [[ -e $WORK/lines ]] && (( $(wc -l <$WORK/lines) >= typed )); do zpty -r -t shell out || zselect -t 2; done
done
zpty -d shell
END
lines=() answers=()
completes() { lines+=("$1") && answers+=("$2"); }
completes "flexai sl" "flexai slice "
completes "flexai slice s" "flexai slice set "
completes "flexai smi --wat" "flexai smi --watch "
completes "flexai smi -o j" "flexai smi -o json "
completes "flexai smi --output=y" "flexai smi --output=yaml "
completes "flexai slice set w" "flexai slice set ward "
completes "flexai slice rm ward w" "flexai slice rm ward ward "
completes "flexai slice set ward --priority n" "flexai slice set ward --priority normal "
completes "flexai run --xpu nv" "flexai run --xpu $card "
completes "flexai run --cores 30 unlikely" "flexai run --cores 30 unlikely-program "
completes "flexai run -- unlikely" "flexai run -- unlikely-program "
completes "flexai run unlikely-program mod" "flexai run unlikely-program model.bin "
completes "flexai completion f" "flexai completion fish "

WORK="$work" timeout -k 5 60 zsh -f "$work/typist" "${lines[@]}" >"$work/typed" 2>&1 || fail "the shell that is typed into ended with $?: $(cat "$work/typed" "$work/lines")"
mapfile -t got <"$work/lines"
for i in "${!answers[@]}"; do
  [[ "${got[i]:-}" == "${answers[i]}" ]] || fail "completing '${lines[i]}': got '${got[i]:-}' instead of '${answers[i]}'"
done

# The same by `source`, which has to make the function known.
zsh -f -c 'autoload -Uz compinit && compinit -u -D; source "$1"; [[ "$_comps[flexai]" == _flexai ]]' zsh "$work/functions/_flexai" ||
  fail "the script is not known after source"
