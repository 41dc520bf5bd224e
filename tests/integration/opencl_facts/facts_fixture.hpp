// A test that runs once for each driver and skips aloud where that driver is not installed.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "drivers.hpp"

namespace flexai::facts {

class FactsTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    static const bool kShown = (UseAllDrivers(), true);
    ASSERT_TRUE(kShown);
    driver_.emplace(GetParam());
    if (!driver_->present()) {
      driver_.reset();
      GTEST_SKIP() << "the driver " << GetParam() << " is not installed (tools/install-packages run python)";
    }
  }

  Driver& driver() { return *driver_; }
  bool is(const std::string& word) const { return word == GetParam(); }

 private:
  std::optional<Driver> driver_;
};

#define FLEXAI_FOR_EACH_DRIVER(suite)                                                \
  INSTANTIATE_TEST_SUITE_P(On, suite, ::testing::Values("pocl", "intel", "rusticl"), \
                           [](const auto& driver) { return std::string(driver.param); })

}  // namespace flexai::facts
