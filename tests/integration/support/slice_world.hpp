// Regions and slices made without `flexai run`, in a runtime directory of their own: what a test of the layer needs around it. The calling process is the
// keeper of every slice it makes, so they live until it ends. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slice/admission.hpp"
#include "slice/region_file.hpp"
#include "slice/slice_file.hpp"

namespace flexai::testing {

struct WantedShare {
  std::string xpu;
  std::optional<std::uint64_t> memory = {};  // bytes reserved; nothing: reserves none
  std::uint32_t request = 1;                 // permille
  std::uint32_t limit = 1000;
  Priority priority = Priority::kNormal;
};

class SliceWorld {
 public:
  /// Makes the directory; aborts the test program with a message where that fails, as all functions here do.
  SliceWorld();
  ~SliceWorld();
  SliceWorld(const SliceWorld&) = delete;
  SliceWorld& operator=(const SliceWorld&) = delete;

  [[nodiscard]] const std::string& directory() const { return directory_; }

  /// Makes the region of an XPU; done by MakeSlice with 1 TiB for those that have none yet.
  slice::RegionFile& AddXpu(const std::string& xpu, std::uint64_t memory_bytes);
  [[nodiscard]] slice::RegionFile& region(const std::string& xpu);

  /// Admits a slice and returns the path of its file, for FLEXAI_SLICE.
  std::string MakeSlice(const std::string& name, const std::vector<WantedShare>& shares);

  /// The lowest level of the same, for tests that want to break something in between.
  void Keep(const std::string& xpu, slice::SlotRef ref);
  [[nodiscard]] slice::SlotRef slot(const std::string& name, const std::string& xpu) const;

  /// Bytes that the ledger says the slice's processes hold on the XPU, after looking for dead ones.
  [[nodiscard]] std::uint64_t Held(const std::string& name, const std::string& xpu);
  [[nodiscard]] const flexai_slice_account& account(const std::string& name, const std::string& xpu);

 private:
  std::string directory_;
  std::map<std::string, slice::RegionFile> regions_;
  std::map<std::string, std::map<std::string, slice::SlotRef>> slots_;
};

}  // namespace flexai::testing
