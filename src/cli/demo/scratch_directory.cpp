#include "cli/demo/scratch_directory.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace flexai::cli {
namespace {

// What the signal handler removes: plain arrays, as it may run at any moment.
std::array<char, PATH_MAX> g_file{}, g_directory{};

void Remove() {
  unlink(g_file.data());
  rmdir(g_directory.data());
}

void OnSignal(int signal) {
  Remove();
  raise(signal);  // SA_RESETHAND: the default action, once this returns
}

}  // namespace

Result<ScratchDirectory> ScratchDirectory::Make(const std::string& parent, const std::string& file) {
  std::string path = parent + "/flexai-demo-XXXXXX";
  if (path.size() + 1 + file.size() >= PATH_MAX) return Fail(ErrorCode::kInvalid, "the path of TMPDIR is too long");
  if (mkdtemp(path.data()) == nullptr) return FailErrno("making a directory in " + parent + " (TMPDIR chooses another place)", errno);
  std::snprintf(g_directory.data(), g_directory.size(), "%s", path.c_str());
  std::snprintf(g_file.data(), g_file.size(), "%s/%s", path.c_str(), file.c_str());
  struct sigaction action{};
  action.sa_handler = OnSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before{};
    if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);  // nohup stays
  }
  return ScratchDirectory(std::move(path));
}

ScratchDirectory::ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }

ScratchDirectory::~ScratchDirectory() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace flexai::cli
