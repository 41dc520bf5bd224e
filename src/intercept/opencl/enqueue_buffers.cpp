// Reads, writes, copies and fills of buffers.
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/submission.hpp"

namespace flexai::opencl {
namespace {

std::uint64_t Bytes(const size_t* region) noexcept { return region != nullptr ? std::uint64_t{region[0]} * region[1] * region[2] : 0; }

Work Blocking(Work work, cl_bool blocking) noexcept {
  work.blocking = blocking != CL_FALSE;
  return work;
}

}  // namespace

namespace hook {

cl_int clEnqueueReadBuffer(cl_command_queue command_queue, cl_mem buffer, cl_bool blocking_read, size_t offset, size_t size, void* ptr,
                           cl_uint num_events_in_wait_list, const cl_event* event_wait_list, cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueReadBuffer>(
      command_queue, Blocking(CopyWork(Slot::clEnqueueReadBuffer, size), blocking_read), {num_events_in_wait_list, event_wait_list}, event,
      buffer, blocking_read, offset, size, ptr);
}

cl_int clEnqueueWriteBuffer(cl_command_queue command_queue, cl_mem buffer, cl_bool blocking_write, size_t offset, size_t size,
                            const void* ptr, cl_uint num_events_in_wait_list, const cl_event* event_wait_list, cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueWriteBuffer>(
      command_queue, Blocking(CopyWork(Slot::clEnqueueWriteBuffer, size), blocking_write), {num_events_in_wait_list, event_wait_list},
      event, buffer, blocking_write, offset, size, ptr);
}

cl_int clEnqueueReadBufferRect(cl_command_queue command_queue, cl_mem buffer, cl_bool blocking_read, const size_t* buffer_origin,
                               const size_t* host_origin, const size_t* region, size_t buffer_row_pitch, size_t buffer_slice_pitch,
                               size_t host_row_pitch, size_t host_slice_pitch, void* ptr, cl_uint num_events_in_wait_list,
                               const cl_event* event_wait_list, cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueReadBufferRect>(
      command_queue, Blocking(CopyWork(Slot::clEnqueueReadBufferRect, Bytes(region)), blocking_read),
      {num_events_in_wait_list, event_wait_list}, event, buffer, blocking_read, buffer_origin, host_origin, region, buffer_row_pitch,
      buffer_slice_pitch, host_row_pitch, host_slice_pitch, ptr);
}

cl_int clEnqueueWriteBufferRect(cl_command_queue command_queue, cl_mem buffer, cl_bool blocking_write, const size_t* buffer_origin,
                                const size_t* host_origin, const size_t* region, size_t buffer_row_pitch, size_t buffer_slice_pitch,
                                size_t host_row_pitch, size_t host_slice_pitch, const void* ptr, cl_uint num_events_in_wait_list,
                                const cl_event* event_wait_list, cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueWriteBufferRect>(
      command_queue, Blocking(CopyWork(Slot::clEnqueueWriteBufferRect, Bytes(region)), blocking_write),
      {num_events_in_wait_list, event_wait_list}, event, buffer, blocking_write, buffer_origin, host_origin, region, buffer_row_pitch,
      buffer_slice_pitch, host_row_pitch, host_slice_pitch, ptr);
}

cl_int clEnqueueCopyBuffer(cl_command_queue command_queue, cl_mem src_buffer, cl_mem dst_buffer, size_t src_offset, size_t dst_offset,
                           size_t size, cl_uint num_events_in_wait_list, const cl_event* event_wait_list, cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueCopyBuffer>(command_queue, CopyWork(Slot::clEnqueueCopyBuffer, size),
                                                            {num_events_in_wait_list, event_wait_list}, event, src_buffer, dst_buffer,
                                                            src_offset, dst_offset, size);
}

cl_int clEnqueueCopyBufferRect(cl_command_queue command_queue, cl_mem src_buffer, cl_mem dst_buffer, const size_t* src_origin,
                               const size_t* dst_origin, const size_t* region, size_t src_row_pitch, size_t src_slice_pitch,
                               size_t dst_row_pitch, size_t dst_slice_pitch, cl_uint num_events_in_wait_list,
                               const cl_event* event_wait_list, cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueCopyBufferRect>(
      command_queue, CopyWork(Slot::clEnqueueCopyBufferRect, Bytes(region)), {num_events_in_wait_list, event_wait_list}, event, src_buffer,
      dst_buffer, src_origin, dst_origin, region, src_row_pitch, src_slice_pitch, dst_row_pitch, dst_slice_pitch);
}

cl_int clEnqueueFillBuffer(cl_command_queue command_queue, cl_mem buffer, const void* pattern, size_t pattern_size, size_t offset,
                           size_t size, cl_uint num_events_in_wait_list, const cl_event* event_wait_list, cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueFillBuffer>(command_queue, CopyWork(Slot::clEnqueueFillBuffer, size),
                                                            {num_events_in_wait_list, event_wait_list}, event, buffer, pattern,
                                                            pattern_size, offset, size);
}

cl_int clEnqueueMigrateMemObjects(cl_command_queue command_queue, cl_uint num_mem_objects, const cl_mem* mem_objects,
                                  cl_mem_migration_flags flags, cl_uint num_events_in_wait_list, const cl_event* event_wait_list,
                                  cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueMigrateMemObjects>(
      command_queue, CopyWork(Slot::clEnqueueMigrateMemObjects, num_mem_objects), {num_events_in_wait_list, event_wait_list}, event,
      num_mem_objects, mem_objects, flags);
}

void* clEnqueueMapBuffer(cl_command_queue command_queue, cl_mem buffer, cl_bool blocking_map, cl_map_flags map_flags, size_t offset,
                         size_t size, cl_uint num_events_in_wait_list, const cl_event* event_wait_list, cl_event* event,
                         cl_int* errcode_ret) {
  void* mapped = nullptr;
  const cl_int status = Enqueue(command_queue, Blocking(CopyWork(Slot::clEnqueueMapBuffer, size), blocking_map),
                                {num_events_in_wait_list, event_wait_list}, event, [&](cl_event* out) {
                                  cl_int error = CL_SUCCESS;
                                  mapped = Next().clEnqueueMapBuffer(command_queue, buffer, blocking_map, map_flags, offset, size,
                                                                     num_events_in_wait_list, event_wait_list, out, &error);
                                  return error;
                                });
  if (errcode_ret != nullptr) *errcode_ret = status;
  return mapped;
}

cl_int clEnqueueUnmapMemObject(cl_command_queue command_queue, cl_mem memobj, void* mapped_ptr, cl_uint num_events_in_wait_list,
                               const cl_event* event_wait_list, cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueUnmapMemObject>(command_queue, CopyWork(Slot::clEnqueueUnmapMemObject, 1),
                                                                {num_events_in_wait_list, event_wait_list}, event, memobj, mapped_ptr);
}

}  // namespace hook
}  // namespace flexai::opencl
