#include "intercept/opencl/attach.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/outcome.hpp"

namespace flexai::opencl {
namespace {

using slice::Membership;

// ---- which process this is ----------------------------------------------------------------------------------------------------------------------

// A page the kernel empties in every child of fork; it holds the process's number. Made once, shared by parent and children as an address only.
std::atomic<std::uint32_t*> epoch_page{nullptr};
std::atomic<std::uint32_t> last_epoch{0};
std::uint32_t no_page;  // its address stands for "this kernel cannot empty pages"

std::uint32_t* MakeEpochPage() noexcept {
  const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* made = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::uint32_t* page = &no_page;
  if (made != MAP_FAILED && madvise(made, bytes, MADV_WIPEONFORK) == 0) page = static_cast<std::uint32_t*>(made);
  std::uint32_t* seen = nullptr;
  if (epoch_page.compare_exchange_strong(seen, page, std::memory_order_acq_rel)) {
    if (page == &no_page && made != MAP_FAILED) munmap(made, bytes);
    return page;
  }
  if (made != MAP_FAILED) munmap(made, bytes);
  return seen;
}

// ---- what people read ---------------------------------------------------------------------------------------------------------------------------

// One line, one write: lines of several processes do not mix.
__attribute__((format(printf, 1, 2))) void Say(const char* format, ...) noexcept {
  const int saved = errno;
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length < 0) length = 0;
  if (length > static_cast<int>(sizeof line) - 1) length = static_cast<int>(sizeof line) - 1;
  if (write(STDERR_FILENO, line, static_cast<std::size_t>(length)) < 0) {
    // nobody reads stderr
  }
  errno = saved;
}

std::atomic<std::uint32_t> said_epoch{0};

// True once in a process.
bool MaySay() noexcept {
  const std::uint32_t epoch = ProcessEpoch();
  return said_epoch.exchange(epoch, std::memory_order_acq_rel) != epoch;
}

void SayWhyNot(Outcome outcome, const char* path, int error) noexcept {
  constexpr const char* kThen = "so this program sees no OpenCL devices";
  const std::string_view known = Membership::Process().name();
  const char* name = known.empty() ? path : known.data();
  switch (outcome) {
    case Outcome::kNotFound:
      return Say("flexai: the slice %s does not exist any more, %s; start it again with `flexai run`\n", path, kThen);
    case Outcome::kStale: return Say("flexai: the slice %s has ended, %s; start it again with `flexai run`\n", name, kThen);
    case Outcome::kExhausted:
      return Say("flexai: %d processes use the XPU of slice %s already, %s; end some of them (`flexai smi` lists them)\n",
                 FLEXAI_REGION_PROCESSES, name, kThen);
    case Outcome::kCorrupt:
      return Say("flexai: the files of slice %s beside %s are damaged, %s; end its programs and start them again with `flexai run`\n", name,
                 path, kThen);
    case Outcome::kWrongVersion:
      return Say(
          "flexai: the slice %s was made by another major version of flexai, %s; start it again with the flexai this layer belongs to\n",
          path, kThen);
    case Outcome::kForeignOwner:
      return Say("flexai: the files of slice %s do not belong to this user, %s; start it as yourself with `flexai run`\n", path, kThen);
    case Outcome::kUnenforceable:
      return Say(
          "flexai: this system has no robust futexes or cannot tell a fork, without which no slice can be enforced, %s; `flexai doctor` "
          "says more\n",
          kThen);
    case Outcome::kBusy:
      return Say(
          "flexai: a stopped process keeps the XPU of slice %s locked, %s; continue or end that process (`flexai doctor` names it)\n", name,
          kThen);
    default:
      return Say("flexai: joining the slice %s failed (%s: %s), %s; `flexai doctor` says more\n", path, OutcomeText(outcome),
                 strerror(error), kThen);
  }
}

// OpenCL promises 32 MiB to an allocation on every device that is not CUSTOM (OpenCL 3.0, CL_DEVICE_MAX_MEM_ALLOC_SIZE).
constexpr std::uint64_t kPromisedAllocation = 32ULL << 20;

void WarnOfSmallQuotas() noexcept {
  Membership& membership = Membership::Process();
  for (std::uint32_t i = 0; i < membership.size(); ++i) {
    const slice::Tenant& tenant = membership.tenant(i);
    const std::uint64_t quota = tenant.MemoryQuota().value;
    if (quota >= kPromisedAllocation) continue;
    Say("flexai: the memory quota of %s, %llu bytes, is under the 32 MiB that OpenCL promises to every program: some may fail; give the "
        "slice --memory 32Mi "
        "or more\n",
        tenant.xpu().c_str(), static_cast<unsigned long long>(quota));
  }
}

// ---- attaching ----------------------------------------------------------------------------------------------------------------------------------

// The slice's path as the environment had it at the first look: programs clear their environment, children of fork still belong to the slice.
char slice_path[512];
bool slice_path_fits = true;
pthread_once_t environment_read = PTHREAD_ONCE_INIT;

// The layer's only look at the environment.
void ReadEnvironment() {
  const char* path = getenv("FLEXAI_SLICE");
  if (path == nullptr) return;
  slice_path_fits = strlen(path) < sizeof slice_path;
  if (slice_path_fits) strcpy(slice_path, path);
}

std::atomic<bool> attached_before{false};     // this process or an ancestor attached: only then is Membership's own answer worth asking
std::atomic<std::uint32_t> refused_epoch{0};  // the process that may not attach

bool AttachSlowly() noexcept {
  const int saved = errno;
  const std::uint32_t epoch = ProcessEpoch();
  pthread_once(&environment_read, ReadEnvironment);
  bool attached = false;
  if (slice_path[0] == '\0') {
    if (MaySay()) {
      Say(slice_path_fits
              ? "flexai: this program is in no slice (FLEXAI_SLICE is not set), so it sees no OpenCL devices; start it with `flexai run`, "
                "or take "
                "flexai out of OPENCL_LAYERS\n"
              : "flexai: the path in FLEXAI_SLICE is too long, so this program sees no OpenCL devices; use a shorter FLEXAI_RUNTIME_DIR\n");
    }
  } else {
    errno = 0;
    const Outcome outcome = Membership::Process().Attach(slice_path, FlushQueues, nullptr);
    attached = outcome == Outcome::kOk;
    if (attached) {
      if (!attached_before.exchange(true, std::memory_order_acq_rel)) WarnOfSmallQuotas();
    } else if (MaySay()) {
      SayWhyNot(outcome, slice_path, errno);
    }
  }
  if (!attached) refused_epoch.store(epoch, std::memory_order_release);
  errno = saved;
  return attached;
}

}  // namespace

std::uint32_t ProcessEpoch() noexcept {
  std::uint32_t* page = epoch_page.load(std::memory_order_acquire);
  if (page == nullptr) page = MakeEpochPage();
  if (page == &no_page) return static_cast<std::uint32_t>(getpid());
  std::atomic_ref<std::uint32_t> word(*page);
  std::uint32_t epoch = word.load(std::memory_order_acquire);
  if (epoch != 0) return epoch;
  const std::uint32_t fresh = last_epoch.fetch_add(1, std::memory_order_relaxed) + 1;
  return word.compare_exchange_strong(epoch, fresh, std::memory_order_acq_rel) ? fresh : epoch;
}

bool EnsureAttached() noexcept {
  if (attached_before.load(std::memory_order_acquire) && Membership::Process().Attached()) return true;
  const std::uint32_t refused = refused_epoch.load(std::memory_order_acquire);
  if (refused != 0 && refused == ProcessEpoch()) return false;
  return AttachSlowly();
}

void CountBypassAttempt() noexcept {
  if (EnsureAttached() && Membership::Process().size() != 0) Membership::Process().tenant(0).CountBypassAttempt();
}

}  // namespace flexai::opencl
