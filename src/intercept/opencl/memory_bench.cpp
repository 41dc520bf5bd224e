// What the layer adds to an allocation and to a question, on a driver that does nothing: a buffer made and released, the memory of a device, its extensions.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/testing/fake_driver.hpp"
#include "tests/integration/support/slice_world.hpp"

namespace flexai::opencl {
namespace {

cl_context MakeContext() {
  static flexai::testing::SliceWorld world;
  static const std::string kSlice = world.MakeSlice("bench", {{.xpu = "xpu-gpu0", .memory = 1 << 20}});
  setenv("FLEXAI_SLICE", kSlice.c_str(), 1);
  cl_device_id device = testing::FakeDriver::Get().device(0);
  return hook::clCreateContext(nullptr, 1, &device, nullptr, nullptr, nullptr);
}

cl_context Context() {
  static cl_context context = MakeContext();
  return context;
}

void Buffer(benchmark::State& state) {
  cl_context context = Context();
  for (auto _ : state) {
    cl_mem made = hook::clCreateBuffer(context, CL_MEM_READ_WRITE, 4096, nullptr, nullptr);
    hook::clReleaseMemObject(made);
  }
}
BENCHMARK(Buffer);

void BufferBare(benchmark::State& state) {
  cl_context context = Context();
  for (auto _ : state) {
    cl_mem made = Next().clCreateBuffer(context, CL_MEM_READ_WRITE, 4096, nullptr, nullptr);
    Next().clReleaseMemObject(made);
  }
}
BENCHMARK(BufferBare);

template <class Ask>
void Question(benchmark::State& state, cl_device_info name, Ask ask) {
  (void)Context();
  cl_device_id device = testing::FakeDriver::Get().device(0);
  char answer[256];
  for (auto _ : state) benchmark::DoNotOptimize(ask(device, name, sizeof answer, answer, nullptr));
}
BENCHMARK_CAPTURE(Question, memory, CL_DEVICE_GLOBAL_MEM_SIZE, hook::clGetDeviceInfo);
BENCHMARK_CAPTURE(Question, memory_bare, CL_DEVICE_GLOBAL_MEM_SIZE, [](auto... arguments) { return Next().clGetDeviceInfo(arguments...); });
BENCHMARK_CAPTURE(Question, name, CL_DEVICE_NAME, hook::clGetDeviceInfo);
BENCHMARK_CAPTURE(Question, name_bare, CL_DEVICE_NAME, [](auto... arguments) { return Next().clGetDeviceInfo(arguments...); });
BENCHMARK_CAPTURE(Question, extensions, CL_DEVICE_EXTENSIONS, hook::clGetDeviceInfo);
BENCHMARK_CAPTURE(Question, extensions_bare, CL_DEVICE_EXTENSIONS, [](auto... arguments) { return Next().clGetDeviceInfo(arguments...); });

}  // namespace
}  // namespace flexai::opencl
