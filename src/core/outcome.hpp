// The result of an operation that may run inside an application: a code without a string.
// `src/base` turns it into an Error with words. Any thread; trivially copyable.
#pragma once

#include <cstdint>

namespace flexai {

enum class [[nodiscard]] Outcome : std::uint8_t {
  kOk = 0,
  kInvalid,        // the caller's value is malformed or out of range
  kNotFound,       // no such XPU, slice or file
  kExhausted,      // not enough compute, memory or table space (CLI exit 3)
  kUnenforceable,  // this machine cannot keep the promise (CLI exit 4)
  kExists,         // the name is taken by something alive
  kForeignOwner,   // the file belongs to somebody else
  kCorrupt,        // a shared file does not parse
  kWrongVersion,   // a shared file of another major version
  kBusy,           // a living holder kept the admission lock longer than a second
  kStale,          // the slice ended; its slot may belong to somebody else now
  kIo,             // the operating system refused; errno tells why
};

/// A constant phrase for `outcome`; never null.
[[nodiscard]] constexpr const char* OutcomeText(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::kOk: return "ok";
    case Outcome::kInvalid: return "invalid value";
    case Outcome::kNotFound: return "not found";
    case Outcome::kExhausted: return "not enough resources";
    case Outcome::kUnenforceable: return "not enforceable here";
    case Outcome::kExists: return "name already in use";
    case Outcome::kForeignOwner: return "owned by another user";
    case Outcome::kCorrupt: return "corrupt shared file";
    case Outcome::kWrongVersion: return "shared file of another major version";
    case Outcome::kBusy: return "admission lock is held by a living process";
    case Outcome::kStale: return "the slice has ended";
    case Outcome::kIo: return "operating system error";
  }
  return "unknown outcome";
}

}  // namespace flexai
