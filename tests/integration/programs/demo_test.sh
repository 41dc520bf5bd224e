#!/usr/bin/env bash
# The demonstration is a test: every act goes as it must, and the summary says so; with JSON nothing else is on stdout.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh" "$1"
[[ -x "$build/bin/flexai-example-matmul" ]] || skip "the examples were not built (no OpenCL loader to link with)"
need python3

timeout -k 5 300 "$flexai" demo --quick -o json >"$work/demo" || { cat "$work/demo" >&2 && fail "the demo ended with $?"; }
python3 - "$work/demo" <<'CHECK'
import json, sys
demo = json.load(open(sys.argv[1]))
assert demo["schema"] == "flexai.demo/1" and demo["passed"] is True, demo
assert [act["act"] for act in demo["acts"]] == ["discover", "shares", "memory wall", "SIGKILL"], demo
for act in demo["acts"]:
    print(f"  {act['act']}: asked {act['asked']}, measured {act['measured']}")
CHECK
