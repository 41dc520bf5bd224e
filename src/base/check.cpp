#include "base/check.hpp"

#include <execinfo.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace flexai {

void CheckFailed(const char* condition, const char* file, int line) noexcept {
  // stdio's own buffer may be what is broken: one line built on the stack, one write.
  std::array<char, 512> text{};
  const int n =
      std::snprintf(text.data(), text.size(), "flexai: broken invariant %s at %s:%d, please report this\n", condition, file, line);
  if (n > 0) [[maybe_unused]]
    const auto ignored =
        write(STDERR_FILENO, text.data(), static_cast<std::size_t>(n) < text.size() ? static_cast<std::size_t>(n) : text.size());
  std::array<void*, 64> frames{};
  backtrace_symbols_fd(frames.data(), backtrace(frames.data(), frames.size()), STDERR_FILENO);
  std::abort();
}

}  // namespace flexai
