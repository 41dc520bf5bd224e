// Contexts hold granted devices only, and what their objects cost is asked of the driver each time instead of remembered: a context lives as long as the
// driver says, through any number of references that a layer does not see. Any thread.
#pragma once

#include <cstdint>

#include "intercept/opencl/cl_headers.hpp"
#include "slice/tenant.hpp"

namespace flexai::opencl {

/// The XPUs that memory of one context is charged on: each of them, when it is made, because a driver may move it to any.
class ContextShares {
 public:
  enum class State : std::uint8_t {
    kUnknown,     // the driver does not know the context: it has the word
    kUngoverned,  // all its devices are flexai's own remote ones
    kRefused,     // a device is not of this slice, or this child of fork could not join: nothing may be allocated
    kGoverned,
  };

  explicit ContextShares(cl_context context) noexcept;

  [[nodiscard]] State state() const noexcept { return state_; }
  /// Whether the ledger decides; otherwise the driver alone.
  [[nodiscard]] bool enforced() const noexcept { return state_ == State::kGoverned || state_ == State::kRefused; }
  /// Bit i: Membership::tenant(i).
  [[nodiscard]] std::uint16_t tenants() const noexcept { return tenants_; }
  /// CL_DEVICE_MAX_MEM_ALLOC_SIZE as the application sees it, of the device with the largest and the smallest.
  [[nodiscard]] std::uint64_t largest_limit() const noexcept { return largest_limit_; }
  [[nodiscard]] std::uint64_t smallest_limit() const noexcept { return smallest_limit_; }
  /// The largest that the drivers themselves would accept.
  [[nodiscard]] std::uint64_t drivers_limit() const noexcept { return drivers_limit_; }

 private:
  State state_ = State::kUnknown;
  std::uint16_t tenants_ = 0;
  std::uint64_t largest_limit_ = 0;
  std::uint64_t smallest_limit_ = UINT64_MAX;
  std::uint64_t drivers_limit_ = 0;
};

}  // namespace flexai::opencl
