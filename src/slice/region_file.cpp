#include "slice/region_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

#include <algorithm>

#include "slice/admission_lock.hpp"

namespace flexai::slice {
namespace {

struct Fd {
  int value = -1;
  explicit Fd(int fd) noexcept : value(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (value >= 0) close(value);
  }
};

struct Names {
  Path quota, state, lock;
  [[nodiscard]] bool fit() const noexcept { return !quota.empty() && !state.empty() && !lock.empty(); }
};

Names NamesOf(std::string_view directory, const XpuId& xpu) noexcept {
  return {
      {directory, "/xpu-", xpu.view(), ".quota"}, {directory, "/xpu-", xpu.view(), ".state"}, {directory, "/xpu-", xpu.view(), ".lock"}};
}

void CopyText(char* to, std::size_t room, std::string_view from) noexcept {
  const std::size_t n = std::min(from.size(), room - 1);
  memcpy(to, from.data(), n);
  memset(to + n, 0, room - n);
}

// Files in a per-user directory must be this user's (or root's): anybody else's could be a trap. A directory that root made for several users vouches
// for what is in it.
bool MayTrust(const struct stat& file, const struct stat& directory) noexcept {
  if (file.st_uid == geteuid() || file.st_uid == 0 || file.st_uid == directory.st_uid) return true;
  return directory.st_uid == 0 && (directory.st_mode & S_IWGRP) != 0;
}

struct Mapping {
  void* data = nullptr;
  std::size_t bytes = 0;
  std::uint64_t inode = 0;
  bool writable = false;
};

Outcome OpenAndCheck(const Path& path, const struct stat& directory, bool may_be_read_only, std::size_t needed, Mapping& out) noexcept {
  int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  out.writable = descriptor >= 0;
  if (descriptor < 0 && errno == EACCES && may_be_read_only) descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return errno == ENOENT ? Outcome::kNotFound : errno == ELOOP ? Outcome::kForeignOwner : Outcome::kIo;
  const Fd fd(descriptor);
  struct stat status{};
  if (fstat(fd.value, &status) != 0) return Outcome::kIo;
  if (!S_ISREG(status.st_mode) || !MayTrust(status, directory)) return Outcome::kForeignOwner;
  if (static_cast<std::uint64_t>(status.st_size) < needed) return Outcome::kCorrupt;
  void* data = mmap(nullptr, needed, PROT_READ | (out.writable ? PROT_WRITE : 0), MAP_SHARED, fd.value, 0);
  if (data == MAP_FAILED) return Outcome::kIo;
  out.data = data;
  out.bytes = static_cast<std::size_t>(status.st_size);
  out.inode = status.st_ino;
  return Outcome::kOk;
}

Outcome CheckCommon(std::uint64_t magic, std::uint64_t expected_magic, std::uint16_t major, std::uint64_t header_bytes,
                    std::uint64_t file_bytes, std::size_t bytes, std::size_t needed) noexcept {
  if (magic != expected_magic) return Outcome::kCorrupt;
  if (major != FLEXAI_REGION_ABI_MAJOR) return Outcome::kWrongVersion;
  if (header_bytes != 512 || file_bytes > bytes || file_bytes < needed) return Outcome::kCorrupt;
  return Outcome::kOk;
}

// Makes one file of `bytes` zero bytes under a temporary name and maps it. Space is taken now: a full tmpfs is ENOSPC here instead of SIGBUS later.
Outcome Build(const Path& temporary, std::size_t bytes, mode_t mode, void*& data) noexcept {
  const Fd fd(open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd.value < 0) return Outcome::kIo;
  if (const int error = posix_fallocate(fd.value, 0, static_cast<off_t>(bytes)); error != 0) {
    unlink(temporary.c_str());
    errno = error;
    return Outcome::kIo;
  }
  data = fchmod(fd.value, mode) == 0 ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.value, 0) : MAP_FAILED;
  if (data != MAP_FAILED) return Outcome::kOk;
  const int error = errno;
  unlink(temporary.c_str());
  errno = error;
  return Outcome::kIo;
}

std::uint64_t RandomNonZero() noexcept {
  std::uint64_t value = 0;
  while (value == 0)
    if (syscall(SYS_getrandom, &value, sizeof value, 0) != sizeof value)
      value = static_cast<std::uint64_t>(MonotonicNow()) * 0x9e3779b97f4a7c15ULL;
  return value;
}

Outcome PublishNew(const Names& names, std::string_view directory, const RegionFacts& facts, mode_t mode) noexcept {
  char unique[32];
  std::uint64_t bits = RandomNonZero();
  for (char& c : unique) {
    c = "0123456789abcdef"[bits & 15];
    bits = bits >> 4 | bits << 60;
  }
  const std::string_view suffix(unique, 16);
  const Path quota_temporary(directory, "/.new-quota-", suffix), state_temporary(directory, "/.new-state-", suffix);
  if (quota_temporary.empty() || state_temporary.empty()) return Outcome::kInvalid;

  void* data = nullptr;
  Outcome outcome = Build(quota_temporary, sizeof(flexai_quota_file), mode, data);
  if (outcome != Outcome::kOk) return outcome;
  const std::uint64_t pair_id = RandomNonZero();
  auto* quota = static_cast<flexai_quota_file*>(data);
  flexai_quota_header& q = quota->header;
  q.magic = FLEXAI_REGION_QUOTA_MAGIC;
  q.abi_major = FLEXAI_REGION_ABI_MAJOR;
  q.abi_minor = FLEXAI_REGION_ABI_MINOR;
  q.header_bytes = sizeof q;
  q.file_bytes = sizeof *quota;
  q.pair_id = pair_id;
  q.device_memory_bytes = facts.device_memory.value;
  q.owner_uid = geteuid();
  q.kind = facts.kind;
  CopyText(q.xpu_id, sizeof q.xpu_id, facts.xpu.view());
  CopyText(q.model, sizeof q.model, facts.model);
  CopyText(q.driver, sizeof q.driver, facts.driver);
  munmap(data, sizeof *quota);

  outcome = Build(state_temporary, sizeof(flexai_state_file), mode, data);
  if (outcome == Outcome::kOk) {
    auto* state = static_cast<flexai_state_file*>(data);
    flexai_state_header& s = state->header;
    s.magic = FLEXAI_REGION_STATE_MAGIC;
    s.abi_major = FLEXAI_REGION_ABI_MAJOR;
    s.abi_minor = FLEXAI_REGION_ABI_MINOR;
    s.header_bytes = sizeof s;
    s.file_bytes = sizeof *state;
    s.pair_id = pair_id;
    munmap(data, sizeof *state);
    // The quota file comes last: whoever finds it finds both. Only a creator that died in between leaves a lone state file, removed by the next one.
    if (link(state_temporary.c_str(), names.state.c_str()) != 0 || link(quota_temporary.c_str(), names.quota.c_str()) != 0)
      outcome = Outcome::kIo;
  }
  const int error = errno;
  unlink(quota_temporary.c_str());
  unlink(state_temporary.c_str());
  errno = error;
  return outcome;
}

}  // namespace

