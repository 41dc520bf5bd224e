// A training job: the network of the inference example learns handwritten digits, batch after batch, entirely on the device. What it computes is
// compared with the CPU at the beginning (a gradient) and at the end (what it says of every test image).
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "common/opencl.hpp"
#include "common/report.hpp"
#include "digits/device_network.hpp"
#include "digits/digits.hpp"
#include "digits/model.hpp"
#include "digits/network.hpp"
#include "train/batches.hpp"
#include "train/trainer.hpp"

namespace {

using namespace example;

constexpr long kEpochs = 25;             // when nothing says how long
constexpr long kEpochsToLearn = 20;      // after so many it must have learnt as much as this:
constexpr double kAccuracy = 0.95;       // part of the test images
constexpr double kGradientError = 1e-3;  // relative to the CPU's, which computes in double precision
constexpr float kTie = 1e-3f;            // scores so close may change places on the device

// Shorter steps from epoch to epoch, so that it settles; never so short that a long run stands still.
float Rate(long epoch) { return std::max(0.08f * std::pow(0.85f, static_cast<float>(epoch)), 0.001f); }

struct Answers {
  double accuracy = 0;
  std::vector<Scores> scores;
};
Answers Ask(DeviceNetwork& network, const std::vector<Image>& images, const std::vector<int>& labels) {
  Answers answers;
  for (size_t i = 0; i < images.size(); i += network.images()) {
    const std::vector<Scores> part = network.Classify(std::span(images).subspan(i, std::min(network.images(), images.size() - i)));
    answers.scores.insert(answers.scores.end(), part.begin(), part.end());
  }
  long right = 0;
  for (size_t i = 0; i < labels.size(); ++i) right += Best(answers.scores[i]) == labels[i] ? 1 : 0;
  answers.accuracy = static_cast<double>(right) / static_cast<double>(labels.size());
  return answers;
}

// How many images are taken for another digit than the CPU takes them for.
long Disagreements(const Parameters& parameters, const std::vector<Image>& images, const Answers& answers) {
  long wrong = 0;
  for (size_t i = 0; i < images.size(); ++i) {
    const Scores cpu = Classify(parameters, images[i]);
    const auto on_cpu = static_cast<size_t>(Best(cpu)), on_device = static_cast<size_t>(Best(answers.scores[i]));
    if (on_cpu != on_device && !(cpu[on_cpu] - cpu[on_device] <= kTie * std::fmax(1.0f, std::fabs(cpu[on_cpu])))) ++wrong;
  }
  return wrong;
}

std::string Field(const char* name, double value) {
  char text[48];
  std::snprintf(text, sizeof text, "%s=%.4f", name, value);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  long epochs = 0, images = 64, seed = 1, tested = static_cast<long>(kTestDigits);
  std::string model;
  const Options options =
      ParseOptions(argc, argv,
                   {"Trains a network to recognise handwritten digits and checks it.",
                    0,
                    {{"epochs", "passes over the training images; 0: 25, or as --seconds and --jobs say", &epochs, 0, 100'000},
                     {"batch", "images a step", &images, 1, 1024},
                     {"seed", "of the first parameters and of the order of the images", &seed, 0, std::numeric_limits<int>::max()},
                     {"test", "test images that the network is judged by", &tested, 1, tested},
                     {.name = "model", .help = "file to write the trained network to", .text = &model}}});
  if (epochs == 0) epochs = options.seconds > 0 || options.jobs > 0 ? std::numeric_limits<long>::max() : kEpochs;
  const Digits digits = LoadDigits();
  std::vector<Image> test_images;
  std::vector<int> test_labels;
  for (const Digit& digit : std::span(digits.test).first(static_cast<size_t>(tested))) {
    test_images.push_back(digit.image);
    test_labels.push_back(digit.label);
  }
  Batches batches(digits.training, static_cast<size_t>(images), static_cast<std::uint32_t>(seed));

  const Device device = OpenDevice(options.device);
  DeviceNetwork network(device, static_cast<size_t>(images));
  Trainer trainer(network);
  Parameters parameters = UntrainedParameters(static_cast<std::uint32_t>(seed));
  network.SetParameters(parameters);
  Report report(options, "steps/s");

  Step first;
  batches.Next(first.batch);
  const double gradient_error =
      RelativeError(trainer.ComputeGradient(first.batch), ComputeGradient(parameters, first.batch.images, first.batch.labels).values);
  if (!(gradient_error <= kGradientError)) report.Wrong();
  trainer.Start(first, 0);  // drivers compile at the first launch: not part of the measured time, and nothing is learnt
  double loss = trainer.Wait(first);

  std::array<Step, 2> steps;  // one is prepared and queued while the other is computed: the device never waits for the host
  long started = 0, epoch = 0;
  const auto finish = [&](Step& step) {
    loss = trainer.Wait(step);
    if (!std::isfinite(loss)) report.Wrong();
    report.Note(Field("loss", loss));
    report.Done(Now() - step.started);
  };
  // False when time or jobs ended before the epoch did.
  const auto run_epoch = [&] {
    const size_t length = batches.per_epoch();
    for (size_t i = 0;; ++i) {
      const bool another = i < length && report.Running() && report.Wants(started);
      if (another) {
        batches.Next(steps[i % 2].batch);
        trainer.Start(steps[i % 2], Rate(epoch));
        ++started;
      }
      if (i > 0) finish(steps[(i - 1) % 2]);
      if (!another) return i == length;
    }
  };
  while (epoch < epochs && run_epoch()) {
    ++epoch;
    const double accuracy = Ask(network, test_images, test_labels).accuracy;
    report.Note(Field("loss", loss) + ' ' + Field("accuracy", accuracy) + " epoch=" + std::to_string(epoch));
    report.Progress();
  }

  // What is judged is what a file can hold.
  parameters = Rounded(network.GetParameters());
  network.SetParameters(parameters);
  const Answers answers = Ask(network, test_images, test_labels);
  for (long wrong = Disagreements(parameters, test_images, answers); wrong > 0; --wrong) report.Wrong();
  if (!model.empty()) WriteModel(model, parameters);

  char fields[160];
  std::snprintf(fields, sizeof fields, "epochs=%ld loss=%.4f accuracy=%.4f gradient_error=%.1e checked=gradient,predictions", epoch, loss,
                answers.accuracy, gradient_error);
  const int status = report.Finish(fields);
  if (epoch == epochs && epochs >= kEpochsToLearn && answers.accuracy < kAccuracy) {
    std::fprintf(stderr, "Of the test images %.1f %% are recognised after %ld epochs, less than %.0f %%: the network did not learn.\n",
                 answers.accuracy * 100, epoch, kAccuracy * 100);
    return 1;
  }
  return status;
}
