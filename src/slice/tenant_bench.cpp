// What an interposer adds to a submission: gate and charge of an uncontended tenant, and one memory reservation.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "slice/admission.hpp"
#include "slice/tenant.hpp"

namespace flexai::slice {
namespace {

Tenant& JoinedTenant() {
  static Tenant* tenant = [] {
    std::string directory = "/dev/shm/flexai-bench-XXXXXX";
    if (mkdtemp(directory.data()) == nullptr) std::abort();
    RegionFacts facts;
    facts.xpu = *XpuId::Parse("bench-0");
    facts.device_memory = {1ULL << 30};
    RegionFile region;
    SlotRef ref;
    Refusal why;
    SliceFile slice{.name = "bench", .count = 1};
    Path path;
    const AdmitRequest request{.name = "bench", .share = {.request = {1000}, .reserves_memory = true, .memory = {1 << 20}}};
    if (RegionFile::OpenOrCreate(directory, facts, region) != Outcome::kOk || Admit(region, request, ref, why) != Outcome::kOk)
      std::abort();
    slice.shares[0] = {facts.xpu, ref, region.view().quota->header.pair_id};
    if (WriteSliceFile(directory, false, slice, path) != Outcome::kOk) std::abort();
    if (Membership::Process().Attach(path.c_str(), [](Tenant&, void*) {}, nullptr) != Outcome::kOk) std::abort();
    std::filesystem::remove_all(directory);
    return &Membership::Process().tenant(0);
  }();
  return *tenant;
}

void AdmitAndComplete(benchmark::State& state) {
  Tenant& tenant = JoinedTenant();
  Nanos clock = 0;
  for (auto _ : state) {
    const Ticket ticket = tenant.Admit(10 * kMicrosecond);
    tenant.Complete(ticket, {.start_ns = clock, .end_ns = clock + 10});
    clock += 10;
  }
}
BENCHMARK(AdmitAndComplete);

// The gate alone, as the calling thread sees it: completions are somebody else's.
void Admit(benchmark::State& state) {
  Tenant& tenant = JoinedTenant();
  constexpr int kBatch = 100;
  Ticket tickets[kBatch];
  Nanos clock = 0;
  while (state.KeepRunningBatch(kBatch)) {
    for (Ticket& ticket : tickets) ticket = tenant.Admit(1 * kMicrosecond);
    state.PauseTiming();
    for (const Ticket& ticket : tickets) tenant.Complete(ticket, {.start_ns = clock, .end_ns = clock + 1});
    state.ResumeTiming();
  }
}
BENCHMARK(Admit);

void ReserveAndRelease(benchmark::State& state) {
  Tenant& tenant = JoinedTenant();
  for (auto _ : state) {
    benchmark::DoNotOptimize(tenant.Reserve({4096}));
    tenant.Release({4096});
  }
}
BENCHMARK(ReserveAndRelease);

}  // namespace
}  // namespace flexai::slice
