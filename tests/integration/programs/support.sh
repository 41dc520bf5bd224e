# shellcheck shell=bash disable=SC2034
# One driver, slices of its XPU, and what programs print bare and in them. Sourced: . support.sh DRIVER

set -euo pipefail

build="${FLEXAI_BUILD_DIR:?run through ctest, or set it to a build folder}"
flexai="$build/bin/flexai"
driver="${1:?a driver: pocl, intel or rusticl}"
. "$(dirname "${BASH_SOURCE[0]}")/../support/work.sh"
watchdog=120

skip() {
  printf 'skipped: %s\n' "$1"
  exit 77
}
fail() {
  printf 'FAILED: %s\n' "$1" >&2
  exit 1
}
need() { command -v "$1" >/dev/null || skip "$1 is not installed (tools/install-packages test)"; }

# Only this driver is shown, so that programs start fast and take the right device.
mkdir "$work/runtime" "$work/vendors"
case "$driver" in
  pocl) xpu=pocl-0 icd=/etc/OpenCL/vendors/pocl.icd ;;
  intel) xpu=intel-0 icd="${FLEXAI_TEST_INTEL_ICD:-}" ;;
  rusticl) xpu=llvmpipe-0 icd=/etc/OpenCL/vendors/rusticl.icd ;;
  *) fail "there is no driver '$driver'" ;;
esac
[[ -n "$icd" && -e "$icd" ]] || skip "the driver $driver is not installed (tools/install-packages run python)"
cp "$icd" "$work/vendors/"
export OCL_ICD_VENDORS="$work/vendors" RUSTICL_ENABLE=llvmpipe FLEXAI_RUNTIME_DIR="$work/runtime" LC_ALL=C.UTF-8
unset FLEXAI_SLICE OPENCL_LAYERS OCL_ICD_FILENAMES OPENCL_VENDOR_PATH
# Compiled kernels outlive a test: what is tested is not the compiler.
export POCL_CACHE_DIR="$build/tests/pocl-cache" PYOPENCL_NO_CACHE=1
# One thread for the device, so that host code has a core.
export POCL_AFFINITY=1 POCL_MAX_PTHREAD_COUNT=1 CL_CONFIG_CPU_TBB_NUM_WORKERS=1 LP_NUM_THREADS=1

bare() { timeout -k 5 "$watchdog" "$@"; }
# sliced CORES COMMAND…
sliced() { timeout -k 5 "$watchdog" "$flexai" run --xpu "$xpu" --cores "$1" -- "${@:2}"; }

# same_output WHAT FILE FILE
same_output() {
  cmp -s "$2" "$3" && return
  diff "$2" "$3" | head -n 20 >&2 || true
  fail "$1: something else in a slice than bare"
}

# wait_for WHAT COMMAND…: until it succeeds; not longer than the programs themselves may take.
wait_for() {
  local what="$1" began=$SECONDS
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS - began < watchdog)) || fail "waited in vain: $what"
    sleep 0.05
  done
}

# two_at_a_time COMMAND…: both end well, their output is in $work/70 and $work/30.
two_at_a_time() {
  sliced 70 "$@" >"$work/70" &
  local first=$!
  sliced 30 "$@" >"$work/30" &
  local second=$!
  wait "$first" || fail "two at a time: the one with 70 % ended with $?"
  wait "$second" || fail "two at a time: the one with 30 % ended with $?"
}

# shares_of_two COMMAND…: the same, and while both are at work (they print a line `at work`, and go on for at least 6 s) each has its share.
shares_of_two() {
  local try
  for try in 1 2; do
    timeout -k 5 "$watchdog" "$flexai" run --xpu "$xpu" --cores 70 --name "big-$try" -- "$@" >"$work/70" &
    local first=$!
    timeout -k 5 "$watchdog" "$flexai" run --xpu "$xpu" --cores 30 --name "small-$try" -- "$@" >"$work/30" &
    local second=$!
    wait_for "the program with 70 %" grep -q '^at work' "$work/70"
    wait_for "the program with 30 %" grep -q '^at work' "$work/30"
    "$flexai" smi --interval 3 -o json >"$work/smi"
    wait "$first" || fail "two at a time: the one with 70 % ended with $?"
    wait "$second" || fail "two at a time: the one with 30 % ended with $?"
    echo "  load of the machine: $(cut -d' ' -f1 /proc/loadavg)"
    if python3 "$(dirname "${BASH_SOURCE[0]}")/check_shares.py" "$work/smi" "big-$try" 70 "small-$try" 30; then return; fi
  done
  fail "shares are more than 5 points off, twice"
}
