#!/usr/bin/env bash
# Every row of the bench can be measured and its goals are in the document. Not whether they are met: that is for a quiet machine (bench/).
. "$(dirname "${BASH_SOURCE[0]}")/support.sh" "$1"
[[ -x "$build/bin/flexai-load" ]] || skip "the load generator was not built (no OpenCL loader to link with)"
need python3

timeout -k 5 200 "$flexai" bench slicing --row caps --row calls --row memory --row kills --seconds 1 --repeats 1 --percent 1 -o json >"$work/bench" ||
  { cat "$work/bench" >&2 && fail "the bench ended with $?"; }
python3 - "$work/bench" <<'CHECK'
import json, sys
bench = json.load(open(sys.argv[1]))
assert bench["schema"] == "flexai.bench/1" and not bench["failures"], bench["failures"]
assert bench["machine"]["cpu"] and bench["machine"]["cores"] > 0
lines = {(line["row"], line["what"].split(": ")[-1]): line for line in bench["lines"]}
for line in bench["lines"]:
    print(f"  {line['row']}: {line['what']}: {line['value']} {line['unit']} (goal {line['goal']}, met: {line['met']})")
assert {row for row, _ in lines} == {"caps", "calls", "memory", "kills"}, lines.keys()
# What is no matter of time holds on any machine.
assert lines[("memory", "bytes over the quota")]["value"] == 0
assert lines[("memory", "false refusals")]["value"] == 0
CHECK

# Wrong command lines.
status=0
"$flexai" bench remote 2>"$work/errors" || status=$?
((status == 2)) || fail "an unknown benchmark ended with $status instead of 2"
grep -q "'remote': it is slicing" "$work/errors" || fail "an unknown benchmark is not named"
status=0
"$flexai" bench --xpu nvidia-none 2>"$work/errors" || status=$?
((status == 1)) || fail "an unknown XPU ended with $status instead of 1"
