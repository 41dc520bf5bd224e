// What a call costs the calling thread: one that only passes through, and an enqueue on an idle device. Main thread.
#pragma once

#include "base/document.hpp"
#include "bench/load/opencl_device.hpp"

namespace flexai::load {

/// Runs until `to`. The document: {pass_ns, enqueue_ns}: medians over batches, of one call.
[[nodiscard]] Document MeasureCalls(OpenclDevice& device, Nanos to);

}  // namespace flexai::load
