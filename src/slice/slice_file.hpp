// The file that names a slice to its processes (FLEXAI_SLICE): text, one line per share, in the runtime directory beside the regions it names.
//
//   flexai-slice 1
//   name training
//   share pocl-0 <slot> <generation> <pair_id>
//
// Region files are found in the slice file's own directory, so a container may mount it anywhere. pair_id rejects a region made anew under the old name.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/outcome.hpp"
#include "core/xpu_id.hpp"
#include "slice/admission.hpp"
#include "slice/region_file.hpp"

namespace flexai::slice {

struct SliceFile {
  static constexpr std::uint32_t kMaxShares = 16;
  struct Share {
    XpuId xpu;
    SlotRef ref;
    std::uint64_t pair_id = 0;
  };
  char name[64] = {};
  std::uint32_t count = 0;
  Share shares[kMaxShares];  // in ascending order of xpu: the order gang leases are taken in
};

/// 1 to 63 of [A-Za-z0-9._-], not beginning with '.' or '-': it becomes part of a file name.
[[nodiscard]] bool IsSliceName(std::string_view name) noexcept;

/// Parses the text of a slice file. (Fuzzed.) kCorrupt, kWrongVersion.
[[nodiscard]] Outcome ParseSliceFile(std::string_view text, SliceFile& out) noexcept;
/// Reads and parses; kNotFound, kForeignOwner, kIo besides.
[[nodiscard]] Outcome ReadSliceFile(const char* path, SliceFile& out) noexcept;
/// Writes `<directory>/slice-<name>` atomically (temporary file, rename). `shared` as in RuntimeDirectory.
[[nodiscard]] Outcome WriteSliceFile(std::string_view directory, bool shared, const SliceFile& slice, Path& path) noexcept;

}  // namespace flexai::slice
