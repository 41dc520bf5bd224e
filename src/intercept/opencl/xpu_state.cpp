#include "intercept/opencl/xpu_state.hpp"

#include "api/region/region.h"
#include "intercept/opencl/attach.hpp"
#include "intercept/opencl/dispatch.hpp"

namespace flexai::opencl {
namespace {

constinit XpuState states[slice::SliceFile::kMaxShares];
constinit intercept::ForkSafeMutex begin_mutex;  // guards the beginning of a state, so that two threads at their first call begin it once

std::uint64_t Hash(const char* text, std::uint64_t hash) noexcept {
  for (; *text != '\0'; ++text) hash = (hash ^ static_cast<unsigned char>(*text)) * 0x100000001b3;  // FNV-1a
  return hash;
}

// Names the driver's release: another one may stamp otherwise.
std::uint64_t DriverHash(cl_device_id device) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const cl_device_info name : {CL_DRIVER_VERSION, CL_DEVICE_VERSION, CL_DEVICE_NAME}) {
    char text[1024] = {};
    if (Next().clGetDeviceInfo(device, name, sizeof text - 1, text, nullptr) == CL_SUCCESS) hash = Hash(text, hash);
  }
  return hash;
}

std::uint32_t IndexOf(const slice::Tenant& tenant) noexcept {
  return static_cast<std::uint32_t>(&tenant - &slice::Membership::Process().tenant(0));
}

}  // namespace

XpuState* XpuState::Existing(const slice::Tenant& tenant) noexcept {
  const std::uint32_t index = IndexOf(tenant);
  if (index >= slice::SliceFile::kMaxShares || states[index].epoch_.load(std::memory_order_acquire) != ProcessEpoch()) return nullptr;
  return &states[index];
}

XpuState& XpuState::Of(slice::Tenant& tenant, cl_device_id device) noexcept {
  if (XpuState* state = Existing(tenant)) return *state;
  XpuState& state = states[IndexOf(tenant) % slice::SliceFile::kMaxShares];
  state.Begin(tenant, device);
  return state;
}

void XpuState::Begin(slice::Tenant& tenant, cl_device_id device) noexcept {
  const std::uint64_t hash = DriverHash(device);
  const intercept::ForkSafeLock lock(begin_mutex);
  if (epoch_.load(std::memory_order_relaxed) == ProcessEpoch()) return;
  tenant_ = &tenant;
  driver_hash_ = hash;
  dirty_queues_.store(0, std::memory_order_relaxed);
  judge_ = {};
  switch (tenant.StampsVerdict(hash)) {
    case FLEXAI_STAMPS_AGREE: verdict_.store(StampsVerdict::kAgree, std::memory_order_relaxed); break;
    case FLEXAI_STAMPS_DISAGREE: verdict_.store(StampsVerdict::kDisagree, std::memory_order_relaxed); break;
    default: verdict_.store(StampsVerdict::kUnknown, std::memory_order_relaxed); break;
  }
  epoch_.store(ProcessEpoch(), std::memory_order_release);  // pairs with the acquire in Existing
}

void XpuState::Observe(const StampedCommand& command) noexcept {
  StampsVerdict verdict;
  {
    const intercept::ForkSafeLock lock(judge_mutex_);
    verdict = judge_.Observe(command);
  }
  if (verdict == StampsVerdict::kUnknown || verdict_.exchange(verdict, std::memory_order_relaxed) == verdict) return;
  tenant_->LearnStamps(driver_hash_, verdict == StampsVerdict::kAgree ? FLEXAI_STAMPS_AGREE : FLEXAI_STAMPS_DISAGREE);
}

void XpuState::QueueBecameDirty() noexcept {
  dirty_queues_.fetch_add(1, std::memory_order_seq_cst);
  tenant_->MarkUnflushed();
}

void XpuState::QueueBecameClean() noexcept {
  if (dirty_queues_.fetch_sub(1, std::memory_order_seq_cst) != 1) return;
  tenant_->MarkFlushed();
  // A queue that became dirty meanwhile may have found the mark still set and relied on it; and a waiter that came meanwhile found none.
  if (!AnyDirty()) return;
  tenant_->MarkUnflushed();
  if (tenant_->Contended()) FlushQueues(*tenant_, nullptr);
}

}  // namespace flexai::opencl
