// What the filter costs per query of a real driver's extension string (Intel's CPU runtime, 49 names).
#include "intercept/opencl/extensions.hpp"

#include <benchmark/benchmark.h>

#include <cstring>

namespace {

constexpr char kNames[] =
    "cl_khr_spirv_linkonce_odr cl_khr_fp64 cl_khr_fp16 cl_intel_bfloat16 cl_intel_sigmoid cl_khr_global_int32_base_atomics "
    "cl_khr_global_int32_extended_atomics cl_khr_local_int32_base_atomics cl_khr_local_int32_extended_atomics "
    "cl_ext_float_atomics cl_khr_3d_image_writes cl_khr_byte_addressable_store cl_khr_depth_images cl_khr_extended_bit_ops "
    "cl_khr_icd cl_khr_il_program cl_khr_suggested_local_work_size cl_intel_unified_shared_memory "
    "cl_intel_devicelib_assert cl_khr_subgroup_ballot cl_khr_subgroup_shuffle cl_khr_subgroup_shuffle_relative "
    "cl_khr_subgroup_extended_types cl_khr_subgroup_non_uniform_arithmetic cl_khr_subgroup_non_uniform_vote "
    "cl_khr_subgroup_clustered_reduce cl_khr_subgroup_rotate cl_intel_subgroups cl_intel_subgroups_char "
    "cl_intel_subgroups_short cl_intel_subgroups_long cl_intel_required_subgroup_size cl_intel_spirv_subgroups "
    "cl_khr_int64_base_atomics cl_khr_int64_extended_atomics cl_intel_device_attribute_query "
    "cl_intel_exec_by_local_thread cl_intel_vec_len_hint cl_intel_device_partition_by_names cl_khr_spir "
    "cl_khr_image2d_from_buffer cl_intel_concurrent_dispatch cl_khr_device_uuid cl_khr_integer_dot_product "
    "cl_khr_command_buffer cl_khr_command_buffer_mutable_dispatch cl_intel_subgroup_local_block_io cl_khr_kernel_clock "
    "cl_khr_spirv_queries";

void FilterNames(benchmark::State& state) {
  char text[sizeof kNames];
  for (auto _ : state) {
    std::memcpy(text, kNames, sizeof kNames);
    benchmark::DoNotOptimize(flexai::opencl::RemoveWithheld(text));
  }
}
BENCHMARK(FilterNames);

}  // namespace