Path::Path(std::string_view a, std::string_view b, std::string_view c, std::string_view d) noexcept {
  if (a.size() + b.size() + c.size() + d.size() >= sizeof text_) return;
  for (const std::string_view part : {a, b, c, d}) {
    if (!part.empty()) memcpy(text_ + length_, part.data(), part.size());
    length_ += part.size();
  }
}

std::string_view Path::directory() const noexcept {
  const std::size_t slash = view().rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? view().substr(0, 1) : view().substr(0, slash);
}

Outcome ValidateQuotaHeader(const void* data, std::size_t bytes) noexcept {
  flexai_quota_header header;
  if (bytes < sizeof header) return Outcome::kCorrupt;
  memcpy(&header, data, sizeof header);
  const Outcome outcome = CheckCommon(header.magic, FLEXAI_REGION_QUOTA_MAGIC, header.abi_major, header.header_bytes, header.file_bytes,
                                      bytes, sizeof(flexai_quota_file));
  if (outcome != Outcome::kOk) return outcome;
  if (header.pair_id == 0 || memchr(header.xpu_id, 0, sizeof header.xpu_id) == nullptr || !XpuId::Parse(header.xpu_id))
    return Outcome::kCorrupt;
  if (memchr(header.model, 0, sizeof header.model) == nullptr || memchr(header.driver, 0, sizeof header.driver) == nullptr)
    return Outcome::kCorrupt;
  return Outcome::kOk;
}

