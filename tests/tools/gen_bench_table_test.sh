#!/usr/bin/env bash
# tools/gen_bench_table writes what the results say, names what was missed, and finds a README that says something else.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"

# result NAME XPU VALUE MET
result() {
  put "bench/results/$1" <<END
{"schema": "flexai.bench/1", "command": "flexai bench slicing", "lines": [
  {"row": "caps", "xpu": "$2", "what": "strict caps", "goal": "≤ 0.5 points", "value": $3, "unit": "points", "met": $4, "note": null,
   "foreign_cores": 0.04, "spread": {"count": 5, "median": 0.1, "least": 0.05, "most": $3}}],
 "machine": {"date": "2026-01-02T03:04:05Z", "cpu": "a CPU", "cores": 2, "kernel": "Linux 6"}}
END
}

result a.json pocl-0 0.25 true
put README.md <<<'# x'
expect 1 "no place for it" "$TOOLS/gen_bench_table"
expect_text "is missing"
put README.md <<'END'
before
<!-- bench: written by tools/gen_bench_table -->
<!-- bench: end -->
after
END
expect 1 "nothing there yet" "$TOOLS/gen_bench_table" --check
expect_text "run tools/gen_bench_table"
expect 0 "writing" "$TOOLS/gen_bench_table"
expect 0 "fresh" "$TOOLS/gen_bench_table" --check
expect 0 "what is written" cat "$tree/README.md"
expect_text '| strict caps | ≤ 0.5 points | 0.25 points (0.05 … 0.25) |'
expect_text '2026-01-02, a CPU, 2 cores'
expect_text before
expect_text after

result b.json intel-0 0.75 false
expect 1 "a result that is newer than the README" "$TOOLS/gen_bench_table" --check
expect 0 "writing two" "$TOOLS/gen_bench_table"
expect 0 "what is written" cat "$tree/README.md"
expect_text '| 0.25 points (0.05 … 0.25) | **0.75 points (0.05 … 0.75), missed** |'

# A row that was measured again counts as the later file has it.
result c.json pocl-0 0.5 true
expect 0 "writing three" "$TOOLS/gen_bench_table"
expect 0 "what is written" cat "$tree/README.md"
expect_text '| 0.50 points'
expect_no_text '| 0.25 points'
