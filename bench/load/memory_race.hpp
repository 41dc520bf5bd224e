// Several processes of one slice take and give back device memory as fast as they can, and agree through a shared page, outside of flexai, on how much they
// hold together. Two ways to be found out:
//
//   greedy  each asks for more than its part, so the quota is fought for. `held` rises after a success and falls before a release, so it never says more
//           than is really held: above the quota, the quota was broken.
//   modest  each takes at most its part and the parts add up to the quota exactly, so every refusal is a false one.
#pragma once

#include <cstdint>

#include "base/document.hpp"
#include "base/result.hpp"
#include "core/xpu_id.hpp"

namespace flexai::load {

struct MemoryRace {
  std::uint32_t processes = 8;
  std::uint64_t quota_bytes = 0;
  std::uint64_t own_bytes = 0;   // no process holds more
  std::uint64_t operations = 0;  // allocations tried, by all together
};

/// The document: operations, refused, over_bytes (the most above the quota that was seen), other_errors, filled (how often a process reached its part).
[[nodiscard]] Result<Document> RunMemoryRace(const XpuId& xpu, const MemoryRace& race);

}  // namespace flexai::load
