// Loads (opencl_load) in slices, two or more at once, and what the region says of them. One thread.
#pragma once

// The build says where it put its programs; the header alone, as tools/check reads it, is in no build.
#ifndef FLEXAI_BUILD_DIR
#define FLEXAI_BUILD_DIR "."
#endif

#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "slice/region_view.hpp"
#include "tests/integration/support/drivers.hpp"
#include "tests/integration/support/shell.hpp"
#include "tests/integration/support/slice_world.hpp"

namespace flexai::testing {

/// How a driver keeps to one core of its own and out of the application's threads, so that two processes contend as on a card.
inline std::vector<std::string> OneCore(const std::string& word) {
  if (word == "pocl") return {"POCL_AFFINITY=1", "POCL_MAX_PTHREAD_COUNT=1"};
  if (word == "intel") return {"CL_CONFIG_CPU_TBB_NUM_WORKERS=1"};
  return {"LP_NUM_THREADS=1"};
}

/// The environment of a program on `word` in the slice of the file `slice`; without it, bare.
inline std::vector<std::string> LayerEnvironment(const std::string& word, const std::string& slice) {
  std::vector<std::string> environment = DriverEnvironment();
  for (const std::string& each : OneCore(word)) environment.push_back(each);
  if (slice.empty()) {
    environment.push_back("OPENCL_LAYERS");
    environment.push_back("FLEXAI_SLICE");
  } else {
    environment.push_back("OPENCL_LAYERS=" FLEXAI_BUILD_DIR "/lib/libflexai_opencl.so");
    environment.push_back("FLEXAI_SLICE=" + slice);
  }
  return environment;
}

inline constexpr char kLoadProgram[] = FLEXAI_BUILD_DIR "/tests/opencl_load";

/// One load process; "ready" when made.
class Load {
 public:
  Load(const TestDriver& driver, const std::string& slice, Nanos kernel_ns, const std::string& mode, Nanos think_ns = 0)
      : shell_({kLoadProgram, driver.platform, std::to_string(kernel_ns), mode, std::to_string(think_ns)},
               LayerEnvironment(driver.word, slice)) {
    const std::string line = shell_.ReadLine();
    std::string word;
    ready_ = std::istringstream(line) >> word >> kernel_ns_ && word == "ready";
    if (!ready_) std::fprintf(stderr, "load: %s %s\n", line.c_str(), shell_.Errors().c_str());
  }

  [[nodiscard]] bool ready() const { return ready_; }
  void Go() { shell_.Send("go"); }
  /// Runs so many kernels and ends.
  void Go(long long kernels) { shell_.Send(std::to_string(kernels)); }
  void Stop() { shell_.Send("stop"); }
  /// Waits for the end; false when the program died.
  bool Finish() {
    const std::string line = shell_.ReadLine();
    std::string word;
    const bool done = std::istringstream(line) >> word >> kernels_ >> elapsed_ns_ && word == "done";
    if (!done) std::fprintf(stderr, "load: %s %s\n", line.c_str(), shell_.Errors().c_str());
    return done;
  }
  void Kill() { shell_.Kill(9); }

  [[nodiscard]] long long kernels() const { return kernels_; }
  [[nodiscard]] long long elapsed_ns() const { return elapsed_ns_; }
  [[nodiscard]] long long kernel_ns() const { return kernel_ns_; }

 private:
  Shell shell_;
  bool ready_ = false;
  long long kernel_ns_ = 0, kernels_ = 0, elapsed_ns_ = 0;
};

/// Waits until `done()`, looking now and then; false after 60 s.
template <class Done>
bool WaitUntil(Done done) {
  const Nanos end = MonotonicNow() + 60 * kSecond;
  while (!done()) {
    if (MonotonicNow() > end) return false;
    usleep(2000);
  }
  return true;
}

/// How much of the machine others used since the last call, for messages: shares are only meaningful beside it.
class CompetingLoad {
 public:
  CompetingLoad() { Read(busy_, total_); }
  [[nodiscard]] std::string Text() {
    std::ifstream file("/proc/loadavg");
    std::string average;
    file >> average;
    return "load average " + average;
  }

 private:
  static void Read(long long& busy, long long& total) {
    std::ifstream file("/proc/stat");
    std::string word;
    file >> word;
    long long value = 0;
    busy = total = 0;
    for (int i = 0; file >> value; ++i) {
      total += value;
      if (i != 3 && i != 4) busy += value;
      if (i == 9) break;
    }
  }
  long long busy_ = 0, total_ = 0;
};

}  // namespace flexai::testing
