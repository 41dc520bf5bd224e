// api/hooks/opencl.def as constants: what is known of every OpenCL function, with nothing but the compiler involved.
// Used by the table builder, the look-up of extension functions, the extension filter and the tests. Pure data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "intercept/opencl/cl_headers.hpp"

namespace flexai::opencl {

/// Columns of opencl.def, explained there; spelled as there.
enum class LocalClass : std::uint8_t { pass, gate, memory, flush, query, lifetime, withhold };
enum class RemoteClass : std::uint8_t { local, send, reply, sync };

/// Index of a function in cl_icd_dispatch.
enum class Slot : std::uint16_t {
#define FLEXAI_API(name, since, local, remote) name,
#include "api/hooks/opencl.def"
};

struct Api {
  std::string_view name;
  std::uint16_t since;
  LocalClass local;
  RemoteClass remote;
};

inline constexpr Api kApis[] = {
#define FLEXAI_API(name, since, local, remote) {#name, since, LocalClass::local, RemoteClass::remote},
#include "api/hooks/opencl.def"
};
inline constexpr std::size_t kSlots = sizeof(kApis) / sizeof(kApis[0]);

// The list is complete and in the header's order.
static_assert(kSlots * sizeof(void*) == sizeof(cl_icd_dispatch));
#define FLEXAI_API(name, since, local, remote) \
  static_assert(offsetof(cl_icd_dispatch, name) == static_cast<std::size_t>(Slot::name) * sizeof(void*));
#include "api/hooks/opencl.def"

/// A function without a slot, reached by name only.
struct ExtensionApi {
  std::string_view name;
  std::string_view extension;
  LocalClass local;    // pass or withhold; an alias has its slot's class
  std::int16_t alias;  // the slot whose function it is, or -1
};

inline constexpr ExtensionApi kExtensionApis[] = {
#define FLEXAI_EXT_API(name, extension, local, remote) {#name, #extension, LocalClass::local, -1},
#define FLEXAI_EXT_ALIAS(name, extension, core) \
  {#name, #extension, kApis[static_cast<std::size_t>(Slot::core)].local, static_cast<std::int16_t>(Slot::core)},
#include "api/hooks/opencl.def"
};

struct WithheldExtension {
  std::string_view name;
  std::string_view why;  // a phrase for `flexai doctor`
};

inline constexpr WithheldExtension kWithheldExtensions[] = {
#define FLEXAI_WITHHELD(extension, why) {#extension, why},
#include "api/hooks/opencl.def"
};

/// The function's description, or null. Linear: a look-up happens a few times in a program's life.
[[nodiscard]] constexpr const Api* FindApi(std::string_view name) noexcept {
  for (const Api& api : kApis) {
    if (api.name == name) return &api;
  }
  return nullptr;
}

[[nodiscard]] constexpr const ExtensionApi* FindExtensionApi(std::string_view name) noexcept {
  for (const ExtensionApi& api : kExtensionApis) {
    if (api.name == name) return &api;
  }
  return nullptr;
}

[[nodiscard]] constexpr bool IsWithheldExtension(std::string_view name) noexcept {
  for (const WithheldExtension& extension : kWithheldExtensions) {
    if (extension.name == name) return true;
  }
  return false;
}

}  // namespace flexai::opencl
