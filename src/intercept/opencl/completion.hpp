// The end of a command: its device time is measured and charged, what it was admitted with is given back. Runs in driver threads, inside callbacks: it
// never blocks and calls only what the OpenCL specification allows there.
#pragma once

#include "intercept/opencl/cl_headers.hpp"
#include "intercept/opencl/commands.hpp"

namespace flexai::opencl {

/// Asks the driver to tell when `event` is over; `name` is NameOf its command, which may be over when this returns. False when the driver cannot.
[[nodiscard]] bool WatchEnd(cl_event event, void* name) noexcept;

/// Ends a command that the caller has claimed (or never showed to a driver), with the status that the driver gave.
void EndCommand(Command& command, cl_int status) noexcept;

}  // namespace flexai::opencl
