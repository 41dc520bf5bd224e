// A service bound by latency: requests of a few handwritten digits, one after another or as often as --rate says.
#include <cmath>
#include <cstdio>
#include <vector>

#include "common/opencl.hpp"
#include "common/report.hpp"
#include "digits/device_network.hpp"
#include "digits/digits.hpp"
#include "digits/model.hpp"
#include "digits/network.hpp"

namespace {

// Sums are taken in another order on the device, so the last digits differ.
bool Close(const example::Scores& a, const example::Scores& b) {
  for (size_t i = 0; i < a.size(); ++i)
    if (!(std::fabs(a[i] - b[i]) <= 1e-3f * std::fmax(1.0f, std::fabs(b[i])))) return false;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace example;
  long per_request = 16, rate = 0;
  std::string model;
  const Options options =
      ParseOptions(argc, argv,
                   {"Says which digits it sees, and checks the answers.",
                    5,
                    {{"images", "images a request", &per_request, 1, 256},
                     {"rate", "requests a second, come what may; 0: the next when the last is answered", &rate, 0, 1'000'000},
                     {.name = "model", .help = "file of a trained network; default: the one compiled in", .text = &model}}});
  const auto images = static_cast<size_t>(per_request);
  const Parameters parameters = LoadModel(model);
  const Device device = OpenDevice(options.device);
  DeviceNetwork network(device, images);
  network.SetParameters(parameters);

  const std::vector<Digit> digits = LoadDigits().test;
  std::vector<Scores> right;
  for (const Digit& digit : digits) right.push_back(Classify(parameters, digit.image));

  std::vector<Image> request(images);
  size_t next = 0;  // of the digits, which are asked about in turn
  const auto fill = [&] {
    for (size_t i = 0; i < images; ++i) request[i] = digits[(next + i) % digits.size()].image;
  };
  fill();
  (void)network.Classify(request);  // drivers compile at the first launch: not part of the measured time

  Report report(options, "requests/s");
  long answered = 0, recognised = 0;
  double due = 0;  // when the next request comes, with --rate; its latency counts from there
  while (report.Running()) {
    fill();
    double asked = Now();
    if (rate > 0) {
      if (due == 0) due = asked;
      SleepUntil(due);
      asked = due;
      due += 1.0 / static_cast<double>(rate);
    }
    const std::vector<Scores> answers = network.Classify(request);
    const double latency = Now() - asked;
    bool close = true;
    for (size_t i = 0; i < images; ++i) {
      const size_t digit = (next + i) % digits.size();
      close = Close(answers[i], right[digit]) && close;
      recognised += Best(answers[i]) == digits[digit].label ? 1 : 0;
    }
    next = (next + images) % digits.size();
    answered += per_request;
    if (!close) report.Wrong();
    report.Done(latency);
  }
  char fields[64];
  std::snprintf(fields, sizeof fields, "accuracy=%.4f checked=every", static_cast<double>(recognised) / static_cast<double>(answered));
  return report.Finish(fields);
}
