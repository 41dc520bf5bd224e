#!/usr/bin/env bash
# The demonstration is a test: every act goes as it must, the summary and the report say so; with JSON nothing else is on stdout, and no file is left behind.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh" "$1"
[[ -x "$build/bin/flexai-example-matmul" ]] || skip "the examples were not built (no OpenCL loader to link with)"
need python3

# The second vendor, where it is installed.
[[ -e /etc/OpenCL/vendors/rusticl.icd ]] && cp /etc/OpenCL/vendors/rusticl.icd "$work/vendors/"
mkdir "$work/tmp"
# Runners take the python3 that comes first; without tinygrad there their act is left out.
if [[ -n "${FLEXAI_TEST_PYTHON:-}" ]]; then PATH="$(dirname "$FLEXAI_TEST_PYTHON"):$PATH"; fi
export CACHEDB="$build/tests/tinygrad-$driver.db"
TMPDIR="$work/tmp" timeout -k 5 300 "$flexai" demo --quick --xpu "$xpu" --with tinygrad,leela-zero --html "$work/report.html" -o json >"$work/demo" ||
  fail "the demo ended with $?: $(cat "$work/demo")"
[[ -z "$(ls -A "$work/tmp")" ]] || fail "the demo left files behind in TMPDIR"
python3 - "$work/demo" "$work/report.html" <<'CHECK'
import json, sys
import xml.etree.ElementTree as tree

demo = json.load(open(sys.argv[1]))
assert demo["schema"] == "flexai.demo/2" and demo["passed"] is True, demo
names = ["discover", "gain", "shares", "memory wall", "resize", "SIGKILL", "two drivers", "programs"]
assert [act["act"] for act in demo["acts"]] == names, demo
for act in demo["acts"]:
    assert act["result"] in ("passed", "left out"), act
    print(f"  {act['act']}: asked {act['asked']}, measured {act['measured']}, {act['result']} {act['reason'] or ''}")

page = tree.parse(sys.argv[2]).getroot()
svg = "{http://www.w3.org/2000/svg}svg"
sections = page.findall(".//section")
assert len(sections) == len(names) + 2, len(sections)
assert len(page.findall(f".//{svg}")) >= 4, "figures are missing"
cells = " ".join("".join(row.itertext()) for row in page.findall(".//tr"))
for act in demo["acts"]:
    assert act["act"] in cells and act["measured"] in cells, act
CHECK

# refused STATUS TEXT OPTION…
refused() {
  local status=0
  timeout -k 5 60 "$flexai" demo --quick "${@:3}" >"$work/out" 2>"$work/err" || status=$?
  [[ $status == "$1" && ! -s "$work/out" ]] || fail "demo ${*:3} ended with $status"
  grep -q -- "$2" "$work/err" || fail "the error does not say what to do: $(cat "$work/err")"
}
refused 1 '--html FILE' --html "$work/no/such/place.html"
refused 1 'Is a directory' --html "$work"
refused 2 'it knows leela-zero, tinygrad' --html "$work/report.html" --with tinygrat
