// Two looks at the regions with some time between them: what slices really used. Main thread.
#pragma once

#include "cli/smi_view.hpp"
#include "core/clock.hpp"

namespace flexai::cli {

/// The regions of `inventory` as they are, to compare with later.
[[nodiscard]] Baseline BaselineOf(const Inventory& inventory);

/// Waits for `interval` and looks at the regions again. False when a signal asked to end (SIGINT, SIGTERM, SIGHUP).
[[nodiscard]] bool WaitAndRefresh(Nanos interval, Inventory& inventory);

}  // namespace flexai::cli
