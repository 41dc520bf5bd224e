// A loader's table of our own making, for tests: what the "driver" answers is in the test's hands.
#pragma once

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "intercept/opencl/dispatch.hpp"

namespace flexai::opencl::testing {

struct FakeLoader {
  std::string device_extensions;
  std::string platform_extensions;
  std::vector<cl_name_version> versions;
  cl_int status = CL_SUCCESS;
  std::map<std::string, void*> functions;  // what the look-up finds

  // A platform of a driver with every slot filled, and its empty twin.
  cl_icd_dispatch driver_table{};
  const cl_icd_dispatch* platform_object = &driver_table;
  cl_platform_id platform() { return reinterpret_cast<cl_platform_id>(&platform_object); }
};

/// The loader below the layer under test; installed on first use, one for the whole program as AdoptNext demands.
/// Returns it emptied.
inline FakeLoader& FreshLoader() {
  static FakeLoader loader;
  static bool installed = false;
  if (!installed) {
    installed = true;
    static constexpr auto answer = [](const void* data, size_t size, size_t room, void* value, size_t* size_ret) -> cl_int {
      if (loader.status != CL_SUCCESS) return loader.status;
      if (value != nullptr) {
        if (room < size) return CL_INVALID_VALUE;
        std::memcpy(value, data, size);
      }
      if (size_ret != nullptr) *size_ret = size;
      return CL_SUCCESS;
    };
    static cl_icd_dispatch table{};
    table.clGetDeviceInfo = [](cl_device_id, cl_device_info name, size_t room, void* value, size_t* size_ret) -> cl_int {
      if (name == CL_DEVICE_EXTENSIONS_WITH_VERSION) {
        return answer(loader.versions.data(), loader.versions.size() * sizeof(cl_name_version), room, value, size_ret);
      }
      return answer(loader.device_extensions.c_str(), loader.device_extensions.size() + 1, room, value, size_ret);
    };
    table.clGetPlatformInfo = [](cl_platform_id, cl_platform_info, size_t room, void* value, size_t* size_ret) -> cl_int {
      return answer(loader.platform_extensions.c_str(), loader.platform_extensions.size() + 1, room, value, size_ret);
    };
    table.clGetExtensionFunctionAddress = [](const char* name) -> void* {
      return name != nullptr && loader.functions.contains(name) ? loader.functions[name] : nullptr;
    };
    table.clGetExtensionFunctionAddressForPlatform = [](cl_platform_id, const char* name) -> void* {
      return name != nullptr && loader.functions.contains(name) ? loader.functions[name] : nullptr;
    };
    AdoptNext(&table, kSlots, nullptr);
  }
  loader.device_extensions.clear();
  loader.platform_extensions.clear();
  loader.versions.clear();
  loader.status = CL_SUCCESS;
  loader.functions.clear();
  std::memset(&loader.driver_table, 0xff, sizeof loader.driver_table);
  return loader;
}

}  // namespace flexai::opencl::testing
