// The lock of admission and attach: a POSIX record lock on a file beside the region. The kernel drops it when the holder dies, knows no PID namespaces,
// and does not hand it to children of fork. Record locks belong to the process, so threads of one process exclude each other here first.
// Held for microseconds; a living holder (stopped, say) is named after one second.
#pragma once

#include <cstdint>

#include "core/outcome.hpp"

namespace flexai::slice {

class AdmissionLock {
 public:
  AdmissionLock() = default;
  AdmissionLock(const AdmissionLock&) = delete;
  AdmissionLock& operator=(const AdmissionLock&) = delete;
  ~AdmissionLock();

  /// kOk; kBusy after one second, with the holder's pid (0 when it is in another PID namespace); kIo.
  [[nodiscard]] Outcome Acquire(const char* path, std::int32_t& holder_pid) noexcept;

 private:
  int fd_ = -1;
};

}  // namespace flexai::slice
