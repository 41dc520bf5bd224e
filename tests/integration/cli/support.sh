# shellcheck shell=bash disable=SC2034
# For tests of the `flexai` program: a runtime directory and drivers of the test's own, and expectations about what a command
# prints and how it ends. Nothing waits for time to pass: events are waited for, under a watchdog.

set -euo pipefail

build="${FLEXAI_BUILD_DIR:?run through ctest, or set it to a build folder}"
flexai="$build/bin/flexai"
fakes="$build/fakes"
. "$(dirname "${BASH_SOURCE[0]}")/../support/work.sh"
watchdog=30

# The machine of the test: its own regions, no driver until one is installed, nothing of the caller's.
mkdir "$work/runtime" "$work/vendors"
export FLEXAI_RUNTIME_DIR="$work/runtime" OCL_ICD_VENDORS="$work/vendors"
export HOME="$work" POCL_CACHE_DIR="$work/pocl-cache" LC_ALL=C.UTF-8
unset FLEXAI_SLICE OPENCL_LAYERS FLEXAI_DRIVER_TIMEOUT OCL_ICD_FILENAMES OPENCL_VENDOR_PATH LD_PRELOAD NO_COLOR

# For tests about machines without accelerators: what the kernel or a management library shows is there whatever the drivers.
need_no_card() {
  [[ "$("$flexai" smi -o json 2>/dev/null | tr -d ' \n')" == *'"xpus":[]'* ]] || skip "this machine has an accelerator of its own"
}
install_fake() { printf '%s\n' "$fakes/libfake_opencl_$1.so" >"$work/vendors/$1.icd"; }
card=nvidia-1a2b3c4d5e6f708192a3b4c5d6e7f809 # what libfake_opencl_gpu.so shows

fail() {
  printf 'FAILED: %s\nstdout:\n%s\nstderr:\n%s\n' "$1" "${output:-}" "${errors:-}" >&2
  exit 1
}

# expect STATUS WHAT COMMAND…: stdout stays in $output, stderr in $errors.
expect() {
  local status="$1" what="$2" actual=0
  shift 2
  timeout -k 5 "$watchdog" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || actual=$?
  output="$(cat "$work/stdout")"
  errors="$(cat "$work/stderr")"
  [[ "$actual" == "$status" ]] || fail "$what: ended with $actual instead of $status"
}
says() { [[ "$output" == *"$1"* ]] || fail "stdout does not say: $1"; }
warns() { [[ "$errors" == *"$1"* ]] || fail "stderr does not say: $1"; }
silent() { [[ -z "$errors" ]] || fail "stderr is not empty"; }

# refuses STATUS TEXT COMMAND…: ends so, says TEXT in one line that begins with `flexai:`, prints nothing else.
refuses() {
  local status="$1" text="$2"
  shift 2
  expect "$status" "$*" "$@"
  warns "$text"
  [[ -z "$output" ]] || fail "$*: stdout is not empty"
  [[ "$(grep -c '^flexai: ' "$work/stderr")" == "$(wc -l <"$work/stderr")" ]] || fail "$*: a line does not begin with flexai:"
}

# wait_until WHAT COMMAND…: until the command succeeds.
wait_until() {
  local what="$1" began=$SECONDS
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS - began < watchdog)) || fail "waited in vain: $what"
    sleep 0.02
  done
}
has_line() { grep -q -- "$2" "$1"; }
# The end of a job that was killed, without bash's note about it.
await_killed() { { wait "$1"; } 2>/dev/null || true; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }

skip() {
  printf 'skipped: %s\n' "$1"
  exit 77
}
need() { command -v "$1" >/dev/null || skip "$1 is not installed"; }
