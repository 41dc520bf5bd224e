// What one object costs, on each XPU it may live on: reserved before the driver allocates, given back when it has freed. Any thread, no lock of ours.
#pragma once

#include <cstdint>

namespace flexai::opencl {

/// Bytes held on each of a set of XPUs. A plain value that fits into tables; whoever holds it must release it once.
struct Charge {
  std::uint64_t bytes = 0;
  std::uint32_t epoch = 0;    // ProcessEpoch() of the process whose account it is on
  std::uint16_t tenants = 0;  // bit i: Membership::tenant(i)
};

/// Charges `bytes` on every XPU of `tenants`, or on none of them. False: it would pass a quota.
[[nodiscard]] bool Reserve(std::uint16_t tenants, std::uint64_t bytes, Charge& charge) noexcept;

/// Makes `charge` what the driver says the object takes. False, and unchanged, when that is more and passes a quota.
[[nodiscard]] bool Adjust(Charge& charge, std::uint64_t bytes) noexcept;

/// Adds what is allocated already and cannot be refused.
void Force(Charge& charge, std::uint64_t bytes) noexcept;

/// Gives it back. Without effect for what a parent of this forked process charged: the object lives on there.
void Release(const Charge& charge) noexcept;

}  // namespace flexai::opencl
