// A slice, and an OpenCL program in it that does as the test says (opencl_shell). Each test runs on every driver; one that is not installed is skipped aloud.
#pragma once

// The build says where it put its programs; the header alone, as tools/check reads it, is in no build.
#ifndef FLEXAI_BUILD_DIR
#define FLEXAI_BUILD_DIR "."
#endif

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/drivers.hpp"
#include "tests/integration/support/shell.hpp"
#include "tests/integration/support/slice_world.hpp"

namespace flexai::testing {

inline constexpr std::uint64_t kMiB = 1 << 20;

inline std::vector<std::string> Joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Added to the drivers' variables: without any layer, or in the slice of the file at `slice`.
inline const std::vector<std::string> kBare = {"OPENCL_LAYERS", "FLEXAI_SLICE"};
inline std::vector<std::string> InSlice(const std::string& slice) {
  return {"OPENCL_LAYERS=" FLEXAI_BUILD_DIR "/lib/libflexai_opencl.so", "FLEXAI_SLICE=" + slice};
}

inline std::unique_ptr<Shell> StartShell(const std::vector<std::string>& environment) {
  return std::make_unique<Shell>(std::vector<std::string>{FLEXAI_BUILD_DIR "/tests/opencl_shell"}, environment);
}

/// How many devices the driver's platform has in an answer to `opencl_shell platforms`; negative: the error.
inline int DevicesIn(const std::string& answer, const TestDriver& driver) {
  const std::size_t at = answer.find(driver.platform + "=");
  return at == answer.npos ? -32 : std::stoi(answer.substr(at + driver.platform.size() + 1));  // CL_INVALID_PLATFORM
}
inline int DevicesShown(const TestDriver& driver, const std::vector<std::string>& environment) {
  return DevicesIn(StartShell(environment)->Ask("platforms"), driver);
}

/// As `opencl_shell use` wants it.
inline std::string UseCommand(const TestDriver& driver, const std::string& verb = "use", int index = 0) {
  std::string word = driver.platform;
  std::replace(word.begin(), word.end(), ' ', '_');
  return verb + " " + word + " " + std::to_string(index);
}

class OpenclMemoryTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    driver_ = &DriverNamed(GetParam());
    if (DevicesShown(driver(), Bare()) < 1) {
      GTEST_SKIP() << "the driver " << GetParam() << " is not installed (tools/install-packages run python)";
    }
  }

  const TestDriver& driver() const { return *driver_; }
  bool is(const std::string& word) const { return driver().word == word; }
  SliceWorld& world() { return world_; }

  /// The environment of a program that finds this driver alone.
  std::vector<std::string> Bare() const { return Joined(DriverEnvironment(driver()), kBare); }
  std::vector<std::string> Sliced(const std::string& slice) const { return Joined(DriverEnvironment(driver()), InSlice(slice)); }

  /// A slice that reserves `quota` bytes of the driver's device.
  std::string MakeSlice(std::uint64_t quota, const std::string& name = "memory") {
    return world_.MakeSlice(name, {{.xpu = driver().xpu, .memory = quota}});
  }
  std::uint64_t Held(const std::string& name = "memory") { return world_.Held(name, driver().xpu); }

  /// A program in the slice with a context over the device.
  std::unique_ptr<Shell> Start(const std::string& slice, const std::vector<std::string>& more = {}) {
    auto shell = StartShell(Joined(Sliced(slice), more));
    EXPECT_EQ(shell->Ask(UseCommand(driver())), "0") << shell->Errors();
    EXPECT_EQ(shell->Ask("context c"), "0 devices 1");
    return shell;
  }
  std::unique_ptr<Shell> StartBare() {
    auto shell = StartShell(Bare());
    EXPECT_EQ(shell->Ask(UseCommand(driver())), "0");
    EXPECT_EQ(shell->Ask("context c"), "0 devices 1");
    return shell;
  }

 private:
  const TestDriver* driver_ = nullptr;
  SliceWorld world_;
};

#define FLEXAI_ON_EVERY_DRIVER(suite)                                                \
  INSTANTIATE_TEST_SUITE_P(On, suite, ::testing::Values("pocl", "intel", "rusticl"), \
                           [](const auto& tested) { return std::string(tested.param); })

// Answers of the shell.
inline constexpr const char* kOk = "0";
inline constexpr const char* kNoRoom = "-4";      // CL_MEM_OBJECT_ALLOCATION_FAILURE
inline constexpr const char* kTooLarge = "-61";   // CL_INVALID_BUFFER_SIZE
inline constexpr const char* kBadDevice = "-33";  // CL_INVALID_DEVICE

inline std::string Command(const std::string& verb, const std::string& name, std::uint64_t number) {
  return verb + " " + name + " " + std::to_string(number);
}

}  // namespace flexai::testing
