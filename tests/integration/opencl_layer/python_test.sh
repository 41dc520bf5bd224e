#!/usr/bin/env bash
# pyopencl computes in a slice with the loader that its wheel carries, and finds no command buffers.
. "$(dirname "${BASH_SOURCE[0]}")/drivers.sh"

python="${FLEXAI_TEST_PYTHON:-}"
if [[ -z "$python" ]] || ! "$python" -c 'import pyopencl' 2>/dev/null; then
  echo "skipped: no Python with pyopencl (tools/install-packages python)"
  exit 77
fi

cat >"$scratch/client.py" <<'CLIENT'
import numpy
import pyopencl as cl

for platform in cl.get_platforms():
    for device in platform.get_devices():
        context = cl.Context([device])
        queue = cl.CommandQueue(context)
        host = numpy.arange(1000, dtype=numpy.float32)
        memory = cl.Buffer(context, cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR, hostbuf=host)
        program = cl.Program(context, "kernel void twice(global float* x) { x[get_global_id(0)] *= 2; }").build()
        program.twice(queue, host.shape, None, memory)
        result = numpy.empty_like(host)
        cl.enqueue_copy(queue, result, memory)
        assert (result == host * 2).all(), device.name
        print(device.name, "cl_khr_command_buffer" in device.extensions)
CLIENT

bare="$(timeout 120 "$python" "$scratch/client.py")"
layered="$("$FLEXAI_BUILD_DIR/tests/in_slice" -- env OPENCL_LAYERS="$FLEXAI_LAYER" timeout 120 "$python" "$scratch/client.py")"
echo "$layered"
grep -q True <<<"$bare" || { echo "skipped: no driver here has command buffers" && exit 77; }
if grep -q True <<<"$layered"; then
  echo "command buffers are visible: the wheel's loader did not use the layer"
  exit 1
fi
[[ "$(wc -l <<<"$bare")" == "$(wc -l <<<"$layered")" ]] || { echo "devices are missing under the layer" && exit 1; }
