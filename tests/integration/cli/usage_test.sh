#!/usr/bin/env bash
# Bad command lines: each a sentence that says what was wrong, with exit status 2. Help is no error.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
install_fake gpu

expect 0 "help" "$flexai" --help
says "usage: flexai COMMAND"
silent
for command in smi run "slice ls" "slice set" "slice rm" doctor completion support-bundle version; do
  # shellcheck disable=SC2086 # two words
  expect 0 "help of $command" "$flexai" $command --help
  says "usage: flexai $command"
done
expect 0 "version" "$flexai" --version
says "flexai "

refuses 2 "a command is missing" "$flexai"
refuses 2 "there is no command 'sim'; did you mean smi?" "$flexai" sim
refuses 2 "needs a command" "$flexai" slice
refuses 2 "there is no command 'lsx'" "$flexai" slice lsx
refuses 2 "has no option --wach; did you mean --watch?" "$flexai" smi --wach
refuses 2 "--output cannot be 'xml'" "$flexai" smi -o xml
refuses 2 "--output needs a value" "$flexai" smi -o
refuses 2 "--interval 'soon' is no time" "$flexai" smi --interval soon
refuses 2 "the program to run is missing" "$flexai" run
refuses 2 "the program to run is missing" "$flexai" run --cores 30 --
for cores in 120 abc 50:30 0 0.5 -5 30: "" 1000000000000000000000; do
  refuses 2 "--cores" "$flexai" run "--cores=$cores" -- true
done
for memory in 4gb 0 -1 1.5Gi "" 101% 99999999999Ti; do
  refuses 2 "--memory" "$flexai" run "--memory=$memory" -- true
done
refuses 2 "--priority cannot be 'urgent'" "$flexai" run --priority urgent -- true
refuses 2 "is no name for a slice" "$flexai" run --name a/b -- true
refuses 2 "is no name for a slice" "$flexai" run --name "$(printf 'x%.0s' {1..64})" -- true
refuses 2 "--cores is given twice" "$flexai" run --cores 1 --cores 2 -- true
refuses 2 "there is no XPU 'pocl-9'" "$flexai" run --xpu pocl-9 -- true
refuses 2 "there is no npu here" "$flexai" run --xpu npu -- true
refuses 2 "is given twice" "$flexai" run --xpu "$card" --xpu nvidia -- true
refuses 2 "NAME is missing" "$flexai" slice set
refuses 2 "SHELL cannot be 'tcsh': it is bash, zsh or fish" "$flexai" completion tcsh
refuses 2 "give a shell" "$flexai" completion
refuses 2 "nothing to change" "$flexai" slice set x
refuses 2 "is no name for a slice" "$flexai" slice set ../x --cores 3
refuses 1 "there is no slice x" "$flexai" slice set x --cores 3
refuses 1 "there is no slice x" "$flexai" slice rm x
[[ -z "$(ls "$work/runtime")" ]] || fail "a refused command left something behind"
