#!/usr/bin/env bash
# tools/gen_demo_table writes the table and the pictures that the report holds, and finds a README or a picture that says something else.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"

# report SHARES: a report of two acts with figures.
report() {
  put bench/results/demo.html <<END
<!DOCTYPE html>
<html><body>
<section id="act1"><svg xmlns='http://www.w3.org/2000/svg'><text>gain</text></svg>
</section>
<section id="act2"><svg xmlns='http://www.w3.org/2000/svg'><text>$1</text></svg>
</section>
<details><pre>{"seconds": 90, "facts": {"date": "2026-01-02T03:04:05Z", "xpu": "pocl-0", "driver": "a driver", "cpu": "a &lt;CPU&gt;", "cores": "2",
 "kernel": "Linux 6"}, "acts": [{"act": "gain", "asked": "less", "measured": "12 | 6 s", "result": "passed"},
 {"act": "shares", "asked": "60", "measured": "$1", "result": "failed"}]}</pre></details>
</body></html>
END
}

report 59.9
put README.md <<<'# x'
expect 1 "no place for it" "$TOOLS/gen_demo_table"
expect_text "is missing"
put README.md <<'END'
before
<!-- demo: written by tools/gen_demo_table -->
<!-- demo: end -->
after
END
expect 1 "nothing there yet" "$TOOLS/gen_demo_table" --check
expect_text "run tools/gen_demo_table"
expect 0 "writing" "$TOOLS/gen_demo_table"
expect 0 "fresh" "$TOOLS/gen_demo_table" --check
expect 0 "what is written" cat "$tree/README.md"
expect_text '| gain | less | 12 \| 6 s | passed |'
expect_text '| shares | 60 | 59.9 | failed |'
expect_text 'a <CPU>, 2 cores'
expect_text before
expect_text after
expect 0 "the picture" cat "$tree/docs/pictures/demo-shares.svg"
expect_text '<text>59.9</text>'

put docs/pictures/demo-gain.svg <<<'<svg/>'
expect 1 "a picture that is another" "$TOOLS/gen_demo_table" --check
expect_text "docs/pictures/demo-gain.svg says something else"
expect 0 "writing again" "$TOOLS/gen_demo_table"
report 60.1
expect 1 "a report that is newer" "$TOOLS/gen_demo_table" --check
