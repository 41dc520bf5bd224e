#include "bench/load/opencl_device.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "bench/load/threads.hpp"
#include "core/opencl_facts.hpp"

namespace flexai::load {
namespace {

// Work items that depend on nothing but their own number, so every launch of the same steps writes the same values. xorshift (Marsaglia 2003) has no
// closed form a compiler would find. 32 rounds a step, because llvmpipe leaves a loop after 65535 iterations, whatever its condition says.
constexpr char kSource[] = R"(
#define ROUND x ^= x << 13; x ^= x >> 17; x ^= x << 5;
#define FOUR ROUND ROUND ROUND ROUND
kernel void spin(global uint* out, uint steps) {
  uint x = get_global_id(0) + 1;
  for (uint i = 0; i < steps; i++) { FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR }
  out[get_global_id(0)] = x;
}
)";
constexpr std::uint32_t kRounds = 32;
constexpr std::uint32_t kMostSteps = 65'000;
constexpr std::size_t kGroup = 8;  // work items in a group; one group per compute unit

std::uint32_t Expected(std::size_t item, std::uint32_t steps) {
  auto x = static_cast<std::uint32_t>(item + 1);
  for (std::uint32_t i = 0; i < steps * kRounds; ++i) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
  }
  return x;
}

struct Found {
  cl_platform_id platform;
  cl_device_id device;
  XpuId id;
};

std::vector<Found> FindDevices() {
  std::vector<Found> found;
  cl_uint count = 0;
  if (clGetPlatformIDs(0, nullptr, &count) != CL_SUCCESS) return found;
  std::vector<cl_platform_id> platforms(count);
  if (clGetPlatformIDs(count, platforms.data(), nullptr) != CL_SUCCESS) return found;
  for (cl_platform_id platform : platforms) {
    cl_uint devices_count = 0;
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &devices_count) != CL_SUCCESS) continue;
    std::vector<cl_device_id> devices(devices_count);
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, devices_count, devices.data(), nullptr) != CL_SUCCESS) continue;
    for (cl_uint index = 0; index < devices_count; ++index) {
      const auto platform_info = [&](std::uint32_t param, std::size_t bytes, void* out) {
        std::size_t written = 0;
        return clGetPlatformInfo(platform, param, bytes, out, &written) == CL_SUCCESS ? written : 0;
      };
      const auto device_info = [&](std::uint32_t param, std::size_t bytes, void* out) {
        std::size_t written = 0;
        return clGetDeviceInfo(devices[index], param, bytes, out, &written) == CL_SUCCESS ? written : 0;
      };
      found.push_back({platform, devices[index], OpenClFacts::Read(platform_info, device_info, index).id()});
    }
  }
  return found;
}

}  // namespace

void Die(const Status& status) {
  if (status) return;
  std::fprintf(stderr, "flexai-load: %s\n", status.error().message.c_str());
  std::_Exit(1);  // drivers with work in flight do not always survive exit handlers
}

Status Checked(cl_int error, std::string_view call) {
  if (error == CL_SUCCESS) return {};
  return Fail(ErrorCode::kIo, std::string(call) + ": OpenCL error " + std::to_string(error));
}

std::vector<XpuId> ListDevices() {
  std::vector<XpuId> ids;
  for (const Found& found : FindDevices()) ids.push_back(found.id);
  return ids;
}

Result<OpenclDevice> OpenclDevice::Open(const XpuId& id) {
  std::string others;
  for (const Found& found : FindDevices()) {
    if (found.id != id) {
      others += (others.empty() ? "" : ", ") + std::string(found.id.view());
      continue;
    }
    OpenclDevice device;
    device.platform = found.platform;
    device.device = found.device;
    cl_int error = CL_SUCCESS;
    device.context = clCreateContext(nullptr, 1, &device.device, nullptr, nullptr, &error);
    FLEXAI_TRY_STATUS(Checked(error, "clCreateContext"));
    device.queue = clCreateCommandQueue(device.context, device.device, 0, &error);
    FLEXAI_TRY_STATUS(Checked(error, "clCreateCommandQueue"));
    return device;
  }
  return Fail(ErrorCode::kNotFound,
              "there is no OpenCL device " + std::string(id.view()) + " here, only: " + (others.empty() ? "none" : others));
}

