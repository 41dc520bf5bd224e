// clGetExtensionFunctionAddress and its ForPlatform sister: the way around the table. The driver answers first, so what it
// does not have stays null; of what it has, the application gets a hook, the driver's own pointer, or nothing, as
// opencl.def says. A function that is not listed there is nothing.
#include <string_view>

#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/table.hpp"

namespace flexai::opencl {
namespace {

// `found` is what the driver or loader answered, not null. `platform` is null when the caller named none.
void* Allowed(cl_platform_id platform, std::string_view name, void* found) noexcept {
  if (const Api* api = FindApi(name)) {
    void* hook = HookIn(static_cast<Slot>(api - kApis));
    return hook != nullptr ? hook : found;
  }
  const ExtensionApi* api = FindExtensionApi(name);
  if (api == nullptr || api->local == LocalClass::withhold) return nullptr;
  if (api->alias < 0) return found;

  const Slot core = static_cast<Slot>(api->alias);
  void* hook = HookIn(core);
  if (hook == nullptr) return found;
  // An old driver may have the extension's function and not the core one, which the hook would end in.
  return platform != nullptr && DriverHas(platform, core) ? hook : nullptr;
}

}  // namespace

namespace hook {

void* clGetExtensionFunctionAddress(const char* func_name) {
  void* found = Next().clGetExtensionFunctionAddress(func_name);
  return found == nullptr || func_name == nullptr ? nullptr : Allowed(nullptr, func_name, found);
}

void* clGetExtensionFunctionAddressForPlatform(cl_platform_id platform, const char* func_name) {
  void* found = Next().clGetExtensionFunctionAddressForPlatform(platform, func_name);
  return found == nullptr || func_name == nullptr ? nullptr : Allowed(platform, func_name, found);
}

}  // namespace hook
}  // namespace flexai::opencl
