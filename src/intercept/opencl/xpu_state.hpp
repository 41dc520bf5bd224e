// What the compute side of the layer knows of one governed XPU in this process, beside what the slice knows: which clock its accounts use, and how many
// queues may hold work that was not flushed. Any thread; one for each share of the slice, never destroyed.
#pragma once

#include <atomic>
#include <cstdint>

#include "intercept/common/fork_safe_mutex.hpp"
#include "intercept/opencl/cl_headers.hpp"
#include "intercept/opencl/stamps.hpp"
#include "slice/tenant.hpp"

namespace flexai::opencl {

class XpuState {
 public:
  constexpr XpuState() = default;
  XpuState(const XpuState&) = delete;
  XpuState& operator=(const XpuState&) = delete;

  /// The state of `tenant`, one of its devices being `device` (for the name of the driver's version). A child of fork begins anew.
  [[nodiscard]] static XpuState& Of(slice::Tenant& tenant, cl_device_id device) noexcept;
  /// The state of `tenant` if it has one in this process, else null.
  [[nodiscard]] static XpuState* Existing(const slice::Tenant& tenant) noexcept;

  [[nodiscard]] slice::Tenant& tenant() const noexcept { return *tenant_; }

  // -- stamps ---------------------------------------------------------------------------------------------------------------------------------------

  /// The verdict on the driver's stamps: the region's where an earlier process found one.
  [[nodiscard]] StampsVerdict verdict() const noexcept { return verdict_.load(std::memory_order_relaxed); }
  /// Shows a completed command to the judge while there is no verdict.
  void Observe(const StampedCommand& command) noexcept;

  // -- unflushed queues -------------------------------------------------------------------------------------------------------------------------------

  /// One more queue holds admitted work that was not flushed; one less. The slice's mark is set while there is any.
  void QueueBecameDirty() noexcept;
  void QueueBecameClean() noexcept;
  [[nodiscard]] bool AnyDirty() const noexcept { return dirty_queues_.load(std::memory_order_seq_cst) != 0; }

 private:
  void Begin(slice::Tenant& tenant, cl_device_id device) noexcept;

  std::atomic<std::uint32_t> epoch_{0};  // the process it belongs to, see ProcessEpoch
  slice::Tenant* tenant_ = nullptr;
  std::uint64_t driver_hash_ = 0;
  std::atomic<StampsVerdict> verdict_{StampsVerdict::kUnknown};
  std::atomic<std::uint32_t> dirty_queues_{0};
  intercept::ForkSafeMutex judge_mutex_;  // guards judge_
  StampsJudge judge_;
};

}  // namespace flexai::opencl
