// Headers of region files as anybody may have written them: validation reads only what is there, and accepts only what the rest of the code may trust.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "slice/region_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace flexai;
  if (slice::ValidateQuotaHeader(data, size) == Outcome::kOk) {
    flexai_quota_header header;
    std::memcpy(&header, data, sizeof header);
    if (size < sizeof(flexai_quota_file) || header.pair_id == 0 || !XpuId::Parse(header.xpu_id)) __builtin_trap();
  }
  if (slice::ValidateStateHeader(data, size, 1) == Outcome::kOk && size < sizeof(flexai_state_file)) __builtin_trap();
  return 0;
}
