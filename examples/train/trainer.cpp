#include "train/trainer.hpp"

#include <numeric>

#include "common/report.hpp"

namespace example {
namespace {

// A delta is the gradient of a layer's result; it lies as the result does. Where one work item sums over images, it writes the sum alone, so that
// there is nothing to add up atomically and the result is the same each time.
constexpr char kSource[] = R"(
kernel void softmax(global const float* scores, global const int* labels, global float* deltas, global float* losses) {
  const int image = get_global_id(0);
  global const float* score = scores + image * CLASSES;
  float highest = score[0], sum = 0.0f;
  for (int k = 1; k < CLASSES; k++) highest = fmax(highest, score[k]);
  for (int k = 0; k < CLASSES; k++) sum += exp(score[k] - highest);
  for (int k = 0; k < CLASSES; k++)
    deltas[image * CLASSES + k] = (exp(score[k] - highest) / sum - (k == labels[image] ? 1.0f : 0.0f)) / get_global_size(0);
  losses[image] = log(sum) + highest - score[labels[image]];
}

kernel void dense_gradient(global const float* in, global const float* deltas, int images, global float* gradient, int at) {
  const int row = get_global_id(0), channel = get_global_id(1), class = get_global_id(2);
  global const float* from = in + channel * PLANE + (row + 1) * STRIDE + 1;
  float8 sum = (float8)(0.0f);
  for (int image = 0; image < images; image++, from += SECOND * PLANE) sum += deltas[image * CLASSES + class] * vload8(0, from);
  vstore8(sum, (class * SECOND + channel) * SIDE + row, gradient + at);
}

// Past the dense layer and the relu before it, whose results `in` holds.
kernel void dense_back(global const float* deltas, global const float* parameters, int at, global const float* in, global float* out) {
  const int row = get_global_id(0), channel = get_global_id(1), image = get_global_id(2);
  const int place = (image * SECOND + channel) * PLANE + (row + 1) * STRIDE + 1;
  float8 sum = (float8)(0.0f);
  for (int k = 0; k < CLASSES; k++)
    sum += deltas[image * CLASSES + k] * vload8((k * SECOND + channel) * SIDE + row, parameters + at);
  vstore8(select((float8)(0.0f), sum, isgreater(vload8(0, in + place), (float8)(0.0f))), 0, out + place);
}

float sum_of(float8 v) {
  const float4 half_sum = v.lo + v.hi;
  return (half_sum.x + half_sum.y) + (half_sum.z + half_sum.w);
}

// A work item computes the three weights of one row of a 3x3 kernel.
kernel void convolve_gradient(global const float* in, global const float* deltas, int images, global float* gradient, int at) {
  const int dy = get_global_id(0), channel_in = get_global_id(1), channel_out = get_global_id(2);
  const int channels_in = get_global_size(1), channels_out = get_global_size(2);
  global const float* from = in + channel_in * PLANE + dy * STRIDE;
  global const float* delta = deltas + channel_out * PLANE + STRIDE + 1;
  float8 left = (float8)(0.0f), middle = left, right = left;
  for (int image = 0; image < images; image++, from += channels_in * PLANE, delta += channels_out * PLANE)
    for (int row = 0; row < SIDE; row++) {
      const float8 back = vload8(0, delta + row * STRIDE);
      left += back * vload8(0, from + row * STRIDE);
      middle += back * vload8(0, from + row * STRIDE + 1);
      right += back * vload8(0, from + row * STRIDE + 2);
    }
  global float* out = gradient + at + ((channel_out * channels_in + channel_in) * 3 + dy) * 3;
  out[0] = sum_of(left);
  out[1] = sum_of(middle);
  out[2] = sum_of(right);
}

// Past a convolution and the relu before it, whose results `in` holds.
kernel void convolve_back(global const float* deltas, int channels_out, global const float* parameters, int at, global const float* in,
                          global float* out) {
  const int row = get_global_id(0), channel_in = get_global_id(1), image = get_global_id(2), channels_in = get_global_size(1);
  const int place = (image * channels_in + channel_in) * PLANE + (row + 1) * STRIDE + 1;
  global const float* from = deltas + image * channels_out * PLANE + row * STRIDE;
  global const float* weight = parameters + at + channel_in * 9;
  float8 sum = (float8)(0.0f);
  for (int c = 0; c < channels_out; c++, from += PLANE, weight += channels_in * 9)
    for (int dy = 0; dy < 3; dy++)
      for (int dx = 0; dx < 3; dx++) sum += weight[8 - dy * 3 - dx] * vload8(0, from + dy * STRIDE + dx);
  vstore8(select((float8)(0.0f), sum, isgreater(vload8(0, in + place), (float8)(0.0f))), 0, out + place);
}

kernel void update(global float* parameters, global float* velocity, global const float* gradient, float rate, float momentum) {
  const int i = get_global_id(0);
  velocity[i] = momentum * velocity[i] - rate * gradient[i];
  parameters[i] += velocity[i];
}
)";

constexpr float kMomentum = 0.9f;
constexpr size_t kUpdateGroup = 16;
static_assert(kParameters % kUpdateGroup == 0);

}  // namespace

