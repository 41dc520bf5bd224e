// What a layer remembers of the handles an application holds: a map from a handle's address to a small record, copied in and out.
//
// Made for code in other people's processes: constant-initialised and never destroyed (a static object needs no constructor to have run), memory from
// malloc, nothing of libstdc++. Sixteen stripes with a lock each, so threads rarely meet; a child of fork finds the table as its parent left it.
// Any thread. Functions passed in run under a stripe's lock: they must be short and must not call a driver or any table.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <type_traits>

#include "intercept/common/fork_safe_mutex.hpp"

namespace flexai::intercept {

template <class Record>
class HandleTable {
  static_assert(std::is_trivially_copyable_v<Record> && std::is_trivially_destructible_v<Record>);

 public:
  constexpr HandleTable() = default;
  HandleTable(const HandleTable&) = delete;
  HandleTable& operator=(const HandleTable&) = delete;

  /// Remembers `record` under `handle`, in place of what was there: drivers give a freed address to the next object. False when there is no memory, or
  /// no handle.
  [[nodiscard]] bool Insert(const void* handle, const Record& record) noexcept {
    if (handle == nullptr) return false;
    Stripe& stripe = StripeOf(handle);
    ForkSafeLock lock(stripe.mutex);
    if (Entry* entry = stripe.Find(handle)) {
      entry->record = record;
      return true;
    }
    if (!stripe.MakeRoom()) return false;
    Entry& entry = stripe.entries[stripe.FreePlace(handle)];
    entry.handle = handle;
    entry.record = record;
    ++stripe.count;
    size_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  /// Copies the record of `handle` to `out`; false when there is none.
  [[nodiscard]] bool Find(const void* handle, Record& out) const noexcept {
    if (empty()) return false;
    Stripe& stripe = StripeOf(handle);
    ForkSafeLock lock(stripe.mutex);
    const Entry* entry = stripe.Find(handle);
    if (entry == nullptr) return false;
    out = entry->record;
    return true;
  }

  /// Runs `change(record)` on the record of `handle`, in place; false when there is none.
  template <class Change>
  bool With(const void* handle, Change&& change) noexcept {
    if (empty()) return false;
    Stripe& stripe = StripeOf(handle);
    ForkSafeLock lock(stripe.mutex);
    Entry* entry = stripe.Find(handle);
    if (entry == nullptr) return false;
    change(entry->record);
    return true;
  }

  /// Runs `last(record)`, which may change it; when it returns true the record is forgotten and copied to `out`. True in that case only: the shape of
  /// releasing a reference.
  template <class Last>
  bool TakeIf(const void* handle, Record& out, Last&& last) noexcept {
    if (empty()) return false;
    Stripe& stripe = StripeOf(handle);
    ForkSafeLock lock(stripe.mutex);
    Entry* entry = stripe.Find(handle);
    if (entry == nullptr || !last(entry->record)) return false;
    out = entry->record;
    stripe.Erase(entry);
    size_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }

  /// Forgets `handle`; false when it was not known.
  bool Take(const void* handle, Record& out) noexcept {
    return TakeIf(handle, out, [](Record&) { return true; });
  }

  /// Runs `visit(handle, record)` for every record, stripe by stripe: what comes or goes meanwhile may be missed.
  template <class Visit>
  void ForEach(Visit&& visit) noexcept {
    for (Stripe& stripe : stripes_) {
      ForkSafeLock lock(stripe.mutex);
      for (std::size_t i = 0; i < stripe.places; ++i) {
        if (stripe.entries[i].handle != nullptr) visit(stripe.entries[i].handle, stripe.entries[i].record);
      }
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  /// One load: what a process without records pays.
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

 private:
  static constexpr std::size_t kStripes = 16;
  static constexpr std::size_t kFirstPlaces = 16;

  struct Entry {
    const void* handle;
    Record record;
  };

  static std::uint64_t Hash(const void* handle) noexcept { return (reinterpret_cast<std::uintptr_t>(handle) >> 4) * 0x9e3779b97f4a7c15; }

  // Open addressing with linear probing, at most three quarters full.
  struct alignas(64) Stripe {
    ForkSafeMutex mutex;
    Entry* entries = nullptr;
    std::size_t places = 0;  // a power of two
    std::size_t count = 0;

    [[nodiscard]] std::size_t Home(const void* handle) const noexcept { return Hash(handle) >> 8 & (places - 1); }

    [[nodiscard]] Entry* Find(const void* handle) const noexcept {
      if (places == 0 || handle == nullptr) return nullptr;
      for (std::size_t i = Home(handle); entries[i].handle != nullptr; i = (i + 1) & (places - 1)) {
        if (entries[i].handle == handle) return &entries[i];
      }
      return nullptr;
    }

    [[nodiscard]] std::size_t FreePlace(const void* handle) const noexcept {
      std::size_t i = Home(handle);
      while (entries[i].handle != nullptr) i = (i + 1) & (places - 1);
      return i;
    }

    [[nodiscard]] bool MakeRoom() noexcept {
      if (4 * (count + 1) <= 3 * places) return true;
      const std::size_t grown = places == 0 ? kFirstPlaces : 2 * places;
      auto* fresh = static_cast<Entry*>(std::calloc(grown, sizeof(Entry)));
      if (fresh == nullptr) return count + 1 < places;  // fuller than it should be, with a free place left to end every probe
      Entry* old = entries;
      const std::size_t old_places = places;
      entries = fresh;
      places = grown;
      for (std::size_t i = 0; i < old_places; ++i) {
        if (old[i].handle != nullptr) entries[FreePlace(old[i].handle)] = old[i];
      }
      std::free(old);
      return true;
    }

    // Closes the gap, so that no marker of a deleted entry is needed.
    void Erase(Entry* gone) noexcept {
      std::size_t hole = static_cast<std::size_t>(gone - entries);
      for (std::size_t i = (hole + 1) & (places - 1); entries[i].handle != nullptr; i = (i + 1) & (places - 1)) {
        const std::size_t home = Home(entries[i].handle);
        // An entry may move back to the hole unless its home lies cyclically in (hole, i].
        if (((i - home) & (places - 1)) < ((i - hole) & (places - 1))) continue;
        entries[hole] = entries[i];
        hole = i;
      }
      entries[hole].handle = nullptr;
      --count;
    }
  };

  [[nodiscard]] Stripe& StripeOf(const void* handle) const noexcept { return stripes_[Hash(handle) >> 60 & (kStripes - 1)]; }

  mutable Stripe stripes_[kStripes];
  std::atomic<std::size_t> size_{0};
};

}  // namespace flexai::intercept
