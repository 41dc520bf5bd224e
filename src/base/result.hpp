// How functions of our programs fail: a Result<T> holds a value or an Error, a code for the program and one sentence for the person. Any thread.
// Code inside applications returns a core Outcome instead; FromOutcome adds the words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "core/outcome.hpp"

namespace flexai {

enum class ErrorCode : std::uint8_t {
  kInvalid,        // a value the caller gave is malformed or out of range
  kNotFound,       // what was named does not exist
  kExhausted,      // not enough compute, memory or table space
  kUnenforceable,  // this machine cannot keep the promise
  kExists,         // the name is taken by something alive
  kForeignOwner,   // it belongs to somebody else
  kCorrupt,        // bytes from a file or a peer do not parse
  kWrongVersion,   // they are of another major version
  kBusy,           // a living holder kept a lock
  kStale,          // what was named has ended
  kTimeout,        // it did not answer in time
  kIo,             // the operating system refused
  kInternal,       // our fault
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // one sentence without a full stop at its end: what was wrong, and what to do where that is known
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

/// For `return Fail(ErrorCode::kNotFound, "…")`.
[[nodiscard]] inline tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// The same with the text of errno behind it: "opening /x: No such file or directory".
[[nodiscard]] tl::unexpected<Error> FailErrno(std::string what, int error_number);

/// `error` with the layer's own step before it: "reading the slice file: …".
[[nodiscard]] inline Error WithContext(Error error, std::string_view step) {
  error.message.insert(0, std::string(step) + ": ");
  return error;
}

/// The error of an outcome that is not kOk. `what` says the step; the operating system's text is added for kIo (errno is read first thing).
[[nodiscard]] Error FromOutcome(Outcome outcome, std::string_view what);

}  // namespace flexai

#define FLEXAI_JOIN_INNER(a, b) a##b
#define FLEXAI_JOIN(a, b) FLEXAI_JOIN_INNER(a, b)
#define FLEXAI_TRY_VALUE(result, declaration, ...)                                \
  auto result = (__VA_ARGS__);                                                    \
  if (!result) return tl::unexpected<::flexai::Error>(std::move(result).error()); \
  declaration = std::move(result).value()

/// `FLEXAI_TRY(auto claim, ParseClaim(json));` declares `claim`, or returns the error from the function.
#define FLEXAI_TRY(declaration, ...) FLEXAI_TRY_VALUE(FLEXAI_JOIN(flexai_try_, __LINE__), declaration, __VA_ARGS__)

/// The same for a Status: `FLEXAI_TRY_STATUS(Publish(file));`
#define FLEXAI_TRY_STATUS(...) \
  if (auto flexai_status = (__VA_ARGS__); !flexai_status) return tl::unexpected<::flexai::Error>(std::move(flexai_status).error())
