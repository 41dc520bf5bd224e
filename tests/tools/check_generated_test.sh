#!/usr/bin/env bash
# tools/check-generated runs every generator with --check and names the stale one.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"

expect 0 "no generators" "$TOOLS/check-generated"
put tools/gen_fresh <<<'[[ "$1" == --check ]]'
put tools/gen_stale <<<'exit 1'
sed -i '1i #!/usr/bin/env bash' "$tree/tools/"gen_*
chmod +x "$tree/tools/gen_fresh"
expect 0 "a fresh file" "$TOOLS/check-generated"
chmod +x "$tree/tools/gen_stale"
expect 1 "a stale file" "$TOOLS/check-generated"
expect_text "run tools/gen_stale"
expect_no_text "gen_fresh"
