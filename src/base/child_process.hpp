// Programs of ours run beside each other under one deadline, their output collected. Made for asking things that may hang or crash (vendor drivers): a child
// past the deadline is killed with its process group, and one that not even SIGKILL ends (asleep inside a kernel driver) is left behind, not waited for.
// Children die with the calling thread. Call from one thread at a time, with SIGCHLD not ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.hpp"

namespace flexai {

struct ChildSpec {
  std::vector<std::string> argv;         // argv[0] is a path
  std::vector<std::string> environment;  // the whole of it, KEY=VALUE
  std::size_t output_limit = std::size_t{4} << 20;
};

struct ChildResult {
  enum class End : std::uint8_t {
    kExited,         // code: exit status; 127 when the program could not be started
    kSignalled,      // code: the signal, sent by somebody else
    kTimedOut,       // killed at the deadline
    kOutputTooLong,  // killed for it
    kNotStarted,     // code: errno of fork or pipe
  };
  End end = End::kNotStarted;
  int code = 0;
  std::string output;  // stdout
  std::string errors;  // stderr, the first 64 KiB
};

/// Runs all of `children` at once, each in a process group of its own with /dev/null as input, until they end or the clock passes `deadline`.
/// `progress`, when given, is called about four times a second with the indices still running; what it answers false to is over as if the deadline had come.
/// Results are in the order of `children`.
using ChildProgress = std::function<bool(std::span<const std::size_t> still_running)>;
[[nodiscard]] std::vector<ChildResult> RunChildren(std::span<const ChildSpec> children, Nanos deadline, const ChildProgress& progress = {});

/// Pointers into `strings` with a null at the end, as exec wants them. Valid while `strings` does not change.
[[nodiscard]] std::vector<char*> ExecVector(const std::vector<std::string>& strings);

}  // namespace flexai
