// CLBlast's sgemm as an application uses it, checked against the CPU.   clblast_client SECONDS INNER
// Prints a digest of the product's bits. With SECONDS it goes on multiplying, several products in flight, after the line `at work`. INNER, the dimension
// that is summed over, makes products shorter for slow drivers.
#include <clblast.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

constexpr size_t kRows = 384, kColumns = 320;
constexpr double kBatchSeconds = 0.03;

void Check(cl_int error, const char* call) {
  if (error == CL_SUCCESS) return;
  std::fprintf(stderr, "%s: OpenCL error %d\n", call, error);
  std::exit(1);
}

std::vector<float> Noise(size_t count, std::uint32_t seed) {
  std::vector<float> values(count);
  for (float& value : values) {
    seed = seed * 1664525u + 1013904223u;
    value = static_cast<float>(seed >> 8) / 16777216.0f - 0.5f;
  }
  return values;
}

cl_device_id FirstDevice() {
  cl_uint count = 0;
  Check(clGetPlatformIDs(0, nullptr, &count), "clGetPlatformIDs");
  std::vector<cl_platform_id> platforms(count);
  Check(clGetPlatformIDs(count, platforms.data(), nullptr), "clGetPlatformIDs");
  cl_device_id device = nullptr;
  for (cl_platform_id platform : platforms)
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, nullptr) == CL_SUCCESS) return device;
  std::fprintf(stderr, "no OpenCL device\n");
  std::exit(1);
}

cl_mem Upload(cl_context context, std::vector<float>& values) {
  cl_int error = CL_SUCCESS;
  cl_mem buffer = clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, values.size() * sizeof(float), values.data(), &error);
  Check(error, "clCreateBuffer");
  return buffer;
}

double Seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const double seconds = std::strtod(argv[1], nullptr);
  const auto inner = static_cast<size_t>(std::strtol(argv[2], nullptr, 10));
  cl_int error = CL_SUCCESS;
  cl_device_id device = FirstDevice();
  cl_context context = clCreateContext(nullptr, 1, &device, nullptr, nullptr, &error);
  Check(error, "clCreateContext");
  cl_command_queue queue = clCreateCommandQueue(context, device, 0, &error);
  Check(error, "clCreateCommandQueue");

  std::vector<float> a = Noise(kRows * inner, 1), b = Noise(inner * kColumns, 2), c(kRows * kColumns, 0.0f);
  cl_mem device_a = Upload(context, a), device_b = Upload(context, b), device_c = Upload(context, c);
  const auto multiply = [&](cl_event* event) {
    const auto status =
        clblast::Gemm<float>(clblast::Layout::kRowMajor, clblast::Transpose::kNo, clblast::Transpose::kNo, kRows, kColumns, inner, 1.0f,
                             device_a, 0, inner, device_b, 0, kColumns, 0.0f, device_c, 0, kColumns, &queue, event);
    if (status != clblast::StatusCode::kSuccess) {
      std::fprintf(stderr, "CLBlast says %d\n", static_cast<int>(status));
      std::exit(1);
    }
  };
  const auto check = [&] {
    Check(clEnqueueReadBuffer(queue, device_c, CL_TRUE, 0, c.size() * sizeof(float), c.data(), 0, nullptr, nullptr), "clEnqueueReadBuffer");
    for (size_t row = 0; row < kRows; ++row) {
      for (size_t column = 0; column < kColumns; ++column) {
        double sum = 0;
        for (size_t k = 0; k < inner; ++k) sum += static_cast<double>(a[row * inner + k]) * static_cast<double>(b[k * kColumns + column]);
        if (!(std::fabs(sum - static_cast<double>(c[row * kColumns + column])) < 1e-4)) {
          std::fprintf(stderr, "wrong at row %zu, column %zu\n", row, column);
          std::exit(1);
        }
      }
    }
  };

  multiply(nullptr);
  check();
  std::uint64_t digest = 14695981039346656037u;  // FNV-1a
  for (const float value : c) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    digest = (digest ^ bits) * 1099511628211u;
  }
  std::printf("sgemm %zux%zux%zu right, digest %016llx\n", kRows, kColumns, inner, static_cast<unsigned long long>(digest));
  std::fflush(stdout);

  // Two batches of some tens of milliseconds in flight: the device has work also while this process has none of the CPU.
  const double began = Seconds();
  multiply(nullptr);
  Check(clFinish(queue), "clFinish");
  const auto batch = static_cast<int>(std::clamp(kBatchSeconds / (Seconds() - began), 2.0, 500.0));
  cl_event previous = nullptr;
  for (double end = 0; seconds > 0 && (end == 0 || Seconds() < end);) {
    cl_event last = nullptr;
    for (int i = 0; i < batch; ++i) multiply(i + 1 < batch ? nullptr : &last);
    Check(clFlush(queue), "clFlush");
    if (previous != nullptr) {
      Check(clWaitForEvents(1, &previous), "clWaitForEvents");
      clReleaseEvent(previous);
      if (end == 0) {
        std::printf("at work\n");
        std::fflush(stdout);
        end = Seconds() + seconds;
      }
    }
    previous = last;
  }
  Check(clFinish(queue), "clFinish");
  check();
  return 0;
}
