#!/usr/bin/env bash
# Who gets in: over-commitment, names, what this version cannot enforce, and what the program finds in its environment.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
need_no_card
install_fake gpu

# hold NAME OPTION…: a slice that lives until release.
hold() {
  local name="$1"
  shift
  mkfifo "$work/$name"
  "$flexai" run --name "$name" "$@" -- sh -c "echo held; cat <'$work/$name'" >"$work/$name.said" 2>&1 &
  wait_until "the slice $name" has_line "$work/$name.said" held
}
release() { : >"$work/$1"; }
slices() { "$flexai" slice ls -o json --interval 0.1; }
no_slice() { [[ "$(slices)" != *"\"name\": \"$1\""* ]]; }

hold train --cores 70 --memory 60Gi
refuses 3 "has 30% of its compute left to guarantee, 40% are asked for; the slice train of" "$flexai" run --cores 40 -- true
refuses 3 "has 20Gi of memory left, 21Gi are asked for; the slice train of" "$flexai" run --memory 21Gi -- true
refuses 3 "has 80Gi of memory, 81Gi are asked for" "$flexai" run --memory 81Gi -- true
refuses 3 "the name train is taken by the slice train of" "$flexai" run --name train -- true
expect 0 "what is left" "$flexai" run --cores 30 --memory 20Gi -- true
expect 0 "idle capacity" "$flexai" run --cores 0:100 -- true
expect 0 "a share without wishes" "$flexai" run -- true

# Live changes.
expect 0 "less" "$flexai" slice set train --cores 20:60 --memory 10Gi --priority high
expect 0 "the change" "$flexai" slice ls -o json --interval 0.1
says '"request_permille": 200'
says '"limit_permille": 600'
says '"priority": "high"'
says "\"memory_reserved_bytes\": $((10 << 30))"
hold second --cores 50
refuses 3 "left to guarantee" "$flexai" slice set train --cores 60
refuses 2 "began without --memory" "$flexai" slice set second --memory 1Gi
refuses 1 "there is no slice trian; did you mean train?" "$flexai" slice set trian --cores 1
refuses 1 "no slice has a share of an XPU 'pocl-7'" "$flexai" slice set train --xpu pocl-7 --cores 1
refuses 1 "is in use on $card by pid" "$flexai" slice rm train
expect 0 "ending one with its programs" "$flexai" slice rm train --kill
wait_until "train is gone" no_slice train
release second
wait_until "second is gone" no_slice second
expect 0 "everything again" "$flexai" run --cores 100 --memory 100% -- true

# What the program finds.
expect 0 "the environment" env OPENCL_LAYERS=/opt/other/libother.so LD_PRELOAD= "$flexai" run --name env -- sh -c 'echo "$OPENCL_LAYERS"; echo "$FLEXAI_SLICE"; cat "$FLEXAI_SLICE"'
says "$(realpath "$build/lib")/libflexai_opencl.so:/opt/other/libother.so"
says "$(realpath "$work/runtime")/slice-env"
says "share $card "
[[ ! -e "$work/runtime/slice-env" ]] || fail "the slice's file outlived it"

# Slices are not cut from slices.
refuses 4 "this is inside the slice outer already" "$flexai" run --name outer -- "$flexai" run --name inner -- true

# What this version cannot do is refused, never left out.
refuses 4 "--isolation hard" "$flexai" run --isolation hard -- true
refuses 4 "--isolation partition" "$flexai" run --isolation partition -- true
refuses 4 "--remote" "$flexai" run --remote server:9471 -- true
expect 0 "soft is what there is" "$flexai" run --isolation soft -- true

# A card without an OpenCL driver, and a machine without a layer.
rm "$work/vendors/gpu.icd"
LD_LIBRARY_PATH="$fakes/nvml" refuses 4 "no OpenCL driver shows it; install the OpenCL part" "$flexai" run --xpu nvidia-1a -- true
refuses 4 "no XPU is visible here" "$flexai" run -- true
install_fake gpu
mkdir -p "$work/elsewhere/bin"
cp "$flexai" "$work/elsewhere/bin/flexai"
refuses 4 "libflexai_opencl.so is not beside this program" "$work/elsewhere/bin/flexai" run -- true
