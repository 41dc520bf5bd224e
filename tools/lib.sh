# shellcheck shell=bash
# Shared by the scripts in tools/ and .ci/: where the repository is, the package list, progress and timing.
# FLEXAI_ROOT may name another tree; the self tests in tests/tools use that.

set -euo pipefail

FLEXAI_ROOT="${FLEXAI_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
export FLEXAI_ROOT
cd "$FLEXAI_ROOT"
# A clone that belongs to somebody else (CI as root) is still the tree that is asked about.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0="$FLEXAI_ROOT"

under=()

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() {
  warn "$*"
  exit 1
}

# Prints the packages of the named sections of tools/packages, one a line.
packages_of() {
  local section
  for section in "$@"; do
    grep -qx "\[$section\]" "$FLEXAI_ROOT/tools/packages" || die "tools/packages has no section [$section]"
  done
  awk -v wanted=" $* " '
    /^[[:space:]]*(#|$)/ { next }
    /^\[.*\]$/ { section = substr($0, 2, length($0) - 2); next }
    index(wanted, " " section " ") { print $1 }' "$FLEXAI_ROOT/tools/packages" | sort -u
}

jobs_available() { nproc 2>/dev/null || echo 2; }

on_terminal() { [[ -t 1 && "${CI:-}" != true ]]; }

# Filters a stream of lines into progress: one rewritten line on a terminal, otherwise a line each tenth of the way.
# $1: an awk condition-and-action that may set `done`, `total` and `what`; lines it does not claim are printed as they are
# when they hold more than progress ($2 = keep) and dropped otherwise.
progress() {
  local rule="$1" others="${2:-drop}" tty=0
  on_terminal && tty=1
  awk -v tty="$tty" -v others="$others" '
    function show() {
      if (tty) { printf "\r\033[K  [%d/%d] %s", done, total, substr(what, 1, 90); fflush(); open = 1; return }
      tenth = total ? int(10 * done / total) : 0
      if (tenth != shown) { printf "  %3d %%  %s\n", tenth * 10, substr(what, 1, 90); fflush(); shown = tenth }
    }
    function plain(line) { if (open) { printf "\r\033[K"; open = 0 } print line; fflush() }
    { claimed = 0 }
    '"$rule"'
    claimed { show(); next }
    others == "keep" { plain($0) }
    END { if (open) printf "\r\033[K" }'
}

# Configures (once) and builds the preset $1 in build/$1; further arguments are targets. Warnings and errors of the
# compiler are shown, progress is condensed.
build_preset() {
  local preset="$1"
  shift
  mkdir -p build/logs
  say "build $preset: configuring"
  if ! cmake --preset "$preset" "-DFLEXAI_WERROR=${FLEXAI_WERROR:-OFF}" >"build/logs/configure-$preset.log" 2>&1; then
    cat "build/logs/configure-$preset.log" >&2
    die "configuring the preset '$preset' failed; if something is missing, run tools/install-packages build test"
  fi
  grep -A4 'CMake Warning' "build/logs/configure-$preset.log" || true
  local start=$SECONDS
  if ! NINJA_STATUS='[%f/%t] ' cmake --build --preset "$preset" ${1:+--target "$@"} -- -j"$(jobs_available)" 2>&1 |
    progress 'match($0, /^\[[0-9]+\/[0-9]+\] /) {
        split(substr($0, 2, RLENGTH - 3), n, "/"); done = n[1]; total = n[2]; what = substr($0, RLENGTH + 1); claimed = 1 }' keep; then
    die "building the preset '$preset' failed"
  fi
  say "build $preset: done in $((SECONDS - start)) s"
}

# The environment in which tests see the drivers of the Python environment; written by tools/install-packages python.
use_test_drivers() {
  if [[ -f build/icd/intel.icd ]]; then
    export FLEXAI_TEST_INTEL_ICD="$FLEXAI_ROOT/build/icd/intel.icd"
  fi
  if [[ -x build/venv/bin/python ]]; then
    export FLEXAI_TEST_PYTHON="$FLEXAI_ROOT/build/venv/bin/python"
  fi
}

# run_ctest PRESET [ctest arguments…]: labels are chosen by the caller, failures are shown with their output. A command in
# the array `under` is put in front.
run_ctest() {
  local preset="$1"
  shift
  use_test_drivers
  # Passed tests are progress; skipped and failed ones are shown, with the output of the failed.
  local report="$FLEXAI_ROOT/build/logs/ctest-${FLEXAI_STEP:-$preset}.xml" status=0
  mkdir -p build/logs && rm -f "$report"
  "${under[@]}" ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j"$(jobs_available)" \
    --output-junit "$report" "$@" 2>&1 |
    progress '/^ +Start +[0-9]+: / { next }
      /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: .* Passed / {
        split($1, n, "/"); done = n[1]; total = n[2]; sub(/^.*Test +#[0-9]+: /, ""); sub(/ \.+ +Passed +/, "  "); what = $0; claimed = 1 }' keep ||
    status=$?
  if [[ -f "$report" ]] && command -v python3 >/dev/null; then python3 "$(dirname "${BASH_SOURCE[0]}")/skipped-tests" "$report"; fi
  return "$status"
}
