#include "slice/slice_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <algorithm>

#include "core/quantity.hpp"

namespace flexai::slice {
namespace {

constexpr std::size_t kMaxBytes = 4096;

// Takes the next word of `line`; empty at its end.
std::string_view TakeWord(std::string_view& line) noexcept {
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

template <class T>
bool TakeNumber(std::string_view& line, T& value) noexcept {
  std::string_view word = TakeWord(line);
  const auto number = quantity_detail::TakeInteger(word);
  if (!number || !word.empty() || *number > static_cast<std::uint64_t>(static_cast<T>(-1))) return false;
  value = static_cast<T>(*number);
  return true;
}

}  // namespace

bool IsSliceName(std::string_view name) noexcept {
  if (name.empty() || name.size() > 63 || name.front() == '.' || name.front() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

Outcome ParseSliceFile(std::string_view text, SliceFile& out) noexcept {
  out = SliceFile{};
  if (text.size() > kMaxBytes || text.empty() || text.back() != '\n') return Outcome::kCorrupt;  // cut short
  bool first = true;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    const std::string_view key = TakeWord(line);
    if (first) {
      if (key != "flexai-slice") return Outcome::kCorrupt;
      if (TakeWord(line) != "1") return Outcome::kWrongVersion;
      first = false;
    } else if (key == "name") {
      const std::string_view name = TakeWord(line);
      if (!IsSliceName(name)) return Outcome::kCorrupt;
      memcpy(out.name, name.data(), name.size());
      out.name[name.size()] = '\0';
    } else if (key == "share") {
      if (out.count == SliceFile::kMaxShares) return Outcome::kCorrupt;
      SliceFile::Share share;
      const auto xpu = XpuId::Parse(TakeWord(line));
      if (!xpu || !TakeNumber(line, share.ref.slot) || !TakeNumber(line, share.ref.generation) || !TakeNumber(line, share.pair_id))
        return Outcome::kCorrupt;
      if (share.ref.slot >= FLEXAI_REGION_SLICES || share.pair_id == 0) return Outcome::kCorrupt;
      share.xpu = *xpu;
      if (out.count != 0 && !(out.shares[out.count - 1].xpu < share.xpu)) return Outcome::kCorrupt;  // ascending, no duplicates
      out.shares[out.count++] = share;
    } else {
      return Outcome::kCorrupt;
    }
    if (!TakeWord(line).empty()) return Outcome::kCorrupt;
  }
  return out.count != 0 && out.name[0] != '\0' ? Outcome::kOk : Outcome::kCorrupt;
}

Outcome ReadSliceFile(const char* path, SliceFile& out) noexcept {
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return errno == ENOENT ? Outcome::kNotFound : errno == ELOOP ? Outcome::kForeignOwner : Outcome::kIo;
  struct stat status{};
  char text[kMaxBytes];
  std::size_t length = 0;
  Outcome outcome = fstat(fd, &status) == 0 ? Outcome::kOk : Outcome::kIo;
  if (outcome == Outcome::kOk && !S_ISREG(status.st_mode)) outcome = Outcome::kCorrupt;
  while (outcome == Outcome::kOk && length < sizeof text) {
    const ssize_t n = read(fd, text + length, sizeof text - length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) outcome = Outcome::kIo;
    if (n <= 0) break;
    length += static_cast<std::size_t>(n);
  }
  close(fd);
  return outcome == Outcome::kOk ? ParseSliceFile({text, length}, out) : outcome;
}

Outcome WriteSliceFile(std::string_view directory, bool shared, const SliceFile& slice, Path& path) noexcept {
  if (!IsSliceName(slice.name) || slice.count == 0 || slice.count > SliceFile::kMaxShares) return Outcome::kInvalid;
  char text[kMaxBytes];
  int length = snprintf(text, sizeof text, "flexai-slice 1\nname %s\n", slice.name);
  for (std::uint32_t i = 0; i < slice.count; ++i) {
    const SliceFile::Share& share = slice.shares[i];
    length += snprintf(text + length, sizeof text - static_cast<std::size_t>(length), "share %s %u %u %llu\n", share.xpu.c_str(),
                       share.ref.slot, share.ref.generation, static_cast<unsigned long long>(share.pair_id));
  }
  path = Path(directory, "/slice-", slice.name);
  char unique[32];
  snprintf(unique, sizeof unique, ".%d.new", static_cast<int>(getpid()));
  const Path temporary(directory, "/.slice-", slice.name, unique);
  if (path.empty() || temporary.empty()) return Outcome::kInvalid;
  unlink(temporary.c_str());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return Outcome::kIo;
  const bool written = write(fd, text, static_cast<std::size_t>(length)) == length && fchmod(fd, shared ? 0640 : 0600) == 0;
  close(fd);
  if (written && rename(temporary.c_str(), path.c_str()) == 0) return Outcome::kOk;
  const int error = errno;
  unlink(temporary.c_str());
  errno = error;
  return Outcome::kIo;
}

}  // namespace flexai::slice
