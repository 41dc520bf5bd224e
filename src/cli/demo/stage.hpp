// Programs of the demo, started in slices of one XPU with the real `flexai run`, spoken to through their lines and seen in the region. Main thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/args.hpp"
#include "cli/inventory.hpp"
#include "cli/measure/piped_program.hpp"
#include "cli/region_snapshot.hpp"

namespace flexai::cli {

/// `result jobs=12 rate=3.5`: the words behind the first, by key. Values in quotes may hold blanks.
[[nodiscard]] std::map<std::string, std::string, std::less<>> ReadFields(std::string_view line);

/// One program in its slice.
struct DemoProgram {
  std::string label, slice;
  double asked_percent = 0;
  PipedProgram program;
  slice::SlotRef ref;                                      // of the slice, once it is ready
  std::map<std::string, std::string, std::less<>> result;  // of its `result` line, once it said so
  Nanos result_ns = 0;                                     // when that was
  long jobs = 0;                                           // it reported last
  bool silent = false;                                     // its output has ended

  /// Takes in what it has printed by now. False once it has ended its output.
  bool Listen();
  /// Reads on until it ends; its exit status.
  int Finish(Nanos deadline);
  [[nodiscard]] double Number(std::string_view field) const;

 private:
  void Take(const std::string& line);
};

class Stage {
 public:
  static constexpr Nanos kStartPatience = 60 * kSecond;  // a first start compiles kernels

  Stage(const Surroundings& surroundings, const XpuEntry& xpu, const Runtime& runtime);

  struct Part {
    std::string label;
    std::string program;  // of examples/: "matmul"
    std::string cores, memory, priority;
    std::vector<std::string> options;
  };
  /// Starts a program of examples/ in a slice of its own. It prepares itself, says `ready` and waits for Go.
  [[nodiscard]] Result<DemoProgram> Enter(const Part& part);
  /// Waits until the program is ready and knows its slice. `result` lines of programs that never get there are lost.
  [[nodiscard]] Status AwaitReady(DemoProgram& program, Nanos patience = kStartPatience) const;
  [[nodiscard]] static Status Go(DemoProgram& program) { return program.program.Send("go"); }
  /// The same in a slice, for a program that is no example: the words of a command.
  [[nodiscard]] Result<DemoProgram> EnterCommand(const Part& part, const std::vector<std::string>& command);

  /// The region now; kNotFound before the first slice.
  [[nodiscard]] Result<RegionSnapshot> Look() const;
  /// The slice of `program` in `region`, or null.
  [[nodiscard]] static const SliceSnapshot* SliceOf(const RegionSnapshot& region, const DemoProgram& program);
  /// Device time charged to the slice of `program` so far, in ns; also after it ended, as long as its slot has not begun another.
  [[nodiscard]] Result<std::uint64_t> DeviceTime(const DemoProgram& program) const;

  [[nodiscard]] const XpuEntry& xpu() const noexcept { return xpu_; }
  [[nodiscard]] const std::string& self() const noexcept { return self_; }
  [[nodiscard]] const std::vector<std::string>& environment() const noexcept { return environment_; }
  [[nodiscard]] const std::string& directory() const noexcept { return runtime_.path; }
  /// True where CPU drivers were told to use one thread, so that host code has a core of its own.
  [[nodiscard]] bool pinned() const noexcept { return pinned_; }

 private:
  const XpuEntry& xpu_;
  const Runtime& runtime_;
  std::string self_;
  std::vector<std::string> environment_;
  bool pinned_ = false;
};

}  // namespace flexai::cli
