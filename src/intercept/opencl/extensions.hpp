// Takes withheld extensions (FLEXAI_WITHHELD of opencl.def) out of what a driver says it supports. Two shapes: the
// space-separated string and, since OpenCL 3.0, an array of cl_name_version. Everything else stays byte for byte, also the
// driver's odd spacing. Any thread; allocates only for answers over 4 KiB.
#pragma once

#include <cstddef>

#include "intercept/opencl/cl_headers.hpp"
#include "intercept/opencl/info_answer.hpp"

namespace flexai::opencl {

/// Removes withheld names from `text` (with one separator each) in place; returns the new length. `text` ends with a 0.
std::size_t RemoveWithheld(char* text) noexcept;

/// Removes withheld entries from the first `count` of `list` in place, keeping the order; returns how many are left.
std::size_t RemoveWithheld(cl_name_version* list, std::size_t count) noexcept;

/// The same to a driver's answer: names separated by spaces, and cl_name_version entries.
void FilterNames(InfoAnswer& answer) noexcept;
void FilterVersions(InfoAnswer& answer) noexcept;

}  // namespace flexai::opencl
