#!/usr/bin/env bash
# tools/check-shell finds scripts by first line as well as by name.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
skip_without shellcheck

put tools/good <<'END'
#!/usr/bin/env bash
echo "$1"
END
put data.bin < <(printf '\0\1\2')
expect 0 "good scripts" "$TOOLS/check-shell"
put tools/bad <<'END'
#!/usr/bin/env bash
rm $1
END
expect 1 "an unquoted variable" "$TOOLS/check-shell"
expect_text "tools/bad"
