#!/usr/bin/env bash
# slice set on living slices: each refusal with its reason, its holder and its exit status, and nothing changed by it.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
need python3
install_fake gpu

hold() { # NAME OPTION…: a slice that lives until release
  local name="$1"
  shift
  mkfifo "$work/$name"
  "$flexai" run --name "$name" "$@" -- sh -c "echo held; cat <'$work/$name'" >"$work/$name.said" 2>&1 &
  wait_until "the slice $name" has_line "$work/$name.said" held
}
release() { : >"$work/$1"; }
# share NAME XPU: what it is guaranteed, its cap, its memory and its priority
share() {
  "$flexai" slice ls "$1" -o json --interval 0.1 | python3 -c 'import json,sys
print(*[(s["request_permille"], s["limit_permille"], s["memory_reserved_bytes"], s["priority"]) for s in json.load(sys.stdin)["slices"] if s["xpu"] == sys.argv[1]])' "$2"
}
is_share() { [[ "$(share "$1" "$2")" == "$3" ]] || fail "$1 has $(share "$1" "$2") of $2, not $3"; }
mib=$((1 << 20))

hold big --cores 60 --memory 40Gi
hold small --cores 30 --memory 1Gi
expect 0 "all that is left" "$flexai" slice set small --cores 40
refuses 3 "$card has 40% of its compute left to guarantee, 41% are asked for; the slice big of $(id -un) holds the most (60%)" "$flexai" slice set small --cores 41
refuses 3 "$card has 40Gi of memory left, 41Gi are asked for; the slice big of $(id -un) holds the most" "$flexai" slice set small --memory 41Gi
is_share small "$card" "(400, 400, $((1 << 30)), 'normal')"
# All of what is asked for or nothing.
refuses 3 "of its compute left to guarantee" "$flexai" slice set small --cores 41 --memory 2Gi --priority high
refuses 3 "of memory left" "$flexai" slice set small --cores 20 --memory 41Gi --priority high
is_share small "$card" "(400, 400, $((1 << 30)), 'normal')"

refuses 1 "there is no slice smal; did you mean small?" "$flexai" slice set smal --cores 1
refuses 2 "nothing to change" "$flexai" slice set small
refuses 2 "" "$flexai" slice set small --cores 0:0
refuses 2 "" "$flexai" slice set small --cores 101
refuses 2 "" "$flexai" slice set small --memory nothing
refuses 2 "" "$flexai" slice set small --priority urgent
release small
gone() { ! "$flexai" slice ls small --interval 0.1; }
wait_until "the end of small" gone
refuses 1 "there is no slice small" "$flexai" slice set small --cores 1
release big

icd=/etc/OpenCL/vendors/pocl.icd
[[ -e "$icd" && -x "$build/tests/opencl_shell" ]] || skip "the rest needs PoCL (tools/install-packages run): memory that is held, a slice of two XPUs"
rm "$work/vendors/gpu.icd" # it only answers questions
cp "$icd" "$work/vendors/"

# What is held cannot be taken back; what is not, can.
mkfifo "$work/orders"
"$flexai" run --name holds --xpu pocl-0 --cores 10 --memory 64Mi -- "$build/tests/opencl_shell" <"$work/orders" >"$work/answers" 2>&1 &
exec 9>"$work/orders"
printf 'use Portable\ncontext c\nbuffer a %s\n' $((40 * mib)) >&9
answered() { (($(wc -l <"$work/answers") >= $1)); }
wait_until "40 MiB are held" answered 3
refuses 3 "the slice holds holds 40Mi on pocl-0 now; its quota cannot be less than that" "$flexai" slice set holds --memory 39Mi
is_share holds pocl-0 "(100, 100, $((64 * mib)), 'normal')"
expect 0 "as much as is held" "$flexai" slice set holds --memory 40Mi
printf 'buffer b %s\n' "$mib" >&9
wait_until "no byte more" answered 4
grep -q '^-4' <(tail -n 1 "$work/answers") || fail "the byte after the new quota: $(tail -n 1 "$work/answers")"
expect 0 "more again" "$flexai" slice set holds --memory 48Mi
printf 'buffer b %s\n' "$mib" >&9
wait_until "room again" answered 5
grep -q '^0' <(tail -n 1 "$work/answers") || fail "within the new quota: $(tail -n 1 "$work/answers")"
exec 9>&-

# Of a slice with two XPUs: one of them, both, or neither.
install_fake gpu
hold other --xpu "$card" --cores 50
hold pair --xpu pocl-0 --xpu "$card" --cores 20
expect 0 "one of two" "$flexai" slice set pair --xpu "$card" --cores 30
is_share pair "$card" "(300, 300, None, 'normal')"
is_share pair pocl-0 "(200, 200, None, 'normal')"
refuses 3 "$card has 50% of its compute left to guarantee, 60% are asked for; the slice other of" "$flexai" slice set pair --cores 60
is_share pair "$card" "(300, 300, None, 'normal')"
is_share pair pocl-0 "(200, 200, None, 'normal')"
expect 0 "what the other cannot have" "$flexai" slice set pair --xpu pocl-0 --cores 60
expect 0 "both" "$flexai" slice set pair --priority low
is_share pair "$card" "(300, 300, None, 'low')"
is_share pair pocl-0 "(600, 600, None, 'low')"
refuses 1 "the slice other has no share of pocl-0" "$flexai" slice set other --xpu pocl-0 --cores 1
release pair
release other
wait
