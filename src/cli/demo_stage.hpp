// What the acts of the demo have in common: example programs started in slices with the real `flexai run`, watched through their lines and the region, and
// a voice for the audience. Main thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/terminal.hpp"
#include "cli/args.hpp"
#include "cli/bench_process.hpp"
#include "cli/inventory.hpp"
#include "cli/region_snapshot.hpp"

namespace flexai::cli {

/// `result jobs=12 rate=3.5`: the words behind the first, by key. Values in quotes may hold blanks.
[[nodiscard]] std::map<std::string, std::string, std::less<>> ReadFields(std::string_view line);

/// One program in its slice.
struct DemoProgram {
  std::string label, slice;
  double asked_percent = 0;
  PipedProgram program;
  std::map<std::string, std::string, std::less<>> result;  // of its `result` line, once it said so
  long jobs = 0;                                           // it reported last

  /// Takes in what it has printed by now.
  void Listen();
  /// Reads on until it ends; its exit status.
  int Finish(Nanos deadline);
  [[nodiscard]] double Number(std::string_view field) const;
};

class Stage {
 public:
  Stage(const Surroundings& surroundings, const XpuEntry& xpu, const Runtime& runtime);

  struct Part {
    std::string label;
    std::string program;  // of examples/: "matmul"
    std::string cores, memory;
    std::vector<std::string> options;
  };
  /// Starts a program of examples/ in a slice of its own.
  [[nodiscard]] Result<DemoProgram> Enter(const Part& part);

  /// The region now; kNotFound before the first slice.
  [[nodiscard]] Result<RegionSnapshot> Look() const;
  /// The slice of `program` in `region`, or null.
  [[nodiscard]] static const SliceSnapshot* SliceOf(const RegionSnapshot& region, const DemoProgram& program);

  [[nodiscard]] const XpuEntry& xpu() const noexcept { return xpu_; }
  [[nodiscard]] const std::string& self() const noexcept { return self_; }
  [[nodiscard]] const std::vector<std::string>& environment() const noexcept { return environment_; }
  [[nodiscard]] const std::string& directory() const noexcept { return runtime_.path; }
  /// True where CPU drivers were told to use one thread, so that host code has a core of its own.
  [[nodiscard]] bool pinned() const noexcept { return pinned_; }

  // -- the audience -------------------------------------------------------------------------------------------------------------------------------

  void Say(std::string_view line) const;
  void Heading(std::string_view line) const;
  void Verdict(bool passed, std::string_view line) const;
  /// What is going on: rewritten on a terminal, elsewhere a line every two seconds.
  void Live(std::string_view line);
  void EndLive() { live_.reset(); }
  /// The output is for programs: nothing but errors is said.
  void Hush() { quiet_ = true; }
  void UseColor(bool color) { color_ = color; }

 private:
  const XpuEntry& xpu_;
  const Runtime& runtime_;
  std::string self_;
  std::vector<std::string> environment_;
  bool pinned_ = false, quiet_ = false, color_ = false;
  std::optional<ProgressLine> live_;
  Nanos said_ = 0;
  int names_ = 0;
};

/// What an act showed.
struct ActResult {
  std::string name, asked, measured;
  bool passed = false;
  Document details;
};

}  // namespace flexai::cli
