#!/usr/bin/env python3
"""Uses pyopencl as numerical programs do and checks every result with numpy.   pyopencl_client.py SECONDS

Prints a digest of each result's bytes. With SECONDS it goes on with kernels, several in flight, after the line `at work`.
"""
import hashlib
import sys
import time

import numpy as np
import pyopencl as cl
import pyopencl.array

device = next(d for p in cl.get_platforms() for d in p.get_devices())
context = cl.Context([device])
queue = cl.CommandQueue(context, properties=cl.command_queue_properties.PROFILING_ENABLE)
program = cl.Program(context, """
kernel void iterate(global float *x, int rounds) {
  float v = x[get_global_id(0)];
  for (int i = 0; i < rounds; i++) v = 3.7f * v * (1.0f - v);
  x[get_global_id(0)] = v;
}
kernel void reduce(global const int *in, global int *out, local int *partial) {
  const int i = get_local_id(0);
  partial[i] = in[get_global_id(0)];
  for (int step = get_local_size(0) / 2; step > 0; step /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (i < step) partial[i] += partial[i + step];
  }
  if (i == 0) out[get_group_id(0)] = partial[0];
}""").build()
iterate, reduce = cl.Kernel(program, "iterate"), cl.Kernel(program, "reduce")
generator = np.random.default_rng(7)


def report(name, found, expected, **tolerance):
    assert np.allclose(found, expected, **tolerance), f"{name}: wrong on {device.name}"
    print(name, hashlib.sha256(np.ascontiguousarray(found).tobytes()).hexdigest()[:16])


# Arrays: elementwise kernels that pyopencl writes, slices of buffers.
host_a = generator.random(1 << 16, dtype=np.float32)
host_b = generator.random(1 << 16, dtype=np.float32)
a, b = cl.array.to_device(queue, host_a), cl.array.to_device(queue, host_b)
report("axpy", (2 * a + b).get(), 2 * host_a + host_b, rtol=1e-6)
report("part", a[128:1024].get(), host_a[128:1024])

# Local memory, barriers, a sum in two kernels.
host = generator.integers(0, 100, 1 << 14, dtype=np.int32)
numbers, sums = cl.array.to_device(queue, host), cl.array.empty(queue, 256, np.int32)
reduce(queue, host.shape, (64,), numbers.data, sums.data, cl.LocalMemory(256))
report("reduce", sums.get(), host.reshape(-1, 64).sum(axis=1))

# A buffer written through a map, a sub-buffer, a fill, and what an event says of times.
buffer = cl.Buffer(context, cl.mem_flags.READ_WRITE, size=4096)
cl.enqueue_fill_buffer(queue, buffer, np.float32(0.3), 0, 4096)
mapped, _ = cl.enqueue_map_buffer(queue, buffer, cl.map_flags.WRITE, 0, (16,), np.float32)
mapped[:] = np.linspace(0.1, 0.9, 16, dtype=np.float32)
mapped.base.release(queue)
event = iterate(queue, (1024,), None, buffer, np.int32(10))
event.wait()
assert event.profile.end >= event.profile.start
found, expected = np.empty(1024, np.float32), np.full(1024, 0.3, np.float32)
expected[:16] = np.linspace(0.1, 0.9, 16, dtype=np.float32)
for _ in range(10):
    expected = np.float32(3.7) * expected * (np.float32(1) - expected)
cl.enqueue_copy(queue, found, buffer)
report("iterate", found, expected, rtol=1e-2)

# Errors are the driver's own.
try:
    cl.Program(context, "kernel void broken(").build()
    sys.exit("a broken program was built")
except cl.RuntimeError as error:
    assert error.code == cl.status_code.BUILD_PROGRAM_FAILURE, error

seconds = float(sys.argv[1])
if seconds > 0:
    # Two batches of some tens of milliseconds in flight: the device has work also while this process has none of the CPU.
    work = cl.array.to_device(queue, np.full(4096, 0.3, dtype=np.float32))
    began = time.monotonic()
    iterate(queue, work.shape, None, work.data, np.int32(1000)).wait()
    began = time.monotonic()
    iterate(queue, work.shape, None, work.data, np.int32(1000)).wait()
    batch = int(min(200, max(4, 0.03 / (time.monotonic() - began))))
    end, previous = None, None
    while end is None or time.monotonic() < end:
        for _ in range(batch):
            event = iterate(queue, work.shape, None, work.data, np.int32(1000))
        queue.flush()
        if previous is not None:
            previous.wait()
            if end is None:
                print("at work", flush=True)
                end = time.monotonic() + seconds
        previous = event
    queue.finish()
