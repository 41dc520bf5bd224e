// A runtime directory of its own with one region, for tests that need real files. Removed at the end.
#pragma once

#include <gtest/gtest.h>
#include <cstdlib>

#include <filesystem>
#include <string>
#include <string_view>

#include "slice/admission.hpp"
#include "slice/region_file.hpp"
#include "slice/slice_file.hpp"

namespace flexai::slice {

class TemporaryRegion {
 public:
  static constexpr std::uint64_t kMemory = 1ULL << 30;

  TemporaryRegion() {
    std::string pattern = "/dev/shm/flexai-test-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "no directory under /dev/shm";
    directory_ = pattern;
    facts_.xpu = *XpuId::Parse("fake-0");
    facts_.device_memory = {kMemory};
    facts_.model = "Fake";
    facts_.driver = "fake 1.0";
    EXPECT_EQ(RegionFile::OpenOrCreate(directory_, facts_, file_), Outcome::kOk);
  }
  ~TemporaryRegion() { std::filesystem::remove_all(directory_); }
  TemporaryRegion(const TemporaryRegion&) = delete;
  TemporaryRegion& operator=(const TemporaryRegion&) = delete;

  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] const RegionFacts& facts() const { return facts_; }
  [[nodiscard]] RegionFile& file() { return file_; }
  [[nodiscard]] const RegionView& view() const { return file_.view(); }
  [[nodiscard]] std::string path(std::string_view suffix) const { return directory_ + "/xpu-fake-0." + std::string(suffix); }

  /// Admits a slice and returns the answer; the reference and the reason are kept in `ref` and `why`.
  Outcome Admit(std::string_view name, ShareSpec share, SlotRef& ref) {
    return flexai::slice::Admit(file_, {.name = name, .command = "test", .share = share}, ref, why);
  }

  /// Writes the slice file of `ref` and returns its path.
  std::string WriteSlice(std::string_view name, SlotRef ref) {
    SliceFile slice;
    name.copy(slice.name, sizeof slice.name - 1);
    slice.count = 1;
    slice.shares[0] = {facts_.xpu, ref, view().quota->header.pair_id};
    Path written;
    EXPECT_EQ(WriteSliceFile(directory_, false, slice, written), Outcome::kOk);
    return written.c_str();
  }

  Refusal why;

 private:
  std::string directory_;
  RegionFacts facts_;
  RegionFile file_;
};

}  // namespace flexai::slice
