// Takes device memory piece by piece until the driver refuses, shows what it says then, and looks whether every piece still holds what was written to it.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "common/opencl.hpp"
#include "common/report.hpp"

namespace {

constexpr size_t kPiece = size_t{16} << 20;

}  // namespace

int main(int argc, char** argv) {
  long most = 256;
  const example::Options options = example::ParseOptions(
      argc, argv, {"Takes memory in pieces of 16 MiB until it is refused.", 0, {{"most", "MiB it takes", &most, 16, 1 << 20}}});
  const example::Device device = example::OpenDevice(options.device);
  cl_ulong memory = 0;
  example::Check(clGetDeviceInfo(device.id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof memory, &memory, nullptr), "clGetDeviceInfo");
  example::WaitToBegin(options);

  std::vector<cl_mem> pieces;
  cl_int refused = CL_SUCCESS;
  while (pieces.size() * kPiece < static_cast<size_t>(most) << 20) {
    cl_mem piece = clCreateBuffer(device.context, CL_MEM_READ_WRITE, kPiece, nullptr, &refused);
    if (refused != CL_SUCCESS) break;
    // Drivers allocate at first use: without this the memory would be promised, not taken.
    const auto mark = static_cast<std::uint32_t>(pieces.size() + 1);
    refused = clEnqueueFillBuffer(device.queue, piece, &mark, sizeof mark, 0, kPiece, 0, nullptr, nullptr);
    if (refused == CL_SUCCESS) refused = clFinish(device.queue);
    if (refused != CL_SUCCESS) break;
    pieces.push_back(piece);
  }

  long wrong = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    std::uint32_t found = 0;
    example::Check(clEnqueueReadBuffer(device.queue, pieces[i], CL_TRUE, kPiece - sizeof found, sizeof found, &found, 0, nullptr, nullptr),
                   "clEnqueueReadBuffer");
    wrong += found != i + 1;
    example::Check(clReleaseMemObject(pieces[i]), "clReleaseMemObject");
  }
  std::printf("result taken_bytes=%zu device_bytes=%llu refused=%s wrong=%ld\n", pieces.size() * kPiece,
              static_cast<unsigned long long>(memory), example::ErrorName(refused).c_str(), wrong);
  return wrong == 0 && !pieces.empty() ? 0 : 1;
}
