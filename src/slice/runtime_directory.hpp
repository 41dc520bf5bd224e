// Where regions and slice files live: $FLEXAI_RUNTIME_DIR, else /run/flexai where somebody privileged made it, else /dev/shm/flexai-<uid>.
// Memory, never disk; never a per-login directory (logind removes those under running programs).
#pragma once

#include <string_view>

#include "core/outcome.hpp"
#include "slice/region_file.hpp"

namespace flexai::slice {

struct RuntimeDirectory {
  Path path;
  bool shared = false;  // used by several users (root:flexai 2770): files get 0660
};

/// Finds the directory; `override_path` is the value of FLEXAI_RUNTIME_DIR or empty. The per-user one is made (0711) when missing, and must belong to
/// this user (kForeignOwner). An override must exist and be a directory we can use (kNotFound, kIo with errno).
[[nodiscard]] Outcome FindRuntimeDirectory(std::string_view override_path, RuntimeDirectory& out) noexcept;

}  // namespace flexai::slice
