#include "intercept/opencl/device_info.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/extensions.hpp"
#include "intercept/opencl/hooks.hpp"

namespace flexai::opencl {

// An answer kept for ever, its bytes behind it.
struct KeptInfo {
  std::size_t size;
  [[nodiscard]] const char* data() const noexcept { return reinterpret_cast<const char*>(this + 1); }
};

namespace {

const KeptInfo* Keep(const InfoAnswer& answer) noexcept {
  void* room = std::malloc(sizeof(KeptInfo) + answer.size());
  if (room == nullptr) return nullptr;
  auto* kept = new (room) KeptInfo{answer.size()};
  std::memcpy(kept + 1, answer.data(), answer.size());
  return kept;
}

// The filtered answer, from the second question on without the driver: programs ask for extensions by the ten thousand, and searching the string each time
// takes microseconds. `kept` is null for what is not listed (sub-devices).
template <class Query>
cl_int Filtered(std::atomic<const KeptInfo*>* kept, Query query, void (*filter)(InfoAnswer&), std::size_t room, void* value,
                std::size_t* size_ret) noexcept {
  const KeptInfo* known = kept != nullptr ? kept->load(std::memory_order_acquire) : nullptr;
  if (known == nullptr) {
    InfoAnswer answer;
    if (const cl_int status = answer.Fetch(query); status != CL_SUCCESS) return status;
    filter(answer);
    const KeptInfo* fresh = kept != nullptr ? Keep(answer) : nullptr;
    if (fresh == nullptr) return GiveInfo(answer.data(), answer.size(), room, value, size_ret);
    // Pairs with the acquire above, in whatever thread asks next.
    if (kept->compare_exchange_strong(known, fresh, std::memory_order_acq_rel)) {
      known = fresh;
    } else {
      std::free(const_cast<KeptInfo*>(fresh));
    }
  }
  return GiveInfo(known->data(), known->size, room, value, size_ret);
}

// Lowers the number that the driver has written, and leaves everything else of its answer.
template <class Number>
void LowerTo(std::uint64_t limit, void* value) noexcept {
  Number number;
  std::memcpy(&number, value, sizeof number);  // the application's buffer may lie anywhere
  number = static_cast<Number>(std::min<std::uint64_t>(number, limit));
  std::memcpy(value, &number, sizeof number);
}

std::uint64_t FreeMemory(const slice::Tenant& tenant) noexcept {
  const std::uint64_t quota = tenant.MemoryQuota().value;
  const std::uint64_t held = tenant.MemoryHeld().value;
  return held < quota ? quota - held : 0;
}

void Lower(cl_device_info name, const Device& device, const slice::Tenant& tenant, void* value, std::size_t room) noexcept {
  switch (name) {
    case CL_DEVICE_GLOBAL_MEM_SIZE: return LowerTo<cl_ulong>(tenant.MemoryQuota().value, value);
    // Constant memory and global variables are made of global memory: a program that takes the device at its word must be able to allocate them.
    case CL_DEVICE_MAX_MEM_ALLOC_SIZE:
    case CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE: return LowerTo<cl_ulong>(MostOneBuffer(device, tenant), value);
    case CL_DEVICE_MAX_GLOBAL_VARIABLE_SIZE:
    case CL_DEVICE_GLOBAL_VARIABLE_PREFERRED_TOTAL_SIZE: return LowerTo<size_t>(tenant.MemoryQuota().value, value);
    case CL_DEVICE_GLOBAL_FREE_MEMORY_AMD: {
      // KiB free in all, and in the largest block; a driver may give the first alone.
      const std::uint64_t kib = FreeMemory(tenant) >> 10;
      for (std::size_t at = 0; at + sizeof(size_t) <= std::min(room, 2 * sizeof(size_t)); at += sizeof(size_t)) {
        LowerTo<size_t>(kib, static_cast<char*>(value) + at);
      }
      return;
    }
    default: return;
  }
}

}  // namespace

std::uint64_t MostOneBuffer(const Device& device, const slice::Tenant& tenant) noexcept {
  return std::min(device.most_one_buffer, tenant.MemoryQuota().value);
}

namespace hook {

cl_int clGetDeviceInfo(cl_device_id device, cl_device_info param_name, size_t param_value_size, void* param_value,
                       size_t* param_value_size_ret) {
  const auto query = [&](size_t size, void* value, size_t* size_ret) {
    return Next().clGetDeviceInfo(device, param_name, size, value, size_ret);
  };
  switch (param_name) {
    case CL_DEVICE_EXTENSIONS:
    case CL_DEVICE_EXTENSIONS_WITH_VERSION: {
      const Device* root = RootDevice(device);
      const bool listed = root != nullptr && root->handle == device;
      const bool names = param_name == CL_DEVICE_EXTENSIONS;
      auto* kept = !listed ? nullptr : names ? &root->extensions : &root->extensions_with_version;
      return Filtered(kept, query, names ? FilterNames : FilterVersions, param_value_size, param_value, param_value_size_ret);
    }
    case CL_DEVICE_GLOBAL_MEM_SIZE:
    case CL_DEVICE_MAX_MEM_ALLOC_SIZE:
    case CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE:
    case CL_DEVICE_MAX_GLOBAL_VARIABLE_SIZE:
    case CL_DEVICE_GLOBAL_VARIABLE_PREFERRED_TOTAL_SIZE:
    case CL_DEVICE_GLOBAL_FREE_MEMORY_AMD: {
      size_t written = 0;
      const cl_int status = query(param_value_size, param_value, &written);
      if (status != CL_SUCCESS) return status;
      if (param_value_size_ret != nullptr) *param_value_size_ret = written;
      if (param_value == nullptr) return status;
      const Device* root = RootDevice(device);
      const slice::Tenant* tenant = root != nullptr ? TenantOf(*root) : nullptr;
      if (tenant != nullptr) Lower(param_name, *root, *tenant, param_value, std::min(written, param_value_size));
      return status;
    }
    default: return query(param_value_size, param_value, param_value_size_ret);
  }
}

}  // namespace hook
}  // namespace flexai::opencl
