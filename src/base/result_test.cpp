#include "base/result.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace flexai {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return Fail(ErrorCode::kInvalid, "odd");
  return n / 2;
}

Status RequireEven(int n) {
  FLEXAI_TRY([[maybe_unused]] const int half, Half(n));
  return {};
}

Result<int> Quarter(int n) {
  FLEXAI_TRY(const int half, Half(n));
  FLEXAI_TRY_STATUS(RequireEven(half));
  FLEXAI_TRY(const int quarter, Half(half));
  return quarter;
}

Result<std::unique_ptr<int>> MoveOnly() {
  const auto make = [](int a, int b) -> Result<std::unique_ptr<int>> { return std::make_unique<int>(a + b); };
  FLEXAI_TRY(auto pointer, make(3, 4));
  return pointer;
}

TEST(ResultTest, TryPassesValuesOnAndReturnsTheFirstError) {
  EXPECT_EQ(Quarter(12).value(), 3);
  EXPECT_EQ(Quarter(6).error().message, "odd");
  EXPECT_EQ(Quarter(7).error().code, ErrorCode::kInvalid);
}

TEST(ResultTest, TryMovesWhatCannotBeCopied) { EXPECT_EQ(*MoveOnly().value(), 7); }

TEST(ResultTest, ContextStandsBeforeTheReason) {
  EXPECT_EQ(WithContext({ErrorCode::kIo, "no such file"}, "reading x").message, "reading x: no such file");
}

TEST(ResultTest, AnIoOutcomeCarriesTheSystemsWords) {
  errno = ENOSPC;
  const Error error = FromOutcome(Outcome::kIo, "making the region");

  EXPECT_EQ(error.code, ErrorCode::kIo);
  EXPECT_EQ(error.message, "making the region: No space left on device");
}

TEST(ResultTest, OtherOutcomesCarryTheirOwnWords) {
  errno = ENOSPC;
  EXPECT_EQ(FromOutcome(Outcome::kCorrupt, "opening x").message, "opening x: corrupt shared file");
  EXPECT_EQ(FromOutcome(Outcome::kCorrupt, "").code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace flexai
