// What an OpenCL loader looks up in a layer (cl_loader_layers). Called once per loader, on the thread of the application's
// first OpenCL call, before any hook.
//
// Three loaders are in use and ask for different things:
//   ocl-icd, and Khronos up to 2025   clGetLayerInfo, clInitLayer
//   Khronos 3.1                       clGetLayerInfo, clInitLayerWithProperties; without it the layer is dropped silently
//   all                               API version 100; a null entry of our table is replaced by the loader's own
// The layer never refuses: a loader drops a refused layer without a word, and the program would run unenforced.
#include <cstring>

#include "intercept/opencl/dispatch.hpp"

// Not in Debian 12's headers yet (they are of 2023); cl_layer.h of 2026 declares them so.
using cl_layer_properties_later = cl_properties;

#define FLEXAI_EXPORT extern "C" __attribute__((visibility("default")))

namespace flexai::opencl {
namespace {

constexpr char kLayerName[] = "flexai";

cl_int Answer(const void* value, std::size_t bytes, std::size_t room, void* out, std::size_t* bytes_out) noexcept {
  if (out != nullptr) {
    if (room < bytes) return CL_INVALID_VALUE;
    std::memcpy(out, value, bytes);
  }
  if (bytes_out != nullptr) *bytes_out = bytes;
  return CL_SUCCESS;
}

cl_int Init(cl_uint num_entries, const cl_icd_dispatch* target, cl_uint* num_entries_ret, const cl_icd_dispatch** layer_ret,
            const void* caller) noexcept {
  if (target == nullptr || num_entries_ret == nullptr || layer_ret == nullptr) return CL_INVALID_VALUE;
  AdoptNext(target, num_entries, caller);
  // More entries than the loader has are ignored by it; fewer leave its newer ones as they are.
  *num_entries_ret = kSlots;
  *layer_ret = &LayerTable();
  return CL_SUCCESS;
}

}  // namespace
}  // namespace flexai::opencl

FLEXAI_EXPORT cl_int CL_API_CALL clGetLayerInfo(cl_layer_info param_name, size_t param_value_size, void* param_value,
                                                size_t* param_value_size_ret) {
  using namespace flexai::opencl;
  switch (param_name) {
    case CL_LAYER_API_VERSION: {
      const cl_layer_api_version version = CL_LAYER_API_VERSION_100;
      return Answer(&version, sizeof version, param_value_size, param_value, param_value_size_ret);
    }
    case CL_LAYER_NAME: return Answer(kLayerName, sizeof kLayerName, param_value_size, param_value, param_value_size_ret);
    default: return CL_INVALID_VALUE;
  }
}

FLEXAI_EXPORT cl_int CL_API_CALL clInitLayer(cl_uint num_entries, const cl_icd_dispatch* target_dispatch, cl_uint* num_entries_ret,
                                             const cl_icd_dispatch** layer_dispatch_ret) {
  return flexai::opencl::Init(num_entries, target_dispatch, num_entries_ret, layer_dispatch_ret, __builtin_return_address(0));
}

// Properties only choose between clDeinitLayer and atexit for the end; we need neither.
FLEXAI_EXPORT cl_int CL_API_CALL clInitLayerWithProperties(cl_uint num_entries, const cl_icd_dispatch* target_dispatch,
                                                           cl_uint* num_entries_ret, const cl_icd_dispatch** layer_dispatch_ret,
                                                           const cl_layer_properties_later*) {
  return flexai::opencl::Init(num_entries, target_dispatch, num_entries_ret, layer_dispatch_ret, __builtin_return_address(0));
}

// Khronos 3.1 calls it while the process exits, before it unloads the drivers. Other threads may still be inside hooks, and
// the other loader of the process still uses us: nothing is torn down.
FLEXAI_EXPORT cl_int CL_API_CALL clDeinitLayer() { return CL_SUCCESS; }
