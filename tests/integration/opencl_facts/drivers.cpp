#include "drivers.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <vector>

namespace flexai::facts {
namespace {

constexpr char kSource[] = R"(
kernel void spin(global uint* out, uint steps) {
  uint x = out[0];
  for (uint i = 0; i < steps; i++) x = x * 1664525u + 1013904223u;
  out[0] = x;
}
kernel void empty(global uint* out, uint steps) {}
)";

std::string NameOf(cl_platform_id platform) {
  char name[256] = "";
  clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof name, name, nullptr);
  return name;
}

}  // namespace

void UseAllDrivers() {
  setenv("RUSTICL_ENABLE", "llvmpipe", 0);
  const char* intel = std::getenv("FLEXAI_TEST_INTEL_ICD");
  if (intel == nullptr || std::getenv("OCL_ICD_VENDORS") != nullptr) return;

  namespace fs = std::filesystem;
  std::string folder = (fs::temp_directory_path() / "flexai-icd-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/etc/OpenCL/vendors", ignored)) {
    fs::copy_file(entry.path(), folder / entry.path().filename(), ignored);
  }
  fs::copy_file(intel, fs::path(folder) / "intel.icd", ignored);
  setenv("OCL_ICD_VENDORS", folder.c_str(), 1);
  // The loader reads the folder at the first call, so it can go at once after that.
  cl_uint count = 0;
  clGetPlatformIDs(0, nullptr, &count);
  fs::remove_all(folder, ignored);
}

Driver::Driver(const std::string& word) {
  const std::string wanted = word == "pocl" ? "Portable" : word == "intel" ? "Intel(R) OpenCL" : "rusticl";
  cl_uint count = 0;
  if (clGetPlatformIDs(0, nullptr, &count) != CL_SUCCESS) return;
  std::vector<cl_platform_id> platforms(count);
  clGetPlatformIDs(count, platforms.data(), nullptr);
  for (cl_platform_id candidate : platforms) {
    if (NameOf(candidate).find(wanted) != std::string::npos) platform = candidate;
  }
  if (platform == nullptr) return;
  if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, nullptr) != CL_SUCCESS) {
    device = nullptr;
    return;
  }
  context = clCreateContext(nullptr, 1, &device, nullptr, nullptr, nullptr);
  queue = NewQueue();
  buffer = clCreateBuffer(context, CL_MEM_READ_WRITE, 4096, nullptr, nullptr);
  const char* source = kSource;
  program = clCreateProgramWithSource(context, 1, &source, nullptr, nullptr);
  clBuildProgram(program, 1, &device, "", nullptr, nullptr);
  spin = clCreateKernel(program, "spin", nullptr);
  empty = clCreateKernel(program, "empty", nullptr);
  clReleaseEvent(Enqueue(queue, 1));
  clReleaseEvent(Enqueue(queue, 0));
  clFinish(queue);  // drivers compile at the first launch
}

Driver::~Driver() {
  if (!present()) return;
  clFinish(queue);
  clReleaseKernel(spin);
  clReleaseKernel(empty);
  clReleaseProgram(program);
  clReleaseMemObject(buffer);
  clReleaseCommandQueue(queue);
  clReleaseContext(context);
}

cl_command_queue Driver::NewQueue(cl_command_queue_properties properties) const {
  return clCreateCommandQueue(context, device, properties, nullptr);
}

cl_event Driver::Enqueue(cl_command_queue into, cl_uint steps, cl_event after) const {
  cl_kernel kernel = steps == 0 ? empty : spin;
  clSetKernelArg(kernel, 0, sizeof buffer, &buffer);
  clSetKernelArg(kernel, 1, sizeof steps, &steps);
  const size_t one = 1;
  cl_event event = nullptr;
  clEnqueueNDRangeKernel(into, kernel, 1, nullptr, &one, &one, after != nullptr ? 1 : 0, after != nullptr ? &after : nullptr, &event);
  return event;
}

cl_uint Driver::LongSteps() const {
  cl_uint steps = 1 << 16;
  for (; steps < 1u << 30; steps *= 2) {
    const long long start = Now();
    cl_event event = Enqueue(queue, steps);
    clFinish(queue);
    clReleaseEvent(event);
    if (Now() - start > 5'000'000) break;
  }
  return steps;
}

cl_int Status(cl_event event) {
  cl_int status = CL_INVALID_EVENT;
  const cl_int error = clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr);
  return error != CL_SUCCESS ? error : status;
}

long long Now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<long long>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace flexai::facts
