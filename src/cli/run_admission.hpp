// The slice of one `flexai run`: a share on each XPU, this process as its keeper, and the file that names it to the program. Main thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/inventory.hpp"
#include "cli/run_selection.hpp"
#include "slice/slice_file.hpp"

namespace flexai::cli {

struct SliceRequest {
  std::string name;  // empty: made from the program's
  std::vector<std::string> command;
  Wish wish;
  Priority priority = Priority::kNormal;
};

/// The slice lives while this process or a program in it lives. What is left when both are gone ends with the next look at the region.
class HeldSlice {
 public:
  /// All shares or none. Errors: kExhausted and kExists with the holder's name, kUnenforceable, kBusy, and what regions answer; each a whole sentence.
  [[nodiscard]] static Result<HeldSlice> Admit(const Runtime& runtime, const std::vector<const XpuEntry*>& xpus,
                                               const SliceRequest& request);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// What FLEXAI_SLICE says.
  [[nodiscard]] const std::string& file() const noexcept { return file_; }

  /// At the end: gives the shares back and removes the slice's file, unless programs still live in it.
  void Leave();

 private:
  struct Share {
    slice::RegionFile region;
    slice::SlotRef ref;
  };
  [[nodiscard]] Result<slice::SlotRef> AdmitOn(slice::RegionFile& region, const Runtime& runtime, const SliceRequest& request, bool gang);

  std::vector<Share> shares_;
  std::string name_, file_;
};

/// Removes the files of slices that have ended in every region they name. Cheap; other people's files stay.
void RemoveStaleSliceFiles(const std::string& directory);

/// The sentence for a refusal of admission on `xpu`.
[[nodiscard]] Error AdmissionError(Outcome outcome, int error_number, const slice::RegionFile& region, std::string_view directory,
                                   std::string_view name, const ShareSpec& share, const slice::Refusal& why);

/// `train.py` of ["/usr/bin/python3", "train.py"] is "python3": a name that fits a slice, with this process's pid behind it.
[[nodiscard]] std::string DefaultSliceName(const std::vector<std::string>& command, int pid);

}  // namespace flexai::cli
