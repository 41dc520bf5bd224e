#!/usr/bin/env bash
# doctor on a healthy, a broken and an empty machine.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
need_no_card
need python3

expect 4 "a machine without drivers" "$flexai" doctor
says "no XPU is visible here"
says "fix:"

install_fake gpu
expect 0 "a healthy machine" "$flexai" doctor
says "loads flexai's layer"
says "gpu.icd ($fakes/libfake_opencl_gpu.so): 1 device, Fake OpenCL"
says "$card: compute and memory are enforced"
silent
expect 0 "in JSON" "$flexai" doctor -o json
python3 -c 'import json,sys; d=json.load(sys.stdin); assert d["enforceable"] is True and d["schema"]=="flexai.doctor/1", d' <<<"$output"

install_fake crash
expect 1 "a driver that crashes" "$flexai" doctor
says "crash.icd"
says "every OpenCL program loads it"
says "remove $work/vendors/crash.icd"
rm "$work/vendors/crash.icd"

printf 'libno_such_driver.so.1\n' >"$work/vendors/absent.icd"
expect 0 "an .icd file without its library" "$flexai" doctor
says "warning"
says "remove $work/vendors/absent.icd"

OPENCL_LAYERS="$build/lib/libflexai_opencl.so" expect 0 "our layer outside of a slice" "$flexai" doctor
says "unset OPENCL_LAYERS"

expect 0 "in a slice" "$flexai" run --name ward -- "$flexai" doctor -o wide
says "this is inside the slice ward"

# A layer that cannot be loaded: found by trying, named with the loader's own words.
mkdir -p "$work/elsewhere/bin" "$work/elsewhere/lib"
cp "$flexai" "$work/elsewhere/bin/flexai"
printf 'not a library' >"$work/elsewhere/lib/libflexai_opencl.so"
expect 4 "a layer that cannot be loaded" "$work/elsewhere/bin/flexai" doctor
says "does not load flexai's layer"
