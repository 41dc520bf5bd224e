// The two files of one XPU's region: where they are, how they are made, opened and checked. The only place that validates a region.
//
// Made by whoever comes first (`flexai run`, flexaid): built under a temporary name with all space allocated, then published with link(2), so nobody
// ever sees half a region and a full tmpfs is an error here, not a SIGBUS later. The final name is never opened with O_CREAT.
// Not thread-safe as an object; the mapped memory is what region_view.hpp says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/outcome.hpp"
#include "core/units.hpp"
#include "core/xpu_id.hpp"
#include "slice/region_view.hpp"

namespace flexai::slice {

/// A path in a fixed buffer: this code runs in applications and does not allocate. Longer paths are refused when they are built.
class Path {
 public:
  Path() = default;
  /// Joins the parts; the path is empty() when they do not fit.
  Path(std::string_view a, std::string_view b, std::string_view c = {}, std::string_view d = {}) noexcept;
  [[nodiscard]] const char* c_str() const noexcept { return text_; }
  [[nodiscard]] std::string_view view() const noexcept { return {text_, length_}; }
  [[nodiscard]] bool empty() const noexcept { return length_ == 0; }
  [[nodiscard]] std::string_view directory() const noexcept;  // without the last component

 private:
  char text_[512] = {};
  std::size_t length_ = 0;
};

/// What a new region says of its XPU.
struct RegionFacts {
  XpuId xpu;
  std::uint32_t kind = 0;  // flexai::XpuKind
  Bytes device_memory{};
  std::string_view model;
  std::string_view driver;
};

/// A mapped region. Unmaps in the destructor unless a process was registered through it.
class RegionFile {
 public:
  RegionFile() = default;
  ~RegionFile();
  RegionFile(RegionFile&& other) noexcept;
  RegionFile& operator=(RegionFile&& other) noexcept;

  /// Maps the region of `xpu` in `directory`. kNotFound when there is none; kForeignOwner unless the files belong to this user, to root or to the
  /// directory's owner; kCorrupt, kWrongVersion.
  [[nodiscard]] static Outcome Open(std::string_view directory, const XpuId& xpu, RegionFile& out) noexcept;
  /// Maps the region, making it first where there is none. `shared`: the directory is shared by the users of the machine (mode 0660 instead of 0600).
  [[nodiscard]] static Outcome OpenOrCreate(std::string_view directory, const RegionFacts& facts, RegionFile& out) noexcept;

  [[nodiscard]] const RegionView& view() const noexcept { return view_; }
  [[nodiscard]] explicit operator bool() const noexcept { return view_.state != nullptr; }
  [[nodiscard]] bool quota_writable() const noexcept { return quota_writable_; }
  [[nodiscard]] const Path& lock_path() const noexcept { return lock_path_; }
  [[nodiscard]] XpuId xpu() const noexcept;
  /// Whether the names in the directory still lead to the mapped files: a cleaner may have removed them (then nobody else can join).
  [[nodiscard]] bool StillPublished() const noexcept;
  /// From now on the mapping stays to the end of the process: the kernel writes our death there (lifeline.hpp).
  void KeepMapped() noexcept { keep_mapped_ = true; }

 private:
  RegionView view_{};
  bool quota_writable_ = false;
  bool keep_mapped_ = false;
  Path lock_path_, state_path_;
  std::uint64_t state_inode_ = 0;
};

/// Checks the headers against what this build understands. `bytes` are the files' sizes. Never reads past them. (Fuzzed.)
[[nodiscard]] Outcome ValidateQuotaHeader(const void* data, std::size_t bytes) noexcept;
[[nodiscard]] Outcome ValidateStateHeader(const void* data, std::size_t bytes, std::uint64_t pair_id) noexcept;

}  // namespace flexai::slice
