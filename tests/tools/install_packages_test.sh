#!/usr/bin/env bash
# tools/install-packages: installs what is missing and nothing else; without root it prints the one line to run.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"

put tools/packages <<'END'
# comment
[build]
compiler   # with a comment
[test]
tester
[run]
driver
END
# A Debian whose installed packages are the lines of $tree/installed, and an apt that records what it was asked for.
put bin/dpkg-query <<'END'
#!/usr/bin/env bash
grep -qx "${@: -1}" "$FLEXAI_ROOT/installed" && printf installed
END
put bin/apt-get <<'END'
#!/usr/bin/env bash
printf '%s\n' "$*" >>"$FLEXAI_ROOT/asked"
echo "0 upgraded, 1 newly installed, 0 to remove and 0 not upgraded."
echo "Setting up something"
exit "${APT_STATUS:-0}"
END
chmod +x "$tree"/bin/*
export PATH="$tree/bin:$PATH"
: >"$tree/installed"

expect 2 "an unknown section" "$TOOLS/install-packages" nonsense
expect_text "one of build, run, test, check, python"

as_root() { # the script's own uid decides, so the tests pretend with a copy whose test is fixed
  sed "s/((EUID != 0))/$1/" "$TOOLS/install-packages" >"$tree/tools/install-packages"
  chmod +x "$tree/tools/install-packages"
}
cp "$TOOLS/lib.sh" "$tree/tools/"

as_root false
expect 0 "as root" "$tree/tools/install-packages" build test
grep -q 'update$' "$tree/asked" || fail "the package lists were not refreshed first"
grep -q 'install --no-install-recommends compiler tester$' "$tree/asked" || fail "apt was not asked for exactly the two packages"

printf '%s\n' compiler tester >"$tree/installed"
rm "$tree/asked"
expect 0 "when all is installed" "$tree/tools/install-packages" build test
[[ ! -e "$tree/asked" ]] || fail "apt was called although nothing is missing"
expect 0 "one missing" "$tree/tools/install-packages" build run
grep -q 'install --no-install-recommends driver$' "$tree/asked" || fail "apt was not asked for the missing package alone"

APT_STATUS=100 expect 1 "apt fails" env APT_STATUS=100 "$tree/tools/install-packages" run
expect_text "full log"

# Neither root nor sudo: `command -v sudo` must find none, so PATH holds only what the script uses.
as_root true
for tool in bash env dirname awk sort grep cat mkdir tail; do ln -sf "$(command -v "$tool")" "$tree/bin/$tool"; done
rm -f "$tree/asked"
expect 1 "without root" env PATH="$tree/bin" bash "$tree/tools/install-packages" run
expect_text "apt-get install -y --no-install-recommends driver"
[[ ! -e "$tree/asked" ]] || fail "apt was called without root"
