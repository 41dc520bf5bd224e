// Reads, writes, copies, fills and maps of images. Sizes are in pixels: they only have to tell small from large.
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/submission.hpp"

namespace flexai::opencl {
namespace {

Work ImageWork(Slot operation, const size_t* region, cl_bool blocking = CL_FALSE) noexcept {
  Work work = CopyWork(operation, region != nullptr ? std::uint64_t{region[0]} * region[1] * region[2] : 0);
  work.blocking = blocking != CL_FALSE;
  return work;
}

}  // namespace

namespace hook {

cl_int clEnqueueReadImage(cl_command_queue command_queue, cl_mem image, cl_bool blocking_read, const size_t* origin, const size_t* region,
                          size_t row_pitch, size_t slice_pitch, void* ptr, cl_uint num_events_in_wait_list, const cl_event* event_wait_list,
                          cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueReadImage>(command_queue, ImageWork(Slot::clEnqueueReadImage, region, blocking_read),
                                                           {num_events_in_wait_list, event_wait_list}, event, image, blocking_read, origin,
                                                           region, row_pitch, slice_pitch, ptr);
}

cl_int clEnqueueWriteImage(cl_command_queue command_queue, cl_mem image, cl_bool blocking_write, const size_t* origin, const size_t* region,
                           size_t input_row_pitch, size_t input_slice_pitch, const void* ptr, cl_uint num_events_in_wait_list,
                           const cl_event* event_wait_list, cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueWriteImage>(command_queue, ImageWork(Slot::clEnqueueWriteImage, region, blocking_write),
                                                            {num_events_in_wait_list, event_wait_list}, event, image, blocking_write,
                                                            origin, region, input_row_pitch, input_slice_pitch, ptr);
}

cl_int clEnqueueCopyImage(cl_command_queue command_queue, cl_mem src_image, cl_mem dst_image, const size_t* src_origin,
                          const size_t* dst_origin, const size_t* region, cl_uint num_events_in_wait_list, const cl_event* event_wait_list,
                          cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueCopyImage>(command_queue, ImageWork(Slot::clEnqueueCopyImage, region),
                                                           {num_events_in_wait_list, event_wait_list}, event, src_image, dst_image,
                                                           src_origin, dst_origin, region);
}

cl_int clEnqueueCopyImageToBuffer(cl_command_queue command_queue, cl_mem src_image, cl_mem dst_buffer, const size_t* src_origin,
                                  const size_t* region, size_t dst_offset, cl_uint num_events_in_wait_list, const cl_event* event_wait_list,
                                  cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueCopyImageToBuffer>(command_queue, ImageWork(Slot::clEnqueueCopyImageToBuffer, region),
                                                                   {num_events_in_wait_list, event_wait_list}, event, src_image, dst_buffer,
                                                                   src_origin, region, dst_offset);
}

cl_int clEnqueueCopyBufferToImage(cl_command_queue command_queue, cl_mem src_buffer, cl_mem dst_image, size_t src_offset,
                                  const size_t* dst_origin, const size_t* region, cl_uint num_events_in_wait_list,
                                  const cl_event* event_wait_list, cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueCopyBufferToImage>(command_queue, ImageWork(Slot::clEnqueueCopyBufferToImage, region),
                                                                   {num_events_in_wait_list, event_wait_list}, event, src_buffer, dst_image,
                                                                   src_offset, dst_origin, region);
}

cl_int clEnqueueFillImage(cl_command_queue command_queue, cl_mem image, const void* fill_color, const size_t* origin, const size_t* region,
                          cl_uint num_events_in_wait_list, const cl_event* event_wait_list, cl_event* event) {
  return EnqueueCall<&cl_icd_dispatch::clEnqueueFillImage>(command_queue, ImageWork(Slot::clEnqueueFillImage, region),
                                                           {num_events_in_wait_list, event_wait_list}, event, image, fill_color, origin,
                                                           region);
}

void* clEnqueueMapImage(cl_command_queue command_queue, cl_mem image, cl_bool blocking_map, cl_map_flags map_flags, const size_t* origin,
                        const size_t* region, size_t* image_row_pitch, size_t* image_slice_pitch, cl_uint num_events_in_wait_list,
                        const cl_event* event_wait_list, cl_event* event, cl_int* errcode_ret) {
  void* mapped = nullptr;
  const cl_int status =
      Enqueue(command_queue, ImageWork(Slot::clEnqueueMapImage, region, blocking_map), {num_events_in_wait_list, event_wait_list}, event,
              [&](cl_event* out) {
                cl_int error = CL_SUCCESS;
                mapped = Next().clEnqueueMapImage(command_queue, image, blocking_map, map_flags, origin, region, image_row_pitch,
                                                  image_slice_pitch, num_events_in_wait_list, event_wait_list, out, &error);
                return error;
              });
  if (errcode_ret != nullptr) *errcode_ret = status;
  return mapped;
}

}  // namespace hook
}  // namespace flexai::opencl
