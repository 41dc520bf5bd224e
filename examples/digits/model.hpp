// The file that training writes and the service reads: the parameters of the network as text that an eye and a diff can read.
//
//   digits-model 1
//   first 16          then 16 lines of 9, a convolution each
//   second 512        then 512 lines of 9
//   dense 320         then 320 lines of 64, what a channel says for a class, pixel by pixel
//
// A number is a parameter in steps of 1/4096, so what is written is what is read. One thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "digits/network.hpp"

namespace example {

/// `parameters` with each one rounded to what a file can say.
[[nodiscard]] Parameters Rounded(std::span<const float> parameters);

[[nodiscard]] std::string FormatModel(std::span<const float> parameters);

struct ParsedModel {
  Parameters parameters;
  std::string problem;  // a sentence on the first line that is wrong; else empty
};
[[nodiscard]] ParsedModel ParseModel(std::string_view text);

/// Writes `path` so that there is the old file or the whole new one at any time. Ends the program with status 1 and a sentence when it cannot.
void WriteModel(const std::string& path, std::span<const float> parameters);

/// Reads `path`; without one, the model compiled in from model.txt. Ends the program with status 2 and a sentence when it is no model.
[[nodiscard]] Parameters LoadModel(const std::string& path);

}  // namespace example
