// A batch job: products of square matrices, several queued at a time so that the device never waits for the host.
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "common/noise.hpp"
#include "common/opencl.hpp"
#include "common/report.hpp"

namespace {

// Each work item computes four neighbours of a row: `b` is read in vectors and each element of `a` serves four products.
constexpr char kSource[] = R"(
kernel void multiply(global const float* a, global const float4* b, global float4* c, int n4) {
  const int column = get_global_id(0), row = get_global_id(1);
  const int n = n4 * 4;
  float4 sum = (float4)(0.0f);
  for (int k = 0; k < n; k++) sum += a[row * n + k] * b[k * n4 + column];
  c[row * n4 + column] = sum;
}
)";

constexpr size_t kQueued = 4;  // products in flight
constexpr int kSamples = 32;   // elements of each product that are compared with the CPU

struct Slot {
  cl_mem a = nullptr, c = nullptr;
  cl_event done = nullptr;
  double queued = 0;
  std::vector<float> host_a, host_c;
};

}  // namespace

int main(int argc, char** argv) {
  long size = 144;
  const example::Options options = example::ParseOptions(
      argc, argv, {"Multiplies matrices and checks the products.", 5, {{"size", "rows and columns of a matrix", &size, 16, 4096}}});
  const auto n = static_cast<size_t>(size) / 16 * 16;
  const example::Device device = example::OpenDevice(options.device);
  cl_kernel kernel = example::Kernel(example::Build(device, kSource, ""), "multiply");

  example::Noise noise(1);
  std::vector<float> host_b(n * n);
  for (float& value : host_b) value = noise.Next() / 2;
  const size_t bytes = n * n * sizeof(float);
  cl_mem b = example::Buffer(device, bytes);
  example::Check(clEnqueueWriteBuffer(device.queue, b, CL_TRUE, 0, bytes, host_b.data(), 0, nullptr, nullptr), "clEnqueueWriteBuffer");

  std::array<Slot, kQueued> slots;
  for (Slot& slot : slots) {
    slot.a = example::Buffer(device, bytes);
    slot.c = example::Buffer(device, bytes);
    slot.host_a.resize(n * n);
    slot.host_c.resize(n * n);
    for (float& value : slot.host_a) value = noise.Next() / 2;
  }

  const auto queue = [&](Slot& slot) {
    slot.queued = example::Now();
    example::Check(clEnqueueWriteBuffer(device.queue, slot.a, CL_FALSE, 0, bytes, slot.host_a.data(), 0, nullptr, nullptr),
                   "clEnqueueWriteBuffer");
    example::SetArguments(kernel, slot.a, b, slot.c, static_cast<cl_int>(n / 4));
    example::Launch(device, kernel, {n / 4, n}, {4, 4});
    example::Check(clEnqueueReadBuffer(device.queue, slot.c, CL_FALSE, 0, bytes, slot.host_c.data(), 0, nullptr, &slot.done),
                   "clEnqueueReadBuffer");
    example::Check(clFlush(device.queue), "clFlush");
  };
  const auto right = [&](const Slot& slot) {
    for (int i = 0; i < kSamples; ++i) {
      const size_t row = noise.Below(n), column = noise.Below(n);
      double sum = 0;
      for (size_t k = 0; k < n; ++k) sum += static_cast<double>(slot.host_a[row * n + k]) * static_cast<double>(host_b[k * n + column]);
      if (!(std::fabs(sum - static_cast<double>(slot.host_c[row * n + column])) < 1e-3)) return false;
    }
    return true;
  };
  const auto wait = [&](Slot& slot) {
    example::Check(clWaitForEvents(1, &slot.done), "clWaitForEvents");
    clReleaseEvent(slot.done);
    slot.done = nullptr;
  };

  queue(slots[0]);  // drivers compile at the first launch: not part of the measured time
  wait(slots[0]);

  example::Report report(options, "products/s");
  long started = 0;
  for (Slot& slot : slots) {
    if (!report.Running() || !report.Wants(started)) break;
    queue(slot);
    ++started;
  }
  for (size_t next = 0; report.Running(); next = (next + 1) % kQueued) {
    Slot& slot = slots[next];
    wait(slot);
    if (!right(slot)) report.Wrong();
    report.Done(example::Now() - slot.queued);
    if (!report.Wants(started)) continue;
    // What was computed must depend on this round: an old result would be found wrong.
    for (size_t i = 0; i < n; ++i) slot.host_a[i * n + i] = noise.Next() / 2;
    queue(slot);
    ++started;
  }
  example::Check(clFinish(device.queue), "clFinish");
  return report.Finish("checked=samples");
}
