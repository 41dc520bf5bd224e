// The acts of `flexai demo`, in order. Each says what it does, does it, and answers whether it went as it must. An error ends the demo. Main thread.
#pragma once

#include "base/result.hpp"
#include "cli/demo_stage.hpp"

namespace flexai::cli {

struct DemoLengths {
  Nanos alone = 3 * kSecond;  // each program by itself
  Nanos together = 12 * kSecond;
  Nanos neighbour = 6 * kSecond;
};

/// What is here and what can be enforced.
[[nodiscard]] Result<ActResult> ActDiscover(Stage& stage, const Inventory& inventory);
/// Two programs at 70/30: asked and measured. May be tried twice: the machine is not ours alone.
[[nodiscard]] Result<ActResult> ActShares(Stage& stage, const DemoLengths& lengths);
/// A program that takes more than its quota is refused, its neighbour notices nothing.
[[nodiscard]] Result<ActResult> ActMemory(Stage& stage, const DemoLengths& lengths);
/// A tenant is killed in the middle of its turn: the other goes on, the account is exact.
[[nodiscard]] Result<ActResult> ActKill(Stage& stage, const DemoLengths& lengths);

}  // namespace flexai::cli
