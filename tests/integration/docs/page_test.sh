#!/usr/bin/env bash
# The commands of documentation pages do what the pages say.   page_test.sh PAGE…
set -euo pipefail
command -v python3 >/dev/null || { echo "skipped: python3 is not installed" && exit 77; }
# Nothing of the caller's slices and drivers.
unset FLEXAI_SLICE FLEXAI_RUNTIME_DIR FLEXAI_DRIVER_TIMEOUT OPENCL_LAYERS
exec python3 "$(dirname "${BASH_SOURCE[0]}")/run_page.py" "$@"
