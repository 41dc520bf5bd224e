// Changes to living slices: a slice is found by its name, and what is wanted happens on all of the shares that were asked for or on none of them, through
// admission. What `slice set` and `top` do; `slice rm` finds its slices here. Main thread; each change locks one region for one call.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/inventory.hpp"
#include "core/quantity.hpp"
#include "slice/admission.hpp"

namespace flexai::cli {

/// One share of a slice, with its region open for writing.
struct OpenShare {
  slice::RegionFile region;
  slice::SlotRef ref;
};

/// The sentence for a name that no living slice has, with the nearest that one has.
[[nodiscard]] Error NoSuchSlice(const Inventory& inventory, const std::string& name);

/// The shares of the slice `name`, on the XPUs of `only` or on all it has, in order of id. kNotFound when there is none, kIo when a region cannot be opened.
[[nodiscard]] Result<std::vector<OpenShare>> OpenShares(const Inventory& inventory, const std::string& name,
                                                        const std::vector<std::string>& only);

/// What is not set stays.
struct WantedChange {
  std::optional<CoresAmount> cores;
  std::optional<MemoryAmount> memory;
  std::optional<Priority> priority;
};

/// On all shares or on none. Errors: what admission refuses (kExhausted with the holder's name, kInvalid, kBusy), kStale when the slice ended; each a whole
/// sentence.
[[nodiscard]] Status ApplyChange(const Inventory& inventory, std::vector<OpenShare>& shares, const std::string& name,
                                 const WantedChange& wanted);

}  // namespace flexai::cli
