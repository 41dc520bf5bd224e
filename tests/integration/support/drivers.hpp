// The OpenCL drivers and loaders of this machine, as environments for programs under test. One thread.
#pragma once

#include <string>
#include <vector>

namespace flexai::testing {

/// A driver by the word that finds its platform, and the XPU its first device is.
struct TestDriver {
  std::string word;      // pocl, intel, rusticl
  std::string platform;  // part of CL_PLATFORM_NAME
  std::string xpu;
  std::string library;  // part of its file name, as .icd files name it
};
[[nodiscard]] const std::vector<TestDriver>& TestDrivers();
[[nodiscard]] const TestDriver& DriverNamed(const std::string& word);

/// Shows every driver at hand to the loaders: the system's, llvmpipe in Mesa's, and Intel's where FLEXAI_TEST_INTEL_ICD names its .icd file. The folder it
/// makes lives as long as this process; the same answer at each call.
[[nodiscard]] const std::vector<std::string>& DriverEnvironment();
/// The same for one driver alone: programs start several times as fast.
[[nodiscard]] std::vector<std::string> DriverEnvironment(const TestDriver& driver);

/// A loader by a word for messages, and the variables under which a program gets it.
struct TestLoader {
  std::string name;
  std::vector<std::string> environment;
};
/// The system's (ocl-icd on Debian), and Khronos' where one lies beside Intel's driver: it is what the wheel of pyopencl carries too.
[[nodiscard]] const std::vector<TestLoader>& TestLoaders();

}  // namespace flexai::testing
