// Where measurements happen: one XPU, load generators on it, bare or in slices, started together and looked at from outside at exact moments.
//
// Method. The driver's device thread has a core of its own, host threads have the others. Tenants begin at a common instant, `ramp` before anything counts.
// A tenant's device time is what it completed times what a kernel costs alone, so it does not rest on flexai's own accounts; those are read beside it, and
// so is the CPU time of the driver's device thread.
// Main thread.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/document.hpp"
#include "base/result.hpp"
#include "cli/args.hpp"
#include "cli/measure/companions.hpp"
#include "cli/measure/machine.hpp"
#include "cli/measure/piped_program.hpp"
#include "cli/region_snapshot.hpp"
#include "core/xpu_id.hpp"

namespace flexai::cli {

/// A kernel of the load generator: how long its loop is, what one costs the device back to back.
struct KernelSpec {
  std::uint32_t steps = 1;
  Nanos ns = 0;
};

/// One load generator and the slice it gets; without `cores` it runs bare.
struct TenantPlan {
  std::string cores, memory, priority;
  std::string mode = "async";
  KernelSpec kernel;
  std::vector<std::string> options;  // further ones of flexai-load
  [[nodiscard]] bool sliced() const noexcept { return !cores.empty(); }
};

struct BedTenant {
  TenantPlan plan;
  PipedProgram program;
  std::string slice;      // its name; empty: bare
  pid_t load_pid = 0;     // the load generator itself
  int device_thread = 0;  // of it, where the driver computes in one
};

/// What flexai says a slice used in the interval.
struct AccountDelta {
  double device_ns = 0, think_ns = 0, overlap_ns = 0, wait_ns = 0;
};

struct TenantResult {
  Document round;
  double device_ns = 0;         // completed within the interval, times kernel.ns
  std::vector<double> bins_ns;  // the same per 100 ms, cumulative
  std::optional<AccountDelta> account;
  std::optional<double> core_ns;  // CPU time of the thread that is the device

  /// Commands per second over the whole round, from the first submission to the last completion.
  [[nodiscard]] double rate() const;
};

struct BedRound {
  std::vector<TenantResult> tenants;
  Nanos wall_ns = 0;
  LoadMeter::Load load;
};

class TestBed {
 public:
  /// kNotFound when there is no such XPU for the load generator, or no load generator.
  [[nodiscard]] static Result<TestBed> Open(const Surroundings& surroundings, const XpuId& xpu);

  [[nodiscard]] const XpuId& xpu() const noexcept { return xpu_; }
  [[nodiscard]] std::optional<int> device_cpu() const noexcept { return device_cpu_; }

  /// A kernel of about `wanted`, measured alone. Longer where the driver needs longer for anything.
  [[nodiscard]] Result<KernelSpec> Kernel(Nanos wanted);
  /// Every kernel measured so far.
  [[nodiscard]] Document Calibration() const;

  /// Starts all and waits until all are ready.
  [[nodiscard]] Result<std::vector<BedTenant>> Start(const std::vector<TenantPlan>& plans);

  struct RoundOptions {
    Nanos ramp = 300 * kMillisecond;
    Nanos length = kSecond;
    Nanos patience = 60 * kSecond;  // for the answers, beyond the end
  };
  [[nodiscard]] Result<BedRound> Round(std::span<BedTenant* const> tenants, const RoundOptions& options);
  [[nodiscard]] Result<BedRound> Round(std::vector<BedTenant>& tenants, const RoundOptions& options);

  /// Start, one round, end.
  [[nodiscard]] Result<BedRound> Once(const std::vector<TenantPlan>& plans, const RoundOptions& options);

  /// The command line of a load generator in its slice; `name` is the slice's.
  [[nodiscard]] std::vector<std::string> CommandOf(const TenantPlan& plan, const std::string& name) const;
  [[nodiscard]] const std::vector<std::string>& environment() const noexcept { return environment_; }
  [[nodiscard]] std::string NextSliceName();

  /// The region as it is now, after sweeping; kNotFound when nobody ever had a slice here.
  [[nodiscard]] Result<RegionSnapshot> Look() const;

 private:
  TestBed() = default;
  XpuId xpu_;
  std::string self_, load_program_, directory_;
  std::vector<std::string> environment_;
  std::optional<int> device_cpu_;
  std::map<Nanos, KernelSpec> kernels_;  // by what was wanted
  int names_ = 0;
};

/// The ids of the XPUs the load generator can use here.
[[nodiscard]] Result<std::vector<XpuId>> LoadableXpus(const Surroundings& surroundings);

}  // namespace flexai::cli
