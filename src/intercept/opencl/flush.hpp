// A lease never rests on work that a driver has not begun: which queues hold admitted commands that were not flushed, and who flushes them when somebody
// else waits for the XPU. Any thread.
#pragma once

#include "intercept/opencl/cl_headers.hpp"
#include "intercept/opencl/queues.hpp"

namespace flexai::opencl {

/// Admitted work entered the queue. False: that was noted already and nobody has flushed since.
bool NoteUnflushed(Queue& queue) noexcept;

/// Flushes the queue if it holds unflushed work, and closes an open tail. The caller owns a reference or a pin.
void FlushQueue(Queue& queue) noexcept;

/// The driver is about to flush the queue by itself (clFinish, a blocking command).
void WillBeFlushed(Queue& queue) noexcept;

}  // namespace flexai::opencl
