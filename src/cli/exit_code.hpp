// The exit codes of `flexai`: part of its contract, scripts rely on them.
#pragma once

#include "base/result.hpp"

namespace flexai::cli {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kNotEnough = 3;       // the resources asked for are not free
inline constexpr int kNotEnforceable = 4;  // this machine cannot keep the promise

// `flexai run` only: as env(1) and the shells have them.
inline constexpr int kRunInternal = 125;
inline constexpr int kRunCannotExecute = 126;
inline constexpr int kRunNotFound = 127;
inline constexpr int kRunSignalBase = 128;

[[nodiscard]] constexpr int ExitCodeOf(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalid: return kUsage;
    case ErrorCode::kExhausted:
    case ErrorCode::kExists: return kNotEnough;  // a name is free for one slice at a time
    case ErrorCode::kUnenforceable: return kNotEnforceable;
    case ErrorCode::kNotFound:
    case ErrorCode::kForeignOwner:
    case ErrorCode::kCorrupt:
    case ErrorCode::kWrongVersion:
    case ErrorCode::kBusy:
    case ErrorCode::kStale:
    case ErrorCode::kTimeout:
    case ErrorCode::kIo:
    case ErrorCode::kInternal: return kFailed;
  }
  return kFailed;
}

}  // namespace flexai::cli
