#include "intercept/opencl/extensions.hpp"

#include <cstring>
#include <string_view>

#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/table.hpp"

namespace flexai::opencl {
namespace {

using Filter = void (*)(InfoAnswer&);

template <class Query>
cl_int Filtered(Query query, Filter filter, std::size_t room, void* value, std::size_t* size_ret) noexcept {
  InfoAnswer answer;
  if (const cl_int status = answer.Fetch(query); status != CL_SUCCESS) return status;
  filter(answer);
  return GiveInfo(answer.data(), answer.size(), room, value, size_ret);
}

}  // namespace

std::size_t RemoveWithheld(char* text) noexcept {
  char* out = text;
  const char* in = text;
  while (*in != '\0') {
    const std::size_t length = std::strcspn(in, " ");
    if (length != 0 && IsWithheldExtension({in, length})) {
      in += length;
      if (*in == ' ') {
        ++in;
      } else if (out != text && out[-1] == ' ') {
        --out;  // the last name takes the separator before it
      }
      continue;
    }
    const std::size_t with_separator = length + (in[length] == ' ' ? 1 : 0);
    std::memmove(out, in, with_separator);
    out += with_separator;
    in += with_separator;
  }
  *out = '\0';
  return static_cast<std::size_t>(out - text);
}

std::size_t RemoveWithheld(cl_name_version* list, std::size_t count) noexcept {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name(list[i].name, strnlen(list[i].name, sizeof list[i].name));
    if (IsWithheldExtension(name)) continue;
    if (kept != i) list[kept] = list[i];
    ++kept;
  }
  return kept;
}

void FilterNames(InfoAnswer& answer) noexcept {
  if (answer.size() != 0) answer.set_size(RemoveWithheld(answer.data()) + 1);
}

void FilterVersions(InfoAnswer& answer) noexcept {
  auto* list = reinterpret_cast<cl_name_version*>(answer.data());
  answer.set_size(RemoveWithheld(list, answer.size() / sizeof *list) * sizeof *list);
}

namespace hook {

cl_int clGetPlatformInfo(cl_platform_id platform, cl_platform_info param_name, size_t param_value_size, void* param_value,
                         size_t* param_value_size_ret) {
  const auto query = [&](size_t size, void* value, size_t* size_ret) {
    return Next().clGetPlatformInfo(platform, param_name, size, value, size_ret);
  };
  switch (param_name) {
    case CL_PLATFORM_EXTENSIONS: return Filtered(query, FilterNames, param_value_size, param_value, param_value_size_ret);
    case CL_PLATFORM_EXTENSIONS_WITH_VERSION: return Filtered(query, FilterVersions, param_value_size, param_value, param_value_size_ret);
    default: return query(param_value_size, param_value, param_value_size_ret);
  }
}

}  // namespace hook
}  // namespace flexai::opencl
