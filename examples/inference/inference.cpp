// A service bound by latency: one request of a few images after another, each answered before the next one comes.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "common/opencl.hpp"
#include "common/report.hpp"
#include "inference/network.hpp"

namespace {

// A work item computes one pixel of one output channel of one image; SIDE, TAPS and the like come as build options.
constexpr char kSource[] = R"(
kernel void convolve(global const float* in, constant float* weights, global float* out, int channels_in) {
  const int pixel = get_global_id(0), channel = get_global_id(1), image = get_global_id(2);
  const int x = pixel % SIDE, y = pixel / SIDE, channels_out = get_global_size(1);
  global const float* plane = in + image * channels_in * PIXELS;
  constant float* weight = weights + channel * channels_in * 9;
  float sum = 0.0f;
  for (int c = 0; c < channels_in; c++, plane += PIXELS, weight += 9)
    for (int dy = -1; dy <= 1; dy++)
      for (int dx = -1; dx <= 1; dx++) {
        const int px = x + dx, py = y + dy;
        if (px >= 0 && py >= 0 && px < SIDE && py < SIDE) sum += plane[py * SIDE + px] * weight[(dy + 1) * 3 + dx + 1];
      }
  out[(image * channels_out + channel) * PIXELS + pixel] = fmax(sum, 0.0f);
}

kernel void dense(global const float* in, global const float* weights, global float* scores, int inputs) {
  const int class = get_global_id(0), image = get_global_id(1);
  float sum = 0.0f;
  for (int i = 0; i < inputs; i++) sum += in[image * inputs + i] * weights[class * inputs + i];
  scores[image * CLASSES + class] = sum;
}
)";

constexpr size_t kRequests = 16;  // different requests, asked in turn

cl_mem Upload(const example::Device& device, const std::vector<float>& values) {
  cl_mem buffer = example::Buffer(device, values.size() * sizeof(float));
  example::Check(clEnqueueWriteBuffer(device.queue, buffer, CL_TRUE, 0, values.size() * sizeof(float), values.data(), 0, nullptr, nullptr),
                 "clEnqueueWriteBuffer");
  return buffer;
}

// Sums are taken in another order on the device, so the last digits differ.
bool Close(const std::vector<float>& a, const std::vector<float>& b) {
  for (size_t i = 0; i < a.size(); ++i)
    if (!(std::fabs(a[i] - b[i]) <= 1e-3f * std::fmax(1.0f, std::fabs(b[i])))) return false;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace example;
  const Options options = ParseOptions(argc, argv, {"Answers requests with a small network and checks the answers.", "images", 4, 1, 1024});
  const auto images = static_cast<size_t>(options.amount);
  const Device device = OpenDevice(options.device);
  char build_options[128];
  std::snprintf(build_options, sizeof build_options, "-DSIDE=%zu -DPIXELS=%zu -DCLASSES=%zu", kSide, kPixels, kClasses);
  cl_program program = Build(device, kSource, build_options);
  cl_kernel first = Kernel(program, "convolve"), second = Kernel(program, "convolve"), dense = Kernel(program, "dense");

  const Parameters parameters = UntrainedParameters();
  std::vector<std::vector<float>> requests(kRequests), answers(kRequests);
  for (size_t r = 0; r < kRequests; ++r) {
    for (size_t i = 0; i < images; ++i) {
      const Image image = SyntheticImage(static_cast<std::uint32_t>(r * images + i));
      const Scores scores = Classify(parameters, image);
      requests[r].insert(requests[r].end(), image.begin(), image.end());
      answers[r].insert(answers[r].end(), scores.begin(), scores.end());
    }
  }

  cl_mem input = Buffer(device, images * kPixels * sizeof(float));
  cl_mem after_first = Buffer(device, images * kFirst * kPixels * sizeof(float));
  cl_mem after_second = Buffer(device, images * kSecond * kPixels * sizeof(float));
  cl_mem scores = Buffer(device, images * kClasses * sizeof(float));
  SetArguments(first, input, Upload(device, parameters.first), after_first, cl_int{1});
  SetArguments(second, after_first, Upload(device, parameters.second), after_second, static_cast<cl_int>(kFirst));
  SetArguments(dense, after_second, Upload(device, parameters.dense), scores, static_cast<cl_int>(kSecond * kPixels));

  std::vector<float> answer(images * kClasses);
  const auto ask = [&](const std::vector<float>& request) {
    Check(clEnqueueWriteBuffer(device.queue, input, CL_FALSE, 0, request.size() * sizeof(float), request.data(), 0, nullptr, nullptr),
          "clEnqueueWriteBuffer");
    Launch(device, first, {kPixels, kFirst, images}, {kPixels, 1, 1});
    Launch(device, second, {kPixels, kSecond, images}, {kPixels, 1, 1});
    Launch(device, dense, {kClasses, images}, {});
    Check(clEnqueueReadBuffer(device.queue, scores, CL_TRUE, 0, answer.size() * sizeof(float), answer.data(), 0, nullptr, nullptr),
          "clEnqueueReadBuffer");
  };
  ask(requests[0]);  // drivers compile at the first launch: not part of the measured time

  Report report(options, "requests/s");
  for (size_t r = 0; report.Running(); r = (r + 1) % kRequests) {
    const double asked = Now();
    ask(requests[r]);
    const double latency = Now() - asked;
    if (!Close(answer, answers[r])) report.Wrong();
    report.Done(latency);
  }
  return report.Finish();
}
