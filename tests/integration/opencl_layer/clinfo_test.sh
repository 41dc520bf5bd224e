#!/usr/bin/env bash
# clinfo prints in a slice of everything what it prints without, except what opencl.def withholds; with every loader at hand.
. "$(dirname "${BASH_SOURCE[0]}")/drivers.sh"

command -v clinfo >/dev/null || { echo "skipped: clinfo is not installed (tools/install-packages test)" && exit 77; }

for loader in "${loaders[@]}"; do
  echo "loader: ${loader:-of the system}"
  LD_LIBRARY_PATH="$loader" timeout 120 clinfo --raw >"$scratch/bare"
  "$FLEXAI_BUILD_DIR/tests/in_slice" -- env LD_LIBRARY_PATH="$loader" OPENCL_LAYERS="$FLEXAI_LAYER" \
    timeout 120 clinfo --raw >"$scratch/layered"
  python3 "$(dirname "${BASH_SOURCE[0]}")/compare_clinfo.py" \
    "$FLEXAI_SOURCE_DIR/api/hooks/opencl.def" "$scratch/bare" "$scratch/layered"
done
