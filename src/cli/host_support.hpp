// What this machine offers for keeping slices: our layer, a loader that loads layers, robust futexes, a place for regions. Each part that is missing comes
// with the sentence that says how to get it. Reads files and asks the kernel; no driver is touched. Main thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/environment_list.hpp"
#include "base/result.hpp"
#include "device/xpu.hpp"
#include "slice/runtime_directory.hpp"

namespace flexai::cli {

/// Whether something works here; if not, why, and what to do.
struct Ability {
  bool possible = false;
  std::string reason;  // empty when possible; "the OpenCL loader … does not load layers"
  std::string fix;     // may be empty when there is nothing to do
};

/// `libflexai_opencl.so` in ../lib of the program (a build folder) or ../lib/flexai (an installation), as an absolute path; empty when it is not there.
/// Named without its version: what a slice starts after an upgrade then loads the new layer, where the old one's file is gone.
[[nodiscard]] std::string FindLayer(const std::string& self);

/// The layer can be named in OPENCL_LAYERS and `loader` reads that variable.
[[nodiscard]] Ability CanLoadLayer(const std::string& layer, const std::string& loader);

/// The kernel tells of the death of a lock's owner (set_robust_list); emulators and some sandboxes do not.
[[nodiscard]] Ability HasRobustFutexes();

/// Whether a slice of `xpu` can be kept here. `machine` is what CanLoadLayer and HasRobustFutexes said together.
[[nodiscard]] Ability CanEnforceOn(const device::Xpu& xpu, const Ability& machine);

/// The first of `abilities` that is not possible, or the first.
[[nodiscard]] Ability AllOf(const std::vector<Ability>& abilities);

struct Runtime {
  slice::RuntimeDirectory directory;
  std::string path;
};
/// Where regions are, or the error that says what is wrong with the place.
[[nodiscard]] Result<Runtime> FindRuntime(const EnvironmentList& environment);

/// Users other than this one (by name, else by number) who have a region of `xpu` in a directory of their own: invisible to our admission.
/// `system_directory`: the one all users share; empty when that is ours.
[[nodiscard]] std::vector<std::string> OtherUsersOf(std::string_view xpu, std::string_view shared_memory,
                                                    std::string_view system_directory);

/// The login name of `uid`, or the number.
[[nodiscard]] std::string UserName(unsigned uid);

}  // namespace flexai::cli
