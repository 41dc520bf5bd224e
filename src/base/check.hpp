// FLEXAI_CHECK states an invariant. Broken, the program says where and stops with a stack trace: our daemons are safe to restart, wrong accounts are not
// safe to go on with. Never used for what a caller, a file or a peer can cause. Any thread.
#pragma once

namespace flexai {

/// Prints the condition and the call stack to stderr and aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line) noexcept;

}  // namespace flexai

#define FLEXAI_CHECK(condition)                                              \
  do {                                                                       \
    if (!(condition)) ::flexai::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)
