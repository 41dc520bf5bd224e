#!/usr/bin/env bash
# The examples in Oclgrind, which computes one work item after another and looks at each access and each call: no kernel leaves its buffers or
# races, no call is wrong. (Its --uninitialized is left out: in version 21.10 it crashes where kernels use vectors.)
set -euo pipefail

build="${FLEXAI_BUILD_DIR:?run through ctest, or set it to a build folder}"
if ! command -v oclgrind >/dev/null; then
  echo "skipped: oclgrind is not installed (tools/install-packages test)"
  exit 77
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# clean PROGRAM ARGUMENT…
clean() {
  local program="$1"
  shift
  if ! timeout -k 5 120 oclgrind --check-api --data-races --max-errors 20 "$build/bin/flexai-example-$program" "$@" \
    >"$work/out" 2>"$work/errors" || [[ -s "$work/errors" ]] || ! grep -q 'platform="Oclgrind"' "$work/out"; then
    cat "$work/out" "$work/errors" >&2
    echo "FAILED: $program" >&2
    exit 1
  fi
  echo "$program: $(grep '^result' "$work/out")"
}
clean matmul --jobs 2 --size 32
clean memory-wall --most 16
clean inference --jobs 2 --images 2
clean train --jobs 2 --batch 2 --test 2