Trainer::Trainer(DeviceNetwork& network)
    : network_(network),
      labels_(Zeros(network.device(), network.images())),
      losses_(Zeros(network.device(), network.images())),
      score_deltas_(Zeros(network.device(), network.images() * kClasses)),
      second_deltas_(Zeros(network.device(), network.images() * kSecond * kPlane)),
      first_deltas_(Zeros(network.device(), network.images() * kFirst * kPlane)),
      gradient_(Zeros(network.device(), kParameters)),
      velocity_(Zeros(network.device(), kParameters)) {
  cl_program program = Build(network.device(), kSource, ShapeOptions().c_str());
  softmax_ = Kernel(program, "softmax");
  dense_gradient_ = Kernel(program, "dense_gradient");
  dense_back_ = Kernel(program, "dense_back");
  second_gradient_ = Kernel(program, "convolve_gradient");
  second_back_ = Kernel(program, "convolve_back");
  first_gradient_ = Kernel(program, "convolve_gradient");
  update_ = Kernel(program, "update");
  const auto images = static_cast<cl_int>(network.images());
  constexpr auto kFirstOffset = static_cast<cl_int>(kFirstAt), kSecondOffset = static_cast<cl_int>(kSecondAt),
                 kDenseOffset = static_cast<cl_int>(kDenseAt);
  SetArguments(softmax_, network.scores(), labels_, score_deltas_, losses_);
  SetArguments(dense_gradient_, network.second(), score_deltas_, images, gradient_, kDenseOffset);
  SetArguments(dense_back_, score_deltas_, network.parameters(), kDenseOffset, network.second(), second_deltas_);
  SetArguments(second_gradient_, network.first(), second_deltas_, images, gradient_, kSecondOffset);
  SetArguments(second_back_, second_deltas_, static_cast<cl_int>(kSecond), network.parameters(), kSecondOffset, network.first(),
               first_deltas_);
  SetArguments(first_gradient_, network.input(), first_deltas_, images, gradient_, kFirstOffset);
}

void Trainer::EnqueueGradient(const Batch& batch) {
  const Device& device = network_.device();
  const size_t images = network_.images();
  Check(clEnqueueWriteBuffer(device.queue, labels_, CL_FALSE, 0, images * sizeof(int), batch.labels.data(), 0, nullptr, nullptr),
        "clEnqueueWriteBuffer");
  network_.Forward(batch.images);
  Launch(device, softmax_, {images}, {1});
  Launch(device, dense_gradient_, {kSide, kSecond, kClasses}, {kSide, kFirst, 1});
  Launch(device, dense_back_, {kSide, kSecond, images}, {kSide, kFirst, 1});
  Launch(device, second_gradient_, {3, kFirst, kSecond}, {3, kFirst, 1});
  Launch(device, second_back_, {kSide, kFirst, images}, {kSide, kFirst, 1});
  Launch(device, first_gradient_, {3, 1, kFirst}, {3, 1, 1});
}

void Trainer::Start(Step& step, float rate) {
  const Device& device = network_.device();
  step.started = Now();
  step.losses.resize(network_.images());
  EnqueueGradient(step.batch);
  SetArguments(update_, network_.parameters(), velocity_, gradient_, rate, kMomentum);
  Launch(device, update_, {kParameters}, {kUpdateGroup});
  Check(clEnqueueReadBuffer(device.queue, losses_, CL_FALSE, 0, step.losses.size() * sizeof(float), step.losses.data(), 0, nullptr,
                            &step.done),
        "clEnqueueReadBuffer");
  Check(clFlush(device.queue), "clFlush");
}

double Trainer::Wait(Step& step) {
  Check(clWaitForEvents(1, &step.done), "clWaitForEvents");
  Check(clReleaseEvent(step.done), "clReleaseEvent");
  step.done = nullptr;
  return std::accumulate(step.losses.begin(), step.losses.end(), 0.0) / static_cast<double>(step.losses.size());
}

Parameters Trainer::ComputeGradient(const Batch& batch) {
  EnqueueGradient(batch);
  Parameters gradient(kParameters);
  Check(clEnqueueReadBuffer(network_.device().queue, gradient_, CL_TRUE, 0, kParameters * sizeof(float), gradient.data(), 0, nullptr,
                            nullptr),
        "clEnqueueReadBuffer");
  return gradient;
}

}  // namespace example
