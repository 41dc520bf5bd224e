#!/usr/bin/env bash
# .ci/run: goes on after a failing step, adds steps and single tests up, and tells the truth in its last line and status.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
skip_without python3

put .ci/run <"$SOURCE/.ci/run"
put tools/lib.sh <"$SOURCE/tools/lib.sh"
for tool in install-packages test check asan tsan fuzz e2e demo; do
  put "tools/$tool" <<'END'
#!/usr/bin/env bash
[[ "$CI" == true && "$FLEXAI_WERROR" == ON && ! -t 0 ]] || exit 9
echo "ran $(basename "$0")"
END
done
put tools/test <<'END'
#!/usr/bin/env bash
echo '<testsuite name="x" tests="10" failures="1" disabled="0" skipped="2"></testsuite>' >build/logs/ctest-release.xml
exit "${TEST_STATUS:-0}"
END
chmod +x "$tree"/tools/* "$tree/.ci/run"
put Makefile < <(printf 'test:\n\t@bash tools/test\n')

last_line() { printf '%s\n' "$output" | tail -n 1; }
expect 1 "a run with a failed test" "$tree/.ci/run"
expect_text "ran demo"
expect_text "7 passed    1 failed    2 skipped"
[[ "$(last_line)" == "15 passed, 1 failed" ]] || fail "the last line is: $(last_line)"

sed -i 's/failures="1"/failures="0"/' "$tree/tools/test"
expect 0 "a good run" "$tree/.ci/run"
[[ "$(last_line)" == "16 passed, 0 failed" ]] || fail "the last line is: $(last_line)"

printf '#!/usr/bin/env bash\nexit 3\n' >"$tree/tools/check"
expect 1 "a run with a failed step" "$tree/.ci/run"
expect_text "ran demo"
[[ "$(last_line)" == "15 passed, 1 failed" ]] || fail "the last line is: $(last_line)"

printf '#!/usr/bin/env bash\necho broken >build/logs/ctest-asan.xml\n' >"$tree/tools/asan"
expect 1 "a report that can not be read counts as a failure" "$tree/.ci/run" asan
[[ "$(last_line)" == "1 passed, 1 failed" ]] || fail "the last line is: $(last_line)"
expect 2 "an unknown step" "$tree/.ci/run" nonsense
