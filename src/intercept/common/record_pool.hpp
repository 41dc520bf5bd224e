// Records that are handed out and come back by the million, without malloc and without a lock: what a layer knows of queues and of commands in flight.
//
// Memory is taken in chunks and never given back, so a pointer to a record stays readable for ever: whoever holds an old one finds a free or a younger
// record there, never a fault. Constant-initialised, never destroyed; at any instant a valid pool, so a child of fork can use it. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace flexai::intercept {

/// Base of what a pool holds.
struct PoolRecord {
  std::uint32_t pool_index = 0;             // its number; written once
  std::atomic<std::uint32_t> pool_next{0};  // number + 1 of the next free one; the pool's
};

template <class Record>
class RecordPool {
 public:
  static constexpr std::uint32_t kChunk = 256;
  static constexpr std::uint32_t kChunks = 4096;

  constexpr RecordPool() = default;
  RecordPool(const RecordPool&) = delete;
  RecordPool& operator=(const RecordPool&) = delete;

  /// A record as its last user left it (fresh ones are value-initialised); null when there is no memory, or a million are in use.
  [[nodiscard]] Record* New() noexcept {
    std::uint64_t head = free_.load(std::memory_order_acquire);
    for (;;) {
      const auto number = static_cast<std::uint32_t>(head);
      if (number == 0) {
        if (!Grow()) return nullptr;
        head = free_.load(std::memory_order_acquire);
        continue;
      }
      Record* record = At(number - 1);
      const std::uint64_t next = Tagged(head, record->pool_next.load(std::memory_order_relaxed));
      // acquire: pairs with Free's release, so its last user's writes are seen.
      if (free_.compare_exchange_weak(head, next, std::memory_order_acquire)) return record;
    }
  }

  void Free(Record* record) noexcept { Push(record, record); }

  /// The record of that number, or null when there never was one.
  [[nodiscard]] Record* At(std::uint32_t index) const noexcept {
    if (index >= kChunk * kChunks) return nullptr;
    Record* chunk = chunks_[index / kChunk].load(std::memory_order_acquire);
    return chunk != nullptr ? &chunk[index % kChunk] : nullptr;
  }

  /// Runs `visit(record)` on all records there ever were, free ones too.
  template <class Visit>
  void ForEach(Visit&& visit) const noexcept {
    for (const std::atomic<Record*>& slot : chunks_) {
      Record* chunk = slot.load(std::memory_order_acquire);
      if (chunk == nullptr) return;
      for (std::uint32_t i = 0; i < kChunk; ++i) visit(chunk[i]);
    }
  }

 private:
  // The upper half counts changes, so that a compare-and-swap never mistakes a list that came back for one that never changed.
  [[nodiscard]] static std::uint64_t Tagged(std::uint64_t head, std::uint32_t number) noexcept { return ((head >> 32) + 1) << 32 | number; }

  // Puts a chain of records in front.
  void Push(Record* first, Record* last) noexcept {
    std::uint64_t head = free_.load(std::memory_order_relaxed);
    for (;;) {
      last->pool_next.store(static_cast<std::uint32_t>(head), std::memory_order_relaxed);
      if (free_.compare_exchange_weak(head, Tagged(head, first->pool_index + 1), std::memory_order_release, std::memory_order_relaxed))
        return;
    }
  }

  bool Grow() noexcept {
    auto* chunk = static_cast<Record*>(std::malloc(sizeof(Record) * kChunk));
    if (chunk == nullptr) return false;
    for (std::uint32_t i = 0; i < kChunk; ++i) new (&chunk[i]) Record();
    for (std::uint32_t c = 0; c < kChunks; ++c) {
      Record* none = nullptr;
      if (chunks_[c].load(std::memory_order_relaxed) != nullptr) continue;
      for (std::uint32_t i = 0; i < kChunk; ++i) {
        chunk[i].pool_index = c * kChunk + i;
        chunk[i].pool_next.store(i + 1 < kChunk ? c * kChunk + i + 2 : 0, std::memory_order_relaxed);
      }
      if (!chunks_[c].compare_exchange_strong(none, chunk, std::memory_order_acq_rel)) continue;  // another thread grew too
      Push(&chunk[0], &chunk[kChunk - 1]);
      return true;
    }
    std::free(chunk);
    return false;
  }

  std::atomic<std::uint64_t> free_{0};
  std::atomic<Record*> chunks_[kChunks] = {};
};

}  // namespace flexai::intercept
