// Which XPUs `flexai run` takes. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/inventory.hpp"
#include "core/quantity.hpp"

namespace flexai::cli {

/// What is asked of each XPU.
struct Wish {
  CoresAmount cores{CoreShare{10}, kWholeXpu};
  std::optional<MemoryAmount> memory;
};

/// The XPUs that `selectors` mean, in ascending order of id (the order in which the leases of a gang are taken). A selector is an id, the beginning of
/// exactly one id, or a kind (gpu, npu, fpga, cpu): of a kind the XPU with most free compute that has room for `wish`. No selectors: one XPU, of the best
/// kind that is here (gpu, npu, then cpu), chosen the same way; never one of a lesser kind because the better are full.
/// kInvalid: no such XPU, ambiguous, or named twice. kUnenforceable: it is there, and a slice of it cannot be kept; with the reason.
[[nodiscard]] Result<std::vector<const XpuEntry*>> SelectXpus(const Inventory& inventory, const std::vector<std::string>& selectors,
                                                              const Wish& wish);

}  // namespace flexai::cli
