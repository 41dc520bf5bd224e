// Training on a device: the network's answers, the gradient of their loss, and the step downhill. One thread; everything is released with the process.
#pragma once

#include <vector>

#include "common/opencl.hpp"
#include "digits/device_network.hpp"
#include "train/batches.hpp"

namespace example {

/// A step that may still be going on. Its batch must stay until Wait returned.
struct Step {
  Batch batch;
  double started = 0;
  cl_event done = nullptr;
  std::vector<float> losses;  // of each image
};

class Trainer {
 public:
  /// Trains `network`, with as many images a step as that one sees at a time.
  explicit Trainer(DeviceNetwork& network);

  /// Enqueues a step with step.batch: momentum, and `rate` as the length of the step.
  void Start(Step& step, float rate);
  /// Waits until the step is done; the mean loss before it.
  [[nodiscard]] double Wait(Step& step);

  /// The gradient of the loss of `batch`; nothing is learnt.
  [[nodiscard]] Parameters ComputeGradient(const Batch& batch);

 private:
  void EnqueueGradient(const Batch& batch);

  DeviceNetwork& network_;
  cl_mem labels_, losses_, score_deltas_, second_deltas_, first_deltas_, gradient_, velocity_;
  cl_kernel softmax_, dense_gradient_, dense_back_, second_gradient_, second_back_, first_gradient_, update_;
};

}  // namespace example
