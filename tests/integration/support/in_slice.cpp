// Runs a command in a slice made for it, for tests that are scripts:   in_slice [XPU[=BYTES]]... -- COMMAND...
// Without an XPU the slice has a share of every CPU driver's device. Nothing is watched and nothing is refused: that is `flexai run`.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/integration/support/drivers.hpp"
#include "tests/integration/support/slice_world.hpp"

int main(int argc, char** argv) {
  using namespace flexai::testing;
  std::vector<WantedShare> shares;
  int i = 1;
  for (; i < argc && std::strcmp(argv[i], "--") != 0; ++i) {
    WantedShare share;
    share.xpu = argv[i];
    if (const std::size_t equals = share.xpu.find('='); equals != share.xpu.npos) {
      share.memory = std::strtoull(share.xpu.c_str() + equals + 1, nullptr, 10);
      share.xpu.erase(equals);
    }
    shares.push_back(share);
  }
  if (i + 1 >= argc) {
    std::fprintf(stderr, "usage: in_slice [XPU[=BYTES]]... -- COMMAND...\n");
    return 2;
  }
  if (shares.empty()) {
    for (const TestDriver& driver : TestDrivers()) shares.push_back({.xpu = driver.xpu});
  }
  SliceWorld world;
  const std::string path = world.MakeSlice("test", shares);
  setenv("FLEXAI_SLICE", path.c_str(), 1);
  const pid_t child = fork();
  if (child == 0) {
    execvp(argv[i + 1], argv + i + 1);
    std::perror(argv[i + 1]);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
