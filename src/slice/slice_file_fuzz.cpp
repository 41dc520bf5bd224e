// Slice files as anybody may have written them. What parses is in range, and is written back to the same text.
#include <cstddef>
#include <cstdint>

#include "slice/slice_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace flexai;
  slice::SliceFile file;
  if (slice::ParseSliceFile({reinterpret_cast<const char*>(data), size}, file) != Outcome::kOk) return 0;
  if (file.count == 0 || file.count > slice::SliceFile::kMaxShares || !slice::IsSliceName(file.name)) __builtin_trap();
  for (std::uint32_t i = 0; i < file.count; ++i)
    if (file.shares[i].ref.slot >= FLEXAI_REGION_SLICES || file.shares[i].xpu.empty() ||
        (i > 0 && !(file.shares[i - 1].xpu < file.shares[i].xpu)))
      __builtin_trap();
  return 0;
}