Status OpenclDevice::Prepare() {
  cl_int error = CL_SUCCESS;
  const char* source = kSource;
  cl_program program = clCreateProgramWithSource(context, 1, &source, nullptr, &error);
  FLEXAI_TRY_STATUS(Checked(error, "clCreateProgramWithSource"));
  FLEXAI_TRY_STATUS(Checked(clBuildProgram(program, 1, &device, "", nullptr, nullptr), "clBuildProgram"));
  kernel = clCreateKernel(program, "spin", &error);
  FLEXAI_TRY_STATUS(Checked(error, "clCreateKernel"));
  cl_uint units = 1;
  FLEXAI_TRY_STATUS(Checked(clGetDeviceInfo(device, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, nullptr), "clGetDeviceInfo"));
  items_ = kGroup * std::max<cl_uint>(units, 1);
  out_ = clCreateBuffer(context, CL_MEM_READ_WRITE, items_ * sizeof(cl_uint), nullptr, &error);
  FLEXAI_TRY_STATUS(Checked(error, "clCreateBuffer"));
  FLEXAI_TRY_STATUS(Checked(clSetKernelArg(kernel, 0, sizeof out_, &out_), "clSetKernelArg"));
  Enqueue(1);
  Finish();
  return ResultIsRight(1) ? Status{} : Fail(ErrorCode::kInternal, "the device computes something else than the CPU");
}

void OpenclDevice::Enqueue(std::uint32_t steps, cl_event* event) {
  if (steps != argument_) {
    Die(Checked(clSetKernelArg(kernel, 1, sizeof steps, &steps), "clSetKernelArg"));
    argument_ = steps;
  }
  const std::size_t local = kGroup;
  Die(Checked(clEnqueueNDRangeKernel(queue, kernel, 1, nullptr, &items_, &local, 0, nullptr, event), "clEnqueueNDRangeKernel"));
}

void OpenclDevice::Wait(cl_event event) {
  if (!wait_by_callback) return Die(Checked(clWaitForEvents(1, &event), "clWaitForEvents"));
  // Lives until the callback has let go of it: the waiter may be gone from here before notify_one returns.
  auto* done = new std::shared_ptr<std::atomic<bool>>(std::make_shared<std::atomic<bool>>(false));
  const std::shared_ptr<std::atomic<bool>> seen = *done;
  const auto notify = [](cl_event, cl_int, void* flag) {
    auto* owned = static_cast<std::shared_ptr<std::atomic<bool>>*>(flag);
    (*owned)->store(true, std::memory_order_release);
    (*owned)->notify_one();
    delete owned;
  };
  Die(Checked(clSetEventCallback(event, CL_COMPLETE, notify, done), "clSetEventCallback"));
  Die(Checked(clFlush(queue), "clFlush"));
  seen->wait(false, std::memory_order_acquire);
}

void OpenclDevice::Finish() {
  if (wait_by_callback) {
    cl_event marker = nullptr;
    Die(Checked(clEnqueueMarkerWithWaitList(queue, 0, nullptr, &marker), "clEnqueueMarkerWithWaitList"));
    Wait(marker);
    clReleaseEvent(marker);
  }
  Die(Checked(clFinish(queue), "clFinish"));
}

Nanos OpenclDevice::BackToBack(std::uint32_t steps, Nanos least) {
  // The fastest of a few: whatever else runs on the machine only makes it slower.
  constexpr int kTries = 5;
  std::int64_t count = 8;
  Nanos best = 0;
  for (int tries = 0; tries < kTries;) {
    Enqueue(steps);
    Finish();
    const Nanos start = MonotonicNow(), worked = device_thread != 0 ? ThreadTime(device_thread) : 0;
    for (std::int64_t i = 0; i < count; ++i) Enqueue(steps);
    Finish();
    const Nanos wall = MonotonicNow() - start;
    if (wall < least / kTries) {
      count *= 2;
      continue;
    }
    const Nanos took = device_thread != 0 ? std::min(wall, ThreadTime(device_thread) - worked) : wall;
    if (tries++ == 0 || took / count < best) best = took / count;
  }
  return best;
}

std::uint32_t OpenclDevice::StepsFor(Nanos wanted) {
  // Affine in the steps: measured where the constant part is negligible, and at 1 where it is all.
  const Nanos measure = 20 * kMillisecond;
  const Nanos constant = BackToBack(1, measure);
  std::uint32_t many = 64;
  while (BackToBack(many, measure) < 2 * constant + kMillisecond && many < kMostSteps / 2) many *= 2;
  const double per_step = static_cast<double>(BackToBack(many, measure) - constant) / many;
  if (wanted <= constant || per_step <= 0) return 1;
  return static_cast<std::uint32_t>(std::clamp(static_cast<double>(wanted - constant) / per_step, 1.0, static_cast<double>(kMostSteps)));
}

bool OpenclDevice::ResultIsRight(std::uint32_t steps) {
  std::vector<std::uint32_t> values(items_);
  Die(Checked(clEnqueueReadBuffer(queue, out_, CL_TRUE, 0, items_ * sizeof(cl_uint), values.data(), 0, nullptr, nullptr),
              "clEnqueueReadBuffer"));
  for (std::size_t i = 0; i < items_; ++i)
    if (values[i] != Expected(i, steps)) return false;
  return true;
}

}  // namespace flexai::load
