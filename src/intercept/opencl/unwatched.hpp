// Commands whose end no callback may tell: those of a driver that could not register one, and those that depend on something that failed (PoCL and
// rusticl then call nobody). They are looked at now and then: before a gate sleeps, when somebody waits for the XPU, and after clFinish. Any thread.
#pragma once

#include "intercept/opencl/cl_headers.hpp"

namespace flexai::opencl {

/// Looks after the command of that name (NameOf) from now on; a reference to its `event` is handed over. `called_back`: unless it fails, a callback tells.
void KeepUnwatched(void* name, cl_event event, bool called_back) noexcept;

/// Ends those that are over. One load while there are none.
void SweepUnwatched() noexcept;

/// A command failed or was made to fail. From then on those that come with a wait list are looked at once when they enter: a dependency may have failed.
void NoteFailure() noexcept;
[[nodiscard]] bool FailuresSeen() noexcept;

}  // namespace flexai::opencl
