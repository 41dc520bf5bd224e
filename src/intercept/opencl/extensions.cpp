#include "intercept/opencl/extensions.hpp"

#include <cstdlib>
#include <cstring>
#include <string_view>

#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/table.hpp"

namespace flexai::opencl {
namespace {

// A driver's complete answer, on the stack when it is small.
class Answer {
 public:
  Answer() = default;
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() {
    if (data_ != small_) std::free(data_);
  }

  /// `query(size, value, size_ret)` is the driver's call. On success data() holds size() bytes.
  template <class Query>
  [[nodiscard]] cl_int Fetch(Query query) noexcept {
    if (const cl_int status = query(0, nullptr, &size_); status != CL_SUCCESS) return status;
    if (size_ >= sizeof small_) {
      data_ = static_cast<char*>(std::malloc(size_ + 1));
      if (data_ == nullptr) {
        data_ = small_;
        return CL_OUT_OF_HOST_MEMORY;
      }
    }
    if (const cl_int status = query(size_, data_, &size_); status != CL_SUCCESS) return status;
    data_[size_] = '\0';
    return CL_SUCCESS;
  }

  /// The answer to the application, by the rules of all clGet*Info calls.
  [[nodiscard]] cl_int Give(std::size_t room, void* value, std::size_t* size_ret) const noexcept {
    if (value != nullptr) {
      if (room < size_) return CL_INVALID_VALUE;
      std::memcpy(value, data_, size_);
    }
    if (size_ret != nullptr) *size_ret = size_;
    return CL_SUCCESS;
  }

  char* data() noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  void set_size(std::size_t size) noexcept { size_ = size; }

 private:
  alignas(cl_name_version) char small_[4096];
  char* data_ = small_;
  std::size_t size_ = 0;
};

template <class Query>
cl_int FilteredNames(Query query, std::size_t room, void* value, std::size_t* size_ret) noexcept {
  Answer answer;
  if (const cl_int status = answer.Fetch(query); status != CL_SUCCESS) return status;
  if (answer.size() != 0) answer.set_size(RemoveWithheld(answer.data()) + 1);
  return answer.Give(room, value, size_ret);
}

template <class Query>
cl_int FilteredVersions(Query query, std::size_t room, void* value, std::size_t* size_ret) noexcept {
  Answer answer;
  if (const cl_int status = answer.Fetch(query); status != CL_SUCCESS) return status;
  auto* list = reinterpret_cast<cl_name_version*>(answer.data());
  answer.set_size(RemoveWithheld(list, answer.size() / sizeof *list) * sizeof *list);
  return answer.Give(room, value, size_ret);
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

namespace hook {

cl_int clGetPlatformInfo(cl_platform_id platform, cl_platform_info param_name, size_t param_value_size, void* param_value,
                         size_t* param_value_size_ret) {
  const auto query = [&](size_t size, void* value, size_t* size_ret) {
    return Next().clGetPlatformInfo(platform, param_name, size, value, size_ret);
  };
  switch (param_name) {
    case CL_PLATFORM_EXTENSIONS: return FilteredNames(query, param_value_size, param_value, param_value_size_ret);
    case CL_PLATFORM_EXTENSIONS_WITH_VERSION: return FilteredVersions(query, param_value_size, param_value, param_value_size_ret);
    default: return query(param_value_size, param_value, param_value_size_ret);
  }
}

cl_int clGetDeviceInfo(cl_device_id device, cl_device_info param_name, size_t param_value_size, void* param_value,
                       size_t* param_value_size_ret) {
  const auto query = [&](size_t size, void* value, size_t* size_ret) {
    return Next().clGetDeviceInfo(device, param_name, size, value, size_ret);
  };
  switch (param_name) {
    case CL_DEVICE_EXTENSIONS: return FilteredNames(query, param_value_size, param_value, param_value_size_ret);
    case CL_DEVICE_EXTENSIONS_WITH_VERSION: return FilteredVersions(query, param_value_size, param_value, param_value_size_ret);
    default: return query(param_value_size, param_value, param_value_size_ret);
  }
}

}  // namespace hook
}  // namespace flexai::opencl
