// Declares hook::clXxx for every function of opencl.def that is not `pass`, with the type the Khronos headers give it.
// A hook is what the layer puts into the slot; it runs on the application's thread and calls Next() for the driver's answer.
// Handles may be null or invalid: the loader checks them below us, and a hook must let it.
#pragma once

#include <type_traits>

#include "intercept/opencl/cl_headers.hpp"

namespace flexai::opencl {
namespace hook {

#define FLEXAI_HOOK(name) std::remove_pointer_t<decltype(cl_icd_dispatch::name)> name;
#define FLEXAI_HOOK_pass(name)
#define FLEXAI_HOOK_gate(name) FLEXAI_HOOK(name)
#define FLEXAI_HOOK_memory(name) FLEXAI_HOOK(name)
#define FLEXAI_HOOK_flush(name) FLEXAI_HOOK(name)
#define FLEXAI_HOOK_query(name) FLEXAI_HOOK(name)
#define FLEXAI_HOOK_lifetime(name) FLEXAI_HOOK(name)
#define FLEXAI_API(name, since, local, remote) FLEXAI_HOOK_##local(name)
#include "api/hooks/opencl.def"
#undef FLEXAI_HOOK
#undef FLEXAI_HOOK_pass
#undef FLEXAI_HOOK_gate
#undef FLEXAI_HOOK_memory
#undef FLEXAI_HOOK_flush
#undef FLEXAI_HOOK_query
#undef FLEXAI_HOOK_lifetime

}  // namespace hook
}  // namespace flexai::opencl
