#!/usr/bin/env bash
# The runner of pages finds what is wrong in them: its own test, on small pages.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
command -v python3 >/dev/null || { echo "skipped: python3 is not installed" && exit 77; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
fail() {
  printf 'FAILED: %s\n%s\n' "$1" "${output:-}" >&2
  exit 1
}

# page STATUS WHAT TEXT: the page on standard input ends the runner so, with TEXT in what it says.
page() {
  local actual=0
  cat >"$folder/page.md"
  output="$(bash "$here/page_test.sh" "$folder/page.md")" || actual=$?
  if ((actual == 77)); then echo "$output" && exit 77; fi
  [[ "$actual" == "$1" ]] || fail "$2: ended with $actual instead of $1"
  [[ "$output" == *"$3"* ]] || fail "$2: does not say: $3"
}

page 0 "a page that is right" "7 commands run" <<'END_OF_PAGE'
```sh
count=1   # a comment
false     # the program's own: exits 1
cd /
for word in a b; do
  echo "$word"
done
```
Text, and a block that nobody types:
```
false
```
```console
$ echo "it took $((40 + 2)) ms" && pwd
it took 7 ms
/
$ cat <<EOF
> NAME   CORES  LIMIT
> b         12     20
> a          1      2
>
> and the count is $count
> EOF
NAME  CORES  LIMIT
a     5      50
b     6      60

and the … is 3
$ printf 'one\ntwo\n'
…
two
```
END_OF_PAGE
page 0 "a program in the background" "5 commands run" <<'END_OF_PAGE'
```sh
flexai run --cores 30 --name app -- ./server &
flexai slice set app --cores 40
flexai run --cores 70 -- ./batch   # exits 3
flexai slice rm app --kill
flexai run --cores 70 -- ./batch
```
END_OF_PAGE
page 0 "blocks that are marked" "line 3: needs a mountain" <<'END_OF_PAGE'
<!-- not run: needs a mountain -->

```sh
climb
```
<!-- needs: no_such_module -->
```sh
climb
```
END_OF_PAGE
[[ "$output" == *"2 blocks not run"* && "$output" == *"skipped: Python has no no_such_module"* ]] || fail "marked blocks are counted and named"

page 1 "a command that fails" "line 2: false" <<<$'```sh\nfalse\n```'
page 1 "another status than stated" "ended with 0 instead of 3" <<<$'```sh\ntrue # exits 3\n```'
page 1 "a mark far above the block" "ended with 1" <<<$'<!-- not run: no -->\nA line.\n```sh\nfalse\n```'
page 1 "no command at all" "ended with 127" <<<$'```sh\nno-such-command\n```'
page 1 "what would change the machine" "mark the block" <<<$'```sh\nsudo true\n```'
page 1 "a block of commands that says it is none" "line 1: blocks of commands" <<<$'```bash\ntrue\n```'
page 1 "a block without a language that shows commands" "ended with 1" <<<$'```\n$ false\n```'
page 1 "another heading" "printed nothing like: NAME  CORES" <<<$'```console\n$ printf \'NAME  SHARE\\na  1\\n\'\nNAME  CORES\na  1\n```'
page 1 "a row that is not there" "printed nothing like: b" <<<$'```console\n$ printf \'NAME  CORES\\na     1\\n\'\nNAME  CORES\nb     1\n```'
page 1 "lines in another order" "printed nothing like: two" <<<$'```console\n$ printf \'two\\none\\n\'\none\ntwo\n```'
page 1 "another sentence" "printed nothing like" <<<$'```console\n$ echo flexai: it is 5 o clock\nflexai: it was 7 o clock\n```'
page 1 "a command without an end" "has no end" <<<$'```sh\nfor a in b; do\n```'
page 1 "a block without an end" "has no end" <<<$'```sh\ntrue'
page 1 "the shell is left" "ended the shell" <<<$'```sh\nexit 0\n```'
page 1 "a background program that goes wrong" "ended with 9" <<<$'```sh\nflexai run -- sh -c "exit 9" &\ntrue\n```'
