#include "base/result.hpp"

#include <cerrno>
#include <system_error>

namespace flexai {

tl::unexpected<Error> FailErrno(std::string what, int error_number) {
  return Fail(ErrorCode::kIo, std::move(what) + ": " + std::generic_category().message(error_number));
}

Error FromOutcome(Outcome outcome, std::string_view what) {
  const int error_number = errno;
  const auto code = [outcome] {
    switch (outcome) {
      case Outcome::kOk: return ErrorCode::kInternal;
      case Outcome::kInvalid: return ErrorCode::kInvalid;
      case Outcome::kNotFound: return ErrorCode::kNotFound;
      case Outcome::kExhausted: return ErrorCode::kExhausted;
      case Outcome::kUnenforceable: return ErrorCode::kUnenforceable;
      case Outcome::kExists: return ErrorCode::kExists;
      case Outcome::kForeignOwner: return ErrorCode::kForeignOwner;
      case Outcome::kCorrupt: return ErrorCode::kCorrupt;
      case Outcome::kWrongVersion: return ErrorCode::kWrongVersion;
      case Outcome::kBusy: return ErrorCode::kBusy;
      case Outcome::kStale: return ErrorCode::kStale;
      case Outcome::kIo: return ErrorCode::kIo;
    }
    return ErrorCode::kInternal;
  }();
  std::string message(what);
  message += ": ";
  message += outcome == Outcome::kIo && error_number != 0 ? std::generic_category().message(error_number) : OutcomeText(outcome);
  return {code, std::move(message)};
}

}  // namespace flexai
