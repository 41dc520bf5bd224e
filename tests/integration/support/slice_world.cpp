#include "tests/integration/support/slice_world.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "core/clock.hpp"
#include "core/identity.hpp"
#include "slice/ledger.hpp"

namespace flexai::testing {
namespace {

[[noreturn]] void Die(const std::string& what, Outcome outcome) {
  std::fprintf(stderr, "slice_world: %s: %s\n", what.c_str(), OutcomeText(outcome));
  std::abort();
}

void Check(const std::string& what, Outcome outcome) {
  if (outcome != Outcome::kOk) Die(what, outcome);
}

}  // namespace

SliceWorld::SliceWorld() {
  directory_ = "/dev/shm/flexai-test-XXXXXX";
  if (mkdtemp(directory_.data()) == nullptr) Die("making " + directory_, Outcome::kIo);
}

SliceWorld::~SliceWorld() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

slice::RegionFile& SliceWorld::AddXpu(const std::string& xpu, std::uint64_t memory_bytes) {
  slice::RegionFacts facts;
  const auto id = XpuId::Parse(xpu);
  if (!id) Die("xpu " + xpu, Outcome::kInvalid);
  facts.xpu = *id;
  facts.kind = static_cast<std::uint32_t>(XpuKind::kCpu);
  facts.device_memory = Bytes{memory_bytes};
  facts.model = "test";
  facts.driver = "test";
  slice::RegionFile region;
  Check("region of " + xpu, slice::RegionFile::OpenOrCreate(directory_, facts, region));
  return regions_[xpu] = std::move(region);
}

slice::RegionFile& SliceWorld::region(const std::string& xpu) {
  const auto found = regions_.find(xpu);
  if (found == regions_.end()) Die("region of " + xpu, Outcome::kNotFound);
  return found->second;
}

std::string SliceWorld::MakeSlice(const std::string& name, const std::vector<WantedShare>& shares) {
  std::map<std::string, WantedShare> sorted;
  for (const WantedShare& share : shares) sorted[share.xpu] = share;
  slice::SliceFile file;
  std::snprintf(file.name, sizeof file.name, "%s", name.c_str());
  for (const auto& [xpu, wanted] : sorted) {
    if (!regions_.contains(xpu)) AddXpu(xpu, std::uint64_t{1} << 40);
    slice::AdmitRequest request;
    request.name = name;
    request.command = "test";
    request.gang = sorted.size() > 1;
    request.share.request = CoreShare{wanted.request};
    request.share.limit = CoreShare{wanted.limit};
    request.share.priority = wanted.priority;
    request.share.reserves_memory = wanted.memory.has_value();
    request.share.memory = Bytes{wanted.memory.value_or(0)};
    slice::SlotRef ref;
    slice::Refusal why;
    Check(std::string("admitting ").append(name).append(" on ").append(xpu), slice::Admit(regions_[xpu], request, ref, why));
    slots_[name][xpu] = ref;
    Keep(xpu, ref);
    file.shares[file.count++] = {*XpuId::Parse(xpu), ref, regions_[xpu].view().quota->header.pair_id};
  }
  slice::Path path;
  Check("slice file of " + name, slice::WriteSliceFile(directory_, false, file, path));
  return path.c_str();
}

void SliceWorld::Keep(const std::string& xpu, slice::SlotRef ref) {
  std::uint32_t process = 0;
  Check("keeper on " + xpu, slice::Register(region(xpu), ref, FLEXAI_ROLE_KEEPER, process));
}

slice::SlotRef SliceWorld::slot(const std::string& name, const std::string& xpu) const { return slots_.at(name).at(xpu); }

std::uint64_t SliceWorld::Held(const std::string& name, const std::string& xpu) {
  slice::Sweep(region(xpu).view(), MonotonicNow());
  return slice::HeldBySlice(region(xpu).view(), slot(name, xpu).slot);
}

const flexai_slice_account& SliceWorld::account(const std::string& name, const std::string& xpu) {
  return region(xpu).view().account(slot(name, xpu).slot);
}

}  // namespace flexai::testing
