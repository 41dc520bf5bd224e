#include "digits/device_network.hpp"

namespace example {
namespace {

// A work item computes one row of one channel of one image: eight pixels are one vector.
constexpr char kSource[] = R"(
kernel void convolve(global const float* in, int channels_in, global const float* parameters, int at, global float* out) {
  const int row = get_global_id(0), channel = get_global_id(1), image = get_global_id(2), channels_out = get_global_size(1);
  global const float* from = in + image * channels_in * PLANE + row * STRIDE;
  global const float* weight = parameters + at + channel * channels_in * 9;
  float8 sum = (float8)(0.0f);
  for (int c = 0; c < channels_in; c++, from += PLANE, weight += 9)
    for (int dy = 0; dy < 3; dy++)
      for (int dx = 0; dx < 3; dx++) sum += weight[dy * 3 + dx] * vload8(0, from + dy * STRIDE + dx);
  vstore8(fmax(sum, (float8)(0.0f)), 0, out + (image * channels_out + channel) * PLANE + (row + 1) * STRIDE + 1);
}

kernel void dense(global const float* in, global const float* parameters, int at, global float* scores) {
  const int class = get_global_id(0), image = get_global_id(1);
  global const float* from = in + image * SECOND * PLANE + STRIDE + 1;
  global const float* weight = parameters + at + class * SECOND * SIDE * SIDE;
  float8 sum = (float8)(0.0f);
  for (int c = 0; c < SECOND; c++, from += PLANE)
    for (int row = 0; row < SIDE; row++, weight += SIDE) sum += vload8(0, weight) * vload8(0, from + row * STRIDE);
  const float4 half_sum = sum.lo + sum.hi;
  scores[image * CLASSES + class] = (half_sum.x + half_sum.y) + (half_sum.z + half_sum.w);
}
)";

static_assert(kSide == 8, "a row is one float8");

}  // namespace

std::string ShapeOptions() {
  const auto define = [](const char* name, size_t value) { return std::string(" -D") + name + '=' + std::to_string(value); };
  return define("SIDE", kSide) + define("STRIDE", kStride) + define("PLANE", kPlane) + define("FIRST", kFirst) + define("SECOND", kSecond) +
         define("CLASSES", kClasses);
}

cl_mem Zeros(const Device& device, size_t floats) {
  cl_mem buffer = Buffer(device, floats * sizeof(float));
  const std::vector<float> zeros(floats);
  Check(clEnqueueWriteBuffer(device.queue, buffer, CL_TRUE, 0, floats * sizeof(float), zeros.data(), 0, nullptr, nullptr),
        "clEnqueueWriteBuffer");
  return buffer;
}

DeviceNetwork::DeviceNetwork(const Device& device, size_t images)
    : device_(device),
      images_(images),
      parameters_(Zeros(device, kParameters)),
      input_(Zeros(device, images * kPlane)),
      first_(Zeros(device, images * kFirst * kPlane)),
      second_(Zeros(device, images * kSecond * kPlane)),
      scores_(Zeros(device, images * kClasses)) {
  cl_program program = Build(device, kSource, ShapeOptions().c_str());
  convolve_first_ = Kernel(program, "convolve");
  convolve_second_ = Kernel(program, "convolve");
  dense_ = Kernel(program, "dense");
  SetArguments(convolve_first_, input_, cl_int{1}, parameters_, static_cast<cl_int>(kFirstAt), first_);
  SetArguments(convolve_second_, first_, static_cast<cl_int>(kFirst), parameters_, static_cast<cl_int>(kSecondAt), second_);
  SetArguments(dense_, second_, parameters_, static_cast<cl_int>(kDenseAt), scores_);
}

void DeviceNetwork::SetParameters(std::span<const float> parameters) {
  Check(clEnqueueWriteBuffer(device_.queue, parameters_, CL_TRUE, 0, kParameters * sizeof(float), parameters.data(), 0, nullptr, nullptr),
        "clEnqueueWriteBuffer");
}

Parameters DeviceNetwork::GetParameters() const {
  Parameters parameters(kParameters);
  Check(clEnqueueReadBuffer(device_.queue, parameters_, CL_TRUE, 0, kParameters * sizeof(float), parameters.data(), 0, nullptr, nullptr),
        "clEnqueueReadBuffer");
  return parameters;
}

void DeviceNetwork::Forward(std::span<const Image> images) {
  Check(clEnqueueWriteBuffer(device_.queue, input_, CL_FALSE, 0, images.size_bytes(), images.data(), 0, nullptr, nullptr),
        "clEnqueueWriteBuffer");
  Launch(device_, convolve_first_, {kSide, kFirst, images.size()}, {kSide, kFirst, 1});
  Launch(device_, convolve_second_, {kSide, kSecond, images.size()}, {kSide, kFirst, 1});
  Launch(device_, dense_, {kClasses, images.size()}, {kClasses, 1});
}

std::vector<Scores> DeviceNetwork::Classify(std::span<const Image> images) {
  Forward(images);
  std::vector<Scores> scores(images.size());
  Check(clEnqueueReadBuffer(device_.queue, scores_, CL_TRUE, 0, scores.size() * sizeof(Scores), scores.data(), 0, nullptr, nullptr),
        "clEnqueueReadBuffer");
  return scores;
}

}  // namespace example
