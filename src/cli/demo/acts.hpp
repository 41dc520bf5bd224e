// The acts of `flexai demo`, one file each. An act says what it does, does it, and answers whether it went as it must; an error ends the demo. Main thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/demo/audience.hpp"
#include "cli/demo/runners.hpp"
#include "cli/demo/stage.hpp"

namespace flexai::cli {

struct DemoLengths {
  Nanos alone = 4 * kSecond;      // each job by itself
  Nanos together = 10 * kSecond;  // shares are measured
  Nanos beside = 3 * kSecond;     // what the other acts need
};

/// What an act works with.
struct Demo {
  const Surroundings& surroundings;
  const Inventory& inventory;
  const Runtime& runtime;
  Stage& stage;
  Audience& audience;
  DemoLengths lengths;
  std::string directory;                // for files of the programs; removed at the end
  std::vector<RunnerProgram> programs;  // of others, to be added: --with
};

/// What is here and what can be enforced.
[[nodiscard]] Result<ActResult> ActDiscover(Demo& demo);
/// Three AI jobs one after another with the whole device, then the same work together in slices: how long, how well used. May be tried twice: the machine
/// is not ours alone.
[[nodiscard]] Result<ActResult> ActGain(Demo& demo);
/// The three at 60/30/10, each with more work than its slice: asked and measured. May be tried twice.
[[nodiscard]] Result<ActResult> ActShares(Demo& demo);
/// A program that takes more than its quota is refused, its neighbour notices nothing.
[[nodiscard]] Result<ActResult> ActMemory(Demo& demo);
/// A slice grows from 30 to 60 % while its program runs.
[[nodiscard]] Result<ActResult> ActResize(Demo& demo);
/// A tenant is killed in the middle of its turn: the other goes on, the account is exact.
[[nodiscard]] Result<ActResult> ActKill(Demo& demo);
/// Slices of the devices of two vendors' drivers at once.
[[nodiscard]] Result<ActResult> ActDrivers(Demo& demo);
/// Programs of other people, unmodified, beside each other; only with --with.
[[nodiscard]] Result<ActResult> ActPrograms(Demo& demo);

}  // namespace flexai::cli
