// One XPU where several sources saw one card: by id, by UUID, or by PCI address. Pure; any thread.
#pragma once

#include <span>
#include <vector>

#include "device/xpu.hpp"

namespace flexai::device {

/// Merges `seen`, most trusted source first: what an earlier source said stays, gaps are filled by later ones. The result is ordered by kind (gpu, npu,
/// fpga, cpu, other), then by id.
[[nodiscard]] std::vector<Xpu> MergeXpus(std::span<const Xpu> seen);

}  // namespace flexai::device
