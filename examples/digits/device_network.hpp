// The network of network.hpp on a device: its buffers, and the kernels that answer. One thread; everything is released with the process.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/opencl.hpp"
#include "digits/network.hpp"

namespace example {

/// The shape of the network as build options of a kernel that reads its buffers.
[[nodiscard]] std::string ShapeOptions();

/// A buffer of zeros. The borders of planes are never written, so they stay zero.
[[nodiscard]] cl_mem Zeros(const Device& device, size_t floats);

/// Sees up to `images` images at a time. The layers' results are planes with a border of zeros, image by image, channel by channel.
class DeviceNetwork {
 public:
  DeviceNetwork(const Device& device, size_t images);

  void SetParameters(std::span<const float> parameters);
  [[nodiscard]] Parameters GetParameters() const;

  /// Enqueues what leads from the images to their scores. `images` must stay until then.
  void Forward(std::span<const Image> images);

  /// The scores of up to images() images.
  [[nodiscard]] std::vector<Scores> Classify(std::span<const Image> images);

  [[nodiscard]] const Device& device() const { return device_; }
  [[nodiscard]] size_t images() const { return images_; }
  [[nodiscard]] cl_mem parameters() const { return parameters_; }
  [[nodiscard]] cl_mem input() const { return input_; }
  [[nodiscard]] cl_mem first() const { return first_; }
  [[nodiscard]] cl_mem second() const { return second_; }
  [[nodiscard]] cl_mem scores() const { return scores_; }

 private:
  const Device& device_;
  size_t images_;
  cl_mem parameters_, input_, first_, second_, scores_;
  cl_kernel convolve_first_, convolve_second_, dense_;
};

}  // namespace example
