#include "bench/load/process_group.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <new>

namespace flexai::load {
namespace {

struct Group {
  SharedPage shared;
  Slot slots[1024];
};

}  // namespace

Result<std::vector<Slot>> ProcessGroup::Run(std::uint32_t count, const Body& prepare, const Body& body) {
  void* memory = mmap(nullptr, sizeof(Group), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return FailErrno("mapping memory for the group", errno);
  auto& group = *new (memory) Group;
  if (count > std::size(group.slots)) return Fail(ErrorCode::kInvalid, "at most 1024 processes");
  std::atomic_ref<std::uint32_t> ready(group.shared.ready);

  const pid_t parent = getpid();
  std::vector<pid_t> children;
  for (std::uint32_t i = 0; i < count; ++i) {
    const pid_t pid = fork();
    if (pid < 0) break;
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(1);
      prepare(i, group.shared, group.slots[i]);
      ready.fetch_add(1, std::memory_order_acq_rel);
      while (ready.load(std::memory_order_acquire) < count) usleep(1000);
      body(i, group.shared, group.slots[i]);
      _exit(0);
    }
    children.push_back(pid);
  }
  bool failed = children.size() != count;
  if (failed) ready.store(count, std::memory_order_release);  // those who were made shall not wait for the others
  for (const pid_t pid : children) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      failed = true;
      ready.store(count, std::memory_order_release);
    }
  }
  std::vector<Slot> slots(group.slots, group.slots + count);
  munmap(memory, sizeof(Group));
  if (failed) return Fail(ErrorCode::kInternal, "a process of the group failed");
  return slots;
}

}  // namespace flexai::load
