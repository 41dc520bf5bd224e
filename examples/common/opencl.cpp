#include "common/opencl.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>

namespace example {
namespace {

bool Contains(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end() || word.empty();
}

std::string PlatformName(cl_platform_id platform) {
  char text[256] = "";
  clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof text, text, nullptr);
  return text;
}

std::string DeviceName(cl_device_id device) {
  char text[256] = "";
  clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof text, text, nullptr);
  return text;
}

}  // namespace

std::string ErrorName(cl_int error) {
  switch (error) {
    case CL_SUCCESS: return "CL_SUCCESS";
    case CL_MEM_OBJECT_ALLOCATION_FAILURE: return "CL_MEM_OBJECT_ALLOCATION_FAILURE";
    case CL_OUT_OF_RESOURCES: return "CL_OUT_OF_RESOURCES";
    case CL_OUT_OF_HOST_MEMORY: return "CL_OUT_OF_HOST_MEMORY";
    case CL_INVALID_BUFFER_SIZE: return "CL_INVALID_BUFFER_SIZE";
    case CL_BUILD_PROGRAM_FAILURE: return "CL_BUILD_PROGRAM_FAILURE";
    default: return std::to_string(error);
  }
}

void Check(cl_int error, const char* call) {
  if (error == CL_SUCCESS) return;
  std::fprintf(stderr, "%s failed: %s\n", call, ErrorName(error).c_str());
  std::exit(1);
}

Device OpenDevice(std::string_view word) {
  cl_uint count = 0;
  if (clGetPlatformIDs(0, nullptr, &count) != CL_SUCCESS) count = 0;
  std::vector<cl_platform_id> platforms(count);
  if (count > 0) Check(clGetPlatformIDs(count, platforms.data(), nullptr), "clGetPlatformIDs");
  for (cl_platform_id platform : platforms) {
    cl_uint device_count = 0;
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &device_count) != CL_SUCCESS) continue;
    std::vector<cl_device_id> devices(device_count);
    Check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, device_count, devices.data(), nullptr), "clGetDeviceIDs");
    for (cl_device_id id : devices) {
      Device device{.id = id, .name = DeviceName(id), .platform = PlatformName(platform)};
      if (!Contains(device.platform, word) && !Contains(device.name, word)) continue;
      cl_int error = CL_SUCCESS;
      device.context = clCreateContext(nullptr, 1, &id, nullptr, nullptr, &error);
      Check(error, "clCreateContext");
      device.queue = clCreateCommandQueue(device.context, id, 0, &error);
      Check(error, "clCreateCommandQueue");
      std::printf("device name=\"%s\" platform=\"%s\"\n", device.name.c_str(), device.platform.c_str());
      std::fflush(stdout);
      return device;
    }
  }
  std::fprintf(stderr, word.empty() ? "No OpenCL device here: install a driver (pocl-opencl-icd computes on the CPU).\n"
                                    : "No OpenCL device with that name here: see `clinfo -l` for those there are.\n");
  std::exit(77);
}

cl_program Build(const Device& device, const char* source, const char* options) {
  cl_int error = CL_SUCCESS;
  cl_program program = clCreateProgramWithSource(device.context, 1, &source, nullptr, &error);
  Check(error, "clCreateProgramWithSource");
  error = clBuildProgram(program, 1, &device.id, options, nullptr, nullptr);
  if (error == CL_BUILD_PROGRAM_FAILURE) {
    std::vector<char> log(1 << 16);
    clGetProgramBuildInfo(program, device.id, CL_PROGRAM_BUILD_LOG, log.size() - 1, log.data(), nullptr);
    std::fprintf(stderr, "%s\n", log.data());
  }
  Check(error, "clBuildProgram");
  return program;
}

cl_kernel Kernel(cl_program program, const char* name) {
  cl_int error = CL_SUCCESS;
  cl_kernel kernel = clCreateKernel(program, name, &error);
  Check(error, "clCreateKernel");
  return kernel;
}

cl_mem Buffer(const Device& device, size_t bytes) {
  cl_int error = CL_SUCCESS;
  cl_mem buffer = clCreateBuffer(device.context, CL_MEM_READ_WRITE, bytes, nullptr, &error);
  Check(error, "clCreateBuffer");
  return buffer;
}

void Launch(const Device& device, cl_kernel kernel, const std::vector<size_t>& global, const std::vector<size_t>& local, cl_event* event) {
  Check(clEnqueueNDRangeKernel(device.queue, kernel, static_cast<cl_uint>(global.size()), nullptr, global.data(),
                               local.empty() ? nullptr : local.data(), 0, nullptr, event),
        "clEnqueueNDRangeKernel");
}

}  // namespace example
