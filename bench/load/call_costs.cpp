#include "bench/load/call_costs.hpp"

#include <algorithm>
#include <vector>

namespace flexai::load {
namespace {

constexpr int kPassCalls = 2000, kEnqueues = 64;  // 64: few enough that no window of unfinished work is ever full

double Median(std::vector<double>& values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

}  // namespace

Document MeasureCalls(OpenclDevice& device, Nanos to) {
  std::vector<double> pass, enqueue;
  do {
    cl_uint arguments = 0;
    Nanos start = MonotonicNow();
    for (int i = 0; i < kPassCalls; ++i) (void)clGetKernelInfo(device.kernel, CL_KERNEL_NUM_ARGS, sizeof arguments, &arguments, nullptr);
    pass.push_back(static_cast<double>(MonotonicNow() - start) / kPassCalls);

    start = MonotonicNow();
    for (int i = 0; i < kEnqueues; ++i) device.Enqueue(1);
    enqueue.push_back(static_cast<double>(MonotonicNow() - start) / kEnqueues);
    device.Finish();
  } while (MonotonicNow() < to);
  return Document::Of({{"pass_ns", Median(pass)}, {"enqueue_ns", Median(enqueue)}, {"batches", pass.size()}});
}

}  // namespace flexai::load
