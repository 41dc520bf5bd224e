// An XPU with three slices and what they did, for tests of `flexai top`.
#pragma once

#include <unistd.h>

#include "cli/top/frame.hpp"

namespace flexai::cli {

/// `training` 30 (capped), uses it; `batch` 60:100, uses 20 of it and waits; `late` 0:50, began after the baseline and did nothing.
inline Inventory SampleInventory() {
  const auto slice = [](std::uint32_t slot, const char* name, CoreShare request, CoreShare limit) {
    SliceSnapshot made;
    made.name = name;
    made.ref = {slot, 7};
    made.owner_uid = geteuid();
    made.request_permille = request.permille;
    made.limit_permille = limit.permille;
    made.created_ns = (10 + slot) * kSecond;
    made.processes = {{.pid = 100 + slot, .pid_is_ours = true, .comm = "python3"}};
    return made;
  };
  SliceSnapshot training = slice(0, "training", {300}, {300}), batch = slice(1, "batch", {600}, {1000}),
                late = slice(2, "late", {0}, {500});
  training.device_ns = 800 * kMillisecond;
  training.held_bytes = 1ULL << 20;
  batch.device_ns = 700 * kMillisecond;
  batch.wait_ns = 900 * kMillisecond;
  batch.reserves_memory = true;
  batch.reserved_bytes = 4ULL << 30;
  batch.held_bytes = 1ULL << 30;
  batch.priority = Priority::kHigh;
  late.created_ns = 19'500 * kMillisecond;

  XpuEntry entry{.id = XpuId::Parse("pocl-0").value(), .enforceable = {.possible = true}};
  device::Xpu xpu;
  xpu.id = entry.id;
  xpu.kind = XpuKind::kCpu;
  xpu.model = "AMD EPYC";
  xpu.memory = Bytes{8ULL << 30};
  entry.xpu = xpu;
  entry.region = RegionSnapshot{.xpu = entry.id,
                                .kind = XpuKind::kCpu,
                                .device_memory_bytes = 8ULL << 30,
                                .reserved_memory_bytes = 4ULL << 30,
                                .taken_ns = 20 * kSecond,
                                .slices = {training, batch, late}};
  Inventory inventory;
  inventory.entries = {entry};
  return inventory;
}

/// A second earlier.
inline Baseline SampleBaseline() {
  RegionSnapshot before = *SampleInventory().entries[0].region;
  before.taken_ns -= kSecond;
  before.slices.pop_back();
  before.slices[0].device_ns -= 300 * kMillisecond;
  before.slices[1].device_ns -= 200 * kMillisecond;
  before.slices[1].wait_ns -= 800 * kMillisecond;
  return {before};
}

}  // namespace flexai::cli
