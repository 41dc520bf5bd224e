#include "intercept/opencl/dispatch.hpp"

#include <dlfcn.h>
#include <sched.h>

#include <atomic>
#include <cstdint>
#include <cstring>

#include "intercept/opencl/hooks.hpp"

namespace flexai::opencl {

namespace dispatch_detail {
cl_icd_dispatch next{};
}

namespace {

enum State : int { kUnset, kBeingSet, kSet };
std::atomic<int> next_state{kUnset};

// Drivers of cl_khr_icd 2.0 put this where the pointer to clGetPlatformIDs was; the loader then keeps the real table elsewhere.
#if INTPTR_MAX == INT32_MAX
constexpr std::intptr_t kLoaderManagedTag = 0x434C3331;
#else
constexpr std::intptr_t kLoaderManagedTag = 0x4F50454E434C3331;
#endif

#define FLEXAI_SLOT_pass(name) nullptr
#define FLEXAI_SLOT_gate(name) FLEXAI_SLOT(name)
#define FLEXAI_SLOT_memory(name) FLEXAI_SLOT(name)
#define FLEXAI_SLOT_flush(name) FLEXAI_SLOT(name)
#define FLEXAI_SLOT_query(name) FLEXAI_SLOT(name)
#define FLEXAI_SLOT_lifetime(name) FLEXAI_SLOT(name)
#define FLEXAI_SLOT(name) &hook::name
constexpr cl_icd_dispatch kLayerTable = {
#define FLEXAI_API(name, since, local, remote) .name = FLEXAI_SLOT_##local(name),
#include "api/hooks/opencl.def"
};
#undef FLEXAI_SLOT
#undef FLEXAI_SLOT_pass
#undef FLEXAI_SLOT_gate
#undef FLEXAI_SLOT_memory
#undef FLEXAI_SLOT_flush
#undef FLEXAI_SLOT_query
#undef FLEXAI_SLOT_lifetime

void* Entry(const cl_icd_dispatch& table, std::size_t index) noexcept {
  void* entry;
  std::memcpy(&entry, reinterpret_cast<const char*>(&table) + index * sizeof(void*), sizeof entry);
  return entry;
}

// Keeps the library that holds `address` mapped until the process ends. Failure is harmless: it means the program itself,
// or a loader that nobody unloads.
class LibraryPins {
 public:
  void Pin(const void* address) noexcept {
    Dl_info info;
    if (address == nullptr || dladdr(address, &info) == 0 || info.dli_fname == nullptr) return;
    for (std::size_t i = 0; i < count_; ++i) {
      if (pinned_[i] == info.dli_fbase) return;
    }
    if (count_ < kMost) pinned_[count_++] = info.dli_fbase;
    // The handle is leaked on purpose.
    (void)dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  }

 private:
  static constexpr std::size_t kMost = 8;  // the loader and the layers below us
  const void* pinned_[kMost] = {};
  std::size_t count_ = 0;
};

}  // namespace

const cl_icd_dispatch& LayerTable() noexcept { return kLayerTable; }

void* HookIn(Slot slot) noexcept { return Entry(kLayerTable, static_cast<std::size_t>(slot)); }

bool DriverHas(const void* handle, Slot slot) noexcept {
  const cl_icd_dispatch* driver;
  std::memcpy(&driver, handle, sizeof driver);  // cl_khr_icd: every object begins with its driver's table
  if (reinterpret_cast<std::intptr_t>(Entry(*driver, 0)) == kLoaderManagedTag) return true;
  return Entry(*driver, static_cast<std::size_t>(slot)) != nullptr;
}

void AdoptNext(const cl_icd_dispatch* target, std::size_t entries, const void* caller) noexcept {
  int expected = kUnset;
  if (!next_state.compare_exchange_strong(expected, kBeingSet, std::memory_order_acquire)) {
    // Two loaders initialise at once: the other one is a few hundred instructions from done.
    while (next_state.load(std::memory_order_acquire) != kSet) sched_yield();
    return;
  }
  const std::size_t known = entries < kSlots ? entries : kSlots;
  std::memcpy(&dispatch_detail::next, target, known * sizeof(void*));
  LibraryPins pins;
  pins.Pin(caller);
  for (std::size_t i = 0; i < known; ++i) pins.Pin(Entry(dispatch_detail::next, i));
  next_state.store(kSet, std::memory_order_release);  // pairs with the acquire above; other threads get it from the loader
}

}  // namespace flexai::opencl
