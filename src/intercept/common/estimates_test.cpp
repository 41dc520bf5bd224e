#include "intercept/common/estimates.hpp"

#include <gtest/gtest.h>

namespace flexai::intercept {
namespace {

constexpr CommandKind Kernel(std::uint64_t name, std::uint64_t items) { return {MixKey(MixKey(1, name), items), MixKey(1, name), items}; }

TEST(EstimatesTest, KnowsNothingOfWhatNeverRan) {
  static Estimates estimates;

  EXPECT_EQ(estimates.Expect(Kernel(1, 100)).device_ns, -1);
}

TEST(EstimatesTest, ExpectsWhatItSaw) {
  static Estimates estimates;

  estimates.Learn(Kernel(1, 100), 8'000);

  EXPECT_EQ(estimates.Expect(Kernel(1, 100)).device_ns, 8'000);
}

TEST(EstimatesTest, ScalesAnotherSizeOfTheSameKernel) {
  static Estimates estimates;

  estimates.Learn(Kernel(1, 100), 8'000);

  EXPECT_NEAR(static_cast<double>(estimates.Expect(Kernel(1, 1000)).device_ns), 80'000, 10);
  EXPECT_EQ(estimates.Expect(Kernel(2, 1000)).device_ns, -1);
}

TEST(EstimatesTest, KeepsRatesUnderOneNanosecondPerByte) {
  static Estimates estimates;

  estimates.Learn(Kernel(1, 1 << 20), 100'000);

  EXPECT_NEAR(static_cast<double>(estimates.Expect(Kernel(1, 4 << 20)).device_ns), 400'000, 4'000);
}

TEST(EstimatesTest, SettlesOnSteadyKindsOnly) {
  static Estimates estimates;

  for (int i = 0; i < 20; ++i) {
    estimates.Learn(Kernel(1, 1), 8'000 + i % 2 * 100);
    estimates.Learn(Kernel(2, 1), i % 2 == 0 ? 8'000 : 80'000);
  }

  EXPECT_TRUE(estimates.Expect(Kernel(1, 1)).settled);
  EXPECT_FALSE(estimates.Expect(Kernel(2, 1)).settled);
}

TEST(EstimatesTest, WantsAMeasurementAfterSomeCommandsWithoutOne) {
  static Estimates estimates;
  for (int i = 0; i < 20; ++i) estimates.Learn(Kernel(1, 1), 8'000);

  int unmeasured = 0;
  while (estimates.Expect(Kernel(1, 1)).settled && unmeasured < 1000) {
    Estimates::NoteUnmeasured(estimates.Expect(Kernel(1, 1)));
    ++unmeasured;
  }
  Estimates::NoteMeasured(estimates.Expect(Kernel(1, 1)));

  EXPECT_GT(unmeasured, 8);
  EXPECT_LT(unmeasured, 100);
  EXPECT_TRUE(estimates.Expect(Kernel(1, 1)).settled);
}

TEST(EstimatesTest, FollowsAChangeAndStopsBeingSettledMeanwhile) {
  static Estimates estimates;
  for (int i = 0; i < 50; ++i) estimates.Learn(Kernel(1, 1), 8'000);

  estimates.Learn(Kernel(1, 1), 80'000);
  EXPECT_FALSE(estimates.Expect(Kernel(1, 1)).settled);
  for (int i = 0; i < 30; ++i) estimates.Learn(Kernel(1, 1), 80'000);

  EXPECT_NEAR(static_cast<double>(estimates.Expect(Kernel(1, 1)).device_ns), 80'000, 1'000);
  EXPECT_TRUE(estimates.Expect(Kernel(1, 1)).settled);
}

TEST(EstimatesTest, TenThousandKindsPassWithoutForgettingTheOneInUse) {
  static Estimates estimates;

  for (std::uint64_t i = 0; i < 10'000; ++i) {
    estimates.Learn(Kernel(i + 10, i), 1'000);
    estimates.Learn(Kernel(1, 1), 8'000);
  }

  EXPECT_EQ(estimates.Expect(Kernel(1, 1)).device_ns, 8'000);
}

TEST(EstimatesTest, AbsurdTimesAreNotLearnt) {
  static Estimates estimates;

  estimates.Learn(Kernel(1, 1), -5);
  estimates.Learn(Kernel(1, 1), INT64_MAX);

  EXPECT_EQ(estimates.Expect(Kernel(1, 1)).device_ns, -1);
}

}  // namespace
}  // namespace flexai::intercept
