#include "tests/integration/support/drivers.hpp"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace flexai::testing {
namespace {

namespace fs = std::filesystem;

// Removed at exit, by the process that made it only.
struct Folder {
  std::string path = (fs::temp_directory_path() / "flexai-drivers-XXXXXX").string();
  Folder() {
    if (mkdtemp(path.data()) == nullptr) std::perror("drivers: mkdtemp"), std::abort();
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

const std::string& FolderPath() {
  static const Folder kFolder;
  return kFolder.path;
}

std::string IntelDriver() {
  const char* icd = std::getenv("FLEXAI_TEST_INTEL_ICD");
  std::string library;
  if (icd != nullptr) {
    std::ifstream file(icd);
    std::getline(file, library);
  }
  return library;
}

}  // namespace

const std::vector<TestDriver>& TestDrivers() {
  static const std::vector<TestDriver> kDrivers = {{"pocl", "Portable Computing Language", "pocl-0", "libpocl"},
                                                   {"intel", "Intel(R) OpenCL", "intel-0", "libintelocl"},
                                                   {"rusticl", "rusticl", "llvmpipe-0", "libRusticl"}};
  return kDrivers;
}

const TestDriver& DriverNamed(const std::string& word) {
  for (const TestDriver& driver : TestDrivers()) {
    if (driver.word == word) return driver;
  }
  std::fprintf(stderr, "drivers: no driver is called %s\n", word.c_str());
  std::abort();
}

const std::vector<std::string>& DriverEnvironment() {
  static const std::vector<std::string> kEnvironment = [] {
    const fs::path folder = fs::path(FolderPath()) / "icd";
    fs::create_directory(folder);
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/etc/OpenCL/vendors", ignored)) {
      fs::copy_file(entry.path(), folder / entry.path().filename(), ignored);
    }
    if (const char* intel = std::getenv("FLEXAI_TEST_INTEL_ICD")) fs::copy_file(intel, folder / "intel.icd", ignored);
    return std::vector<std::string>{"OCL_ICD_VENDORS=" + folder.string(), "RUSTICL_ENABLE=llvmpipe"};
  }();
  return kEnvironment;
}

std::vector<std::string> DriverEnvironment(const TestDriver& driver) {
  std::vector<std::string> environment = DriverEnvironment();
  const fs::path all = fs::path(FolderPath()) / "icd", one = fs::path(FolderPath()) / driver.word;
  if (fs::create_directory(one)) {
    for (const auto& entry : fs::directory_iterator(all)) {
      std::string library;
      std::ifstream file(entry.path());
      std::getline(file, library);
      if (library.find(driver.library) != std::string::npos) fs::copy_file(entry.path(), one / entry.path().filename());
    }
  }
  environment[0] = "OCL_ICD_VENDORS=" + one.string();
  return environment;
}

const std::vector<TestLoader>& TestLoaders() {
  static const std::vector<TestLoader> kLoaders = [] {
    std::vector<TestLoader> found = {{"system", {}}};
    const fs::path intel = fs::path(IntelDriver()).parent_path();
    const fs::path khronos = intel / "libOpenCL.so.1";
    if (!intel.empty() && fs::exists(khronos)) {
      // Only the loader comes from there; what else both have (libstdc++, libhwloc) stays the system's.
      const fs::path folder = fs::path(FolderPath()) / "khronos";
      fs::create_directory(folder);
      fs::create_symlink(fs::canonical(khronos), folder / "libOpenCL.so.1");
      Dl_info libc{};
      std::string system;
      if (dladdr(dlsym(RTLD_DEFAULT, "fopen"), &libc) != 0) system = fs::path(libc.dli_fname).parent_path().string();
      found.push_back({"khronos", {"LD_LIBRARY_PATH=" + folder.string() + ":" + system + ":" + intel.string()}});
    }
    return found;
  }();
  return kLoaders;
}

}  // namespace flexai::testing
