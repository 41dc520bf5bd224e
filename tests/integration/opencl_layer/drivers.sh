# shellcheck shell=bash
# Shows every driver of this machine to the loaders, and finds the loaders. Sourced by the tests of this folder.
set -euo pipefail

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

export RUSTICL_ENABLE=llvmpipe
mkdir "$scratch/icd"
cp /etc/OpenCL/vendors/*.icd "$scratch/icd/" 2>/dev/null || true
if [[ -n "${FLEXAI_TEST_INTEL_ICD:-}" ]]; then
  cp "$FLEXAI_TEST_INTEL_ICD" "$scratch/icd/intel.icd"
else
  echo "without Intel's driver: FLEXAI_TEST_INTEL_ICD is not set (tools/install-packages python)"
fi
export OCL_ICD_VENDORS="$scratch/icd"

# Library paths that lead to a loader: ocl-icd of the system ("") and Khronos' beside Intel's driver.
loaders=("")
if [[ -n "${FLEXAI_TEST_INTEL_ICD:-}" ]]; then
  intel="$(dirname "$(cat "$FLEXAI_TEST_INTEL_ICD")")"
  if [[ -e "$intel/libOpenCL.so.1" ]]; then
    # Only the loader comes from there; what else both have (libstdc++, libhwloc) stays the system's.
    mkdir "$scratch/khronos"
    ln -s "$(readlink -f "$intel/libOpenCL.so.1")" "$scratch/khronos/libOpenCL.so.1"
    system="$(dirname "$(ldconfig -p | sed -n 's/.*=> \(.*libc\.so\.6\)$/\1/p' | head -n 1)")"
    loaders+=("$scratch/khronos:$system:$intel")
  fi
fi
