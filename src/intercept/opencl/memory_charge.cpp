#include "intercept/opencl/memory_charge.hpp"

#include "intercept/opencl/attach.hpp"
#include "slice/tenant.hpp"

namespace flexai::opencl {
namespace {

// Calls `each(tenant, index)` for the XPUs in `tenants`, in ascending order, until it answers false.
template <class Each>
void ForEachTenant(std::uint16_t tenants, Each each) noexcept {
  slice::Membership& membership = slice::Membership::Process();
  for (std::uint32_t i = 0; i < membership.size(); ++i) {
    if ((tenants >> i & 1) != 0 && !each(membership.tenant(i), i)) return;
  }
}

[[nodiscard]] bool ReserveMore(std::uint16_t tenants, std::uint64_t bytes) noexcept {
  if (bytes == 0) return true;  // also where others took more than there is
  std::uint16_t done = 0;
  ForEachTenant(tenants, [&](slice::Tenant& tenant, std::uint32_t i) {
    if (tenant.Reserve(Bytes{bytes}) != Outcome::kOk) return false;
    done = static_cast<std::uint16_t>(done | 1u << i);
    return true;
  });
  if (done == tenants) return true;
  ForEachTenant(done, [&](slice::Tenant& tenant, std::uint32_t) {
    tenant.Release(Bytes{bytes});
    return true;
  });
  return false;
}

void GiveBack(std::uint16_t tenants, std::uint64_t bytes) noexcept {
  if (bytes == 0) return;
  ForEachTenant(tenants, [&](slice::Tenant& tenant, std::uint32_t) {
    tenant.Release(Bytes{bytes});
    return true;
  });
}

// An attached process's account, and this process's.
bool IsOurs(const Charge& charge) noexcept { return charge.tenants != 0 && charge.epoch == ProcessEpoch(); }

}  // namespace

bool Reserve(std::uint16_t tenants, std::uint64_t bytes, Charge& charge) noexcept {
  if (!ReserveMore(tenants, bytes)) return false;
  charge = {bytes, ProcessEpoch(), tenants};
  return true;
}

bool Adjust(Charge& charge, std::uint64_t bytes) noexcept {
  if (!IsOurs(charge)) return true;
  if (bytes > charge.bytes && !ReserveMore(charge.tenants, bytes - charge.bytes)) return false;
  if (bytes < charge.bytes) GiveBack(charge.tenants, charge.bytes - bytes);
  charge.bytes = bytes;
  return true;
}

void Force(Charge& charge, std::uint64_t bytes) noexcept {
  if (bytes == 0) return;
  ForEachTenant(charge.tenants, [&](slice::Tenant& tenant, std::uint32_t) {
    tenant.ReserveUnconditionally(Bytes{bytes});
    return true;
  });
  charge.bytes += bytes;
}

void Release(const Charge& charge) noexcept {
  if (IsOurs(charge)) GiveBack(charge.tenants, charge.bytes);
}

}  // namespace flexai::opencl
