#include "bench/load/memory_race.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <random>
#include <vector>

#include "bench/load/opencl_device.hpp"
#include "bench/load/process_group.hpp"

namespace flexai::load {
namespace {

constexpr std::uint64_t kUnit = 4096;  // no driver rounds a multiple of it up
constexpr std::size_t kMostPieces = 16;

enum Value { kOperations, kRefused, kOverBytes, kOtherErrors, kFilled };

struct Piece {
  cl_mem memory;
  std::uint64_t bytes;
};

class Racer {
 public:
  Racer(OpenclDevice& device, const MemoryRace& race, SharedPage& shared, Slot& slot, std::uint32_t seed)
      : device_(device), race_(race), held_(shared.held_bytes), slot_(slot), random_(seed) {}

  void Run(std::uint64_t operations) {
    while (slot_.values[kOperations] < operations) {
      const std::uint64_t room = (race_.own_bytes - mine_) / kUnit;
      if (room == 0 || pieces_.size() == kMostPieces) {
        slot_.values[kFilled] += room == 0;
        // One, or several: the total has to touch the limit often, and leave it.
        do {
          GiveBack();
        } while (!pieces_.empty() && random_() % 4 != 0);
        continue;
      }
      const std::uint64_t largest = std::max<std::uint64_t>(race_.own_bytes / kUnit / 3, 1);
      Take(std::min(room, 1 + random_() % largest) * kUnit);
    }
    while (!pieces_.empty()) GiveBack();
  }

 private:
  void Take(std::uint64_t bytes) {
    ++slot_.values[kOperations];
    cl_int error = CL_SUCCESS;
    cl_mem memory = clCreateBuffer(device_.context, CL_MEM_READ_WRITE, bytes, nullptr, &error);
    if (error == CL_SUCCESS) {
      const std::uint64_t now = held_.fetch_add(bytes, std::memory_order_seq_cst) + bytes;
      if (now > race_.quota_bytes) slot_.values[kOverBytes] = std::max(slot_.values[kOverBytes], now - race_.quota_bytes);
      pieces_.push_back({memory, bytes});
      mine_ += bytes;
      return;
    }
    slot_.values[error == CL_MEM_OBJECT_ALLOCATION_FAILURE ? kRefused : kOtherErrors] += 1;
    if (!pieces_.empty()) GiveBack();
  }

  void GiveBack() {
    std::swap(pieces_[random_() % pieces_.size()], pieces_.back());
    const Piece piece = pieces_.back();
    pieces_.pop_back();
    mine_ -= piece.bytes;
    held_.fetch_sub(piece.bytes, std::memory_order_seq_cst);
    slot_.values[kOtherErrors] += clReleaseMemObject(piece.memory) != CL_SUCCESS;
  }

  OpenclDevice& device_;
  const MemoryRace& race_;
  std::atomic_ref<std::uint64_t> held_;
  Slot& slot_;
  std::minstd_rand random_;
  std::vector<Piece> pieces_;
  std::uint64_t mine_ = 0;
};

}  // namespace

Result<Document> RunMemoryRace(const XpuId& xpu, const MemoryRace& race) {
  std::optional<OpenclDevice> device;  // each child's own
  const auto open = [&](std::uint32_t, SharedPage&, Slot&) {
    auto opened = OpenclDevice::Open(xpu);
    if (!opened) Die(tl::unexpected<Error>(opened.error()));
    device = *opened;
  };
  const auto run = [&](std::uint32_t index, SharedPage& shared, Slot& slot) {
    Racer(*device, race, shared, slot, index + 1).Run(race.operations / race.processes);
  };
  FLEXAI_TRY(const std::vector<Slot> slots, ProcessGroup::Run(race.processes, open, run));
  Slot sum;
  for (const Slot& slot : slots) {
    for (const int value : {kOperations, kRefused, kOtherErrors, kFilled}) sum.values[value] += slot.values[value];
    sum.values[kOverBytes] = std::max(sum.values[kOverBytes], slot.values[kOverBytes]);
  }
  return Document::Of({{"operations", sum.values[kOperations]},
                       {"refused", sum.values[kRefused]},
                       {"over_bytes", sum.values[kOverBytes]},
                       {"other_errors", sum.values[kOtherErrors]},
                       {"filled", sum.values[kFilled]}});
}

}  // namespace flexai::load
