#include "cli/host_support.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "api/region/region.h"
#include "base/fds.hpp"
#include "slice/region_file.hpp"

namespace flexai::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLayerName = "libflexai_opencl.so";

// Whether a region's quota file may name slices: one that cannot be read, or is not what we know, may.
bool MayNameSlices(const std::string& path) {
  const auto bytes = ReadFile(path, sizeof(flexai_quota_file));
  if (!bytes || bytes->size() != sizeof(flexai_quota_file)) return true;
  flexai_quota_file file;
  std::memcpy(&file, bytes->data(), sizeof file);
  if (file.header.magic != FLEXAI_REGION_QUOTA_MAGIC || file.header.abi_major != FLEXAI_REGION_ABI_MAJOR) return true;
  return std::any_of(std::begin(file.shares), std::end(file.shares),
                     [](const flexai_share& share) { return share.state == FLEXAI_SLOT_ACTIVE; });
}

Ability Possible() { return {.possible = true}; }

// What to install so that a card, which nothing but the kernel or a vendor's management library shows, gets an OpenCL driver.
std::string DriverAdvice(const device::Xpu& xpu) {
  const std::string_view id = xpu.id.view();
  if (id.starts_with("nvidia")) return "install the OpenCL part of the NVIDIA driver: apt install nvidia-opencl-icd";
  if (id.starts_with("intel")) return "install Intel's OpenCL driver: apt install intel-opencl-icd";
  if (id.starts_with("amd"))
    return "install an OpenCL driver for it: apt install mesa-opencl-icd (and set RUSTICL_ENABLE=radeonsi), or AMD's ROCm";
  return "install the vendor's OpenCL driver for it";
}

}  // namespace

std::string FindLayer(const std::string& self) {
  const fs::path program(self);
  if (self.empty()) return {};
  const fs::path prefix = program.parent_path().parent_path();
  for (const char* folder : {"lib", "lib/flexai", "lib64", "lib64/flexai"}) {
    std::error_code error;
    const fs::path layer = fs::canonical(prefix / folder, error) / kLayerName;
    if (!error && access(layer.c_str(), R_OK) == 0) return layer.string();
  }
  return {};
}

Ability CanLoadLayer(const std::string& layer, const std::string& loader) {
  if (layer.empty())
    return {.reason = std::string(kLayerName) + " is not beside this program", .fix = "reinstall flexai, or build it whole (`make build`)"};
  if (layer.find(':') != std::string::npos)
    return {.reason = "the path of " + std::string(kLayerName) + " contains ':', which separates layers: " + layer,
            .fix = "move flexai to another folder"};
  if (loader.empty()) return {.reason = "there is no OpenCL loader (libOpenCL.so.1)", .fix = "install one: apt install ocl-icd-libopencl1"};
  // Loaders that know layers read the variable by this name; those that do not, drop every layer without a word.
  constexpr std::size_t kLargestLoader = 64U << 20;
  const auto bytes = ReadFile(loader, kLargestLoader);
  if (!bytes) return {.reason = "the OpenCL loader cannot be read: " + bytes.error().message, .fix = ""};
  if (bytes->find("OPENCL_LAYERS") == std::string::npos)
    return {.reason = "the OpenCL loader " + loader + " does not load layers",
            .fix = "use ocl-icd 2.3 or newer (apt install ocl-icd-libopencl1) or Khronos' loader of 2020.12 or newer"};
  return Possible();
}

Ability HasRobustFutexes() {
  void* head = nullptr;
  std::size_t length = 0;
  if (syscall(SYS_get_robust_list, 0, &head, &length) == 0) return Possible();
  return {.reason = "this system has no robust futexes, without which the death of a program would go unnoticed",
          .fix = "run on a Linux kernel directly, not under an emulator or a sandbox that hides set_robust_list"};
}

Ability CanEnforceOn(const device::Xpu& xpu, const Ability& machine) {
  if (xpu.HasOpenCl()) return machine;
  return {.reason = "no OpenCL driver shows it", .fix = DriverAdvice(xpu)};
}

Ability AllOf(const std::vector<Ability>& abilities) {
  for (const Ability& ability : abilities)
    if (!ability.possible) return ability;
  return Possible();
}

Result<Runtime> FindRuntime(const EnvironmentList& environment) {
  const std::string_view named = environment.Get("FLEXAI_RUNTIME_DIR");
  slice::RuntimeDirectory directory;
  errno = 0;
  const Outcome outcome = slice::FindRuntimeDirectory(named, directory);
  const int error_number = errno;
  const std::string path(directory.path.view());
  if (outcome == Outcome::kOk) {
    // Programs change their working directory: what they are told must not depend on it.
    std::error_code error;
    const std::string absolute = fs::canonical(path, error).string();
    return Runtime{directory, error ? path : absolute};
  }
  if (!named.empty()) {
    const std::string what = "the runtime directory " + std::string(named) + " (FLEXAI_RUNTIME_DIR)";
    if (outcome == Outcome::kNotFound) return Fail(ErrorCode::kNotFound, what + " does not exist; make it, or unset the variable");
    if (outcome == Outcome::kInvalid) return Fail(ErrorCode::kInvalid, what + " is too long a path; choose a shorter one");
    errno = error_number;
    Error error = FromOutcome(outcome, what + " cannot be used");
    error.message += "; correct its permissions, or unset the variable";
    return tl::unexpected<Error>(std::move(error));
  }
  if (outcome == Outcome::kForeignOwner)
    return Fail(ErrorCode::kForeignOwner, "the runtime directory " + path +
                                              " belongs to another user, who may have put it there to trap this one; have an " +
                                              "administrator remove it");
  errno = error_number;
  Error error = FromOutcome(outcome, "the runtime directory " + path + " cannot be made");
  error.message += "; set FLEXAI_RUNTIME_DIR to a directory in memory";
  return tl::unexpected<Error>(std::move(error));
}

std::vector<std::string> OtherUsersOf(std::string_view xpu, std::string_view shared_memory, std::string_view system_directory) {
  constexpr std::string_view kPrefix = "flexai-";
  std::vector<std::string> users;
  std::error_code error;
  for (fs::directory_iterator entry(fs::path(shared_memory), error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    unsigned uid = 0;
    const auto parsed = std::from_chars(name.data() + std::min(name.size(), kPrefix.size()), name.data() + name.size(), uid);
    if (!name.starts_with(kPrefix) || parsed.ec != std::errc() || parsed.ptr != name.data() + name.size() || uid == geteuid()) continue;
    struct stat status{};
    // The directory must be that user's own: anybody can make one of the name.
    if (stat(entry->path().c_str(), &status) != 0 || status.st_uid != uid) continue;
    const std::string quota = entry->path() / ("xpu-" + std::string(xpu) + ".quota");
    if (stat(quota.c_str(), &status) == 0 && MayNameSlices(quota)) users.push_back(UserName(uid));
  }
  // The directory that the users of the machine share, and we do not.
  struct stat status{};
  const std::string quota = fs::path(system_directory) / ("xpu-" + std::string(xpu) + ".quota");
  if (stat(quota.c_str(), &status) == 0 && MayNameSlices(quota)) users.emplace_back("everybody in " + std::string(system_directory));
  std::sort(users.begin(), users.end());
  return users;
}

std::string UserName(unsigned uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return found->pw_name;
  return std::to_string(uid);
}

}  // namespace flexai::cli