Outcome ValidateStateHeader(const void* data, std::size_t bytes, std::uint64_t pair_id) noexcept {
  flexai_state_header header;
  if (bytes < sizeof header) return Outcome::kCorrupt;
  memcpy(&header, data, sizeof header);
  const Outcome outcome = CheckCommon(header.magic, FLEXAI_REGION_STATE_MAGIC, header.abi_major, header.header_bytes, header.file_bytes,
                                      bytes, sizeof(flexai_state_file));
  if (outcome != Outcome::kOk) return outcome;
  return header.pair_id == pair_id ? Outcome::kOk : Outcome::kCorrupt;
}

RegionFile::~RegionFile() {
  if (keep_mapped_) return;
  if (view_.quota != nullptr) munmap(view_.quota, sizeof(flexai_quota_file));
  if (view_.state != nullptr) munmap(view_.state, sizeof(flexai_state_file));
}

RegionFile::RegionFile(RegionFile&& other) noexcept { *this = static_cast<RegionFile&&>(other); }

RegionFile& RegionFile::operator=(RegionFile&& other) noexcept {
  std::swap(view_, other.view_);
  std::swap(quota_writable_, other.quota_writable_);
  std::swap(keep_mapped_, other.keep_mapped_);
  std::swap(lock_path_, other.lock_path_);
  std::swap(state_path_, other.state_path_);
  std::swap(state_inode_, other.state_inode_);
  return *this;
}

Outcome RegionFile::Open(std::string_view directory, const XpuId& xpu, RegionFile& out) noexcept {
  const Names names = NamesOf(directory, xpu);
  const Path directory_path(directory, "");
  if (!names.fit() || directory_path.empty()) return Outcome::kInvalid;
  struct stat directory_status{};
  if (stat(directory_path.c_str(), &directory_status) != 0) return errno == ENOENT ? Outcome::kNotFound : Outcome::kIo;

  RegionFile region;
  Mapping quota, state;
  Outcome outcome = OpenAndCheck(names.quota, directory_status, true, sizeof(flexai_quota_file), quota);
  region.view_.quota = static_cast<flexai_quota_file*>(quota.data);
  if (outcome == Outcome::kOk) outcome = ValidateQuotaHeader(quota.data, quota.bytes);
  if (outcome != Outcome::kOk) return outcome;
  outcome = OpenAndCheck(names.state, directory_status, false, sizeof(flexai_state_file), state);
  region.view_.state = static_cast<flexai_state_file*>(state.data);
  if (outcome == Outcome::kOk) outcome = ValidateStateHeader(state.data, state.bytes, region.view_.quota->header.pair_id);
  if (outcome == Outcome::kNotFound) outcome = Outcome::kCorrupt;  // a quota file without its state file
  if (outcome != Outcome::kOk) return outcome;
  if (region.view_.quota->header.xpu_id != xpu.view()) return Outcome::kCorrupt;

  region.quota_writable_ = quota.writable;
  region.lock_path_ = names.lock;
  region.state_path_ = names.state;
  region.state_inode_ = state.inode;
  out = static_cast<RegionFile&&>(region);
  return Outcome::kOk;
}

Outcome RegionFile::OpenOrCreate(std::string_view directory, const RegionFacts& facts, RegionFile& out) noexcept {
  Outcome outcome = Open(directory, facts.xpu, out);
  if (outcome != Outcome::kNotFound) return outcome;
  const Names names = NamesOf(directory, facts.xpu);
  AdmissionLock lock;
  std::int32_t holder = 0;
  outcome = lock.Acquire(names.lock.c_str(), holder);
  if (outcome != Outcome::kOk) return outcome;
  outcome = Open(directory, facts.xpu, out);  // another creator may have been faster
  if (outcome != Outcome::kNotFound) return outcome;
  unlink(names.state.c_str());
  const Path directory_path(directory, "");
  struct stat status{};
  if (stat(directory_path.c_str(), &status) != 0) return Outcome::kIo;
  const bool shared = (status.st_mode & S_IWGRP) != 0;
  outcome = PublishNew(names, directory, facts, shared ? 0660 : 0600);
  if (outcome != Outcome::kOk) return outcome;
  return Open(directory, facts.xpu, out);
}

XpuId RegionFile::xpu() const noexcept {
  if (view_.quota == nullptr) return {};
  const auto id = XpuId::Parse(view_.quota->header.xpu_id);
  return id ? *id : XpuId{};
}

bool RegionFile::StillPublished() const noexcept {
  struct stat status{};
  return stat(state_path_.c_str(), &status) == 0 && status.st_ino == state_inode_;
}

}  // namespace flexai::slice
