#include "intercept/common/estimates.hpp"

#include <algorithm>

namespace flexai::intercept {
namespace {

constexpr int kPointBits = 16;
constexpr std::uint32_t kSettledSamples = 8;
constexpr std::uint32_t kUnmeasuredAtMost = 31;
constexpr Nanos kLongest = Nanos{1} << 44;  // five hours: longer never enters the means, so nothing overflows

}  // namespace

Estimates::Entry* Estimates::Find(std::uint64_t key) noexcept {
  for (Entry& entry : entries_[key % kSets]) {
    if (entry.key.load(std::memory_order_relaxed) == key) return &entry;
  }
  return nullptr;
}

Estimates::Entry& Estimates::FindOrReplace(std::uint64_t key) noexcept {
  if (Entry* entry = Find(key)) return *entry;
  Entry* least = &entries_[key % kSets][0];
  for (Entry& entry : entries_[key % kSets]) {
    if (entry.samples.load(std::memory_order_relaxed) < least->samples.load(std::memory_order_relaxed)) least = &entry;
  }
  // Those that stay grow older, so that a kind nobody uses any more does not keep its place for ever.
  for (Entry& entry : entries_[key % kSets]) {
    const std::uint32_t samples = entry.samples.load(std::memory_order_relaxed);
    entry.samples.store(std::min(samples, kSettledSamples * 2) - (samples != 0 ? 1 : 0), std::memory_order_relaxed);
  }
  least->samples.store(0, std::memory_order_relaxed);
  least->unmeasured.store(0, std::memory_order_relaxed);
  least->key.store(key, std::memory_order_relaxed);
  return *least;
}

void Estimates::LearnInto(Entry& entry, std::int64_t value) noexcept {
  const std::uint32_t samples = entry.samples.load(std::memory_order_relaxed);
  std::int64_t mean = entry.mean.load(std::memory_order_relaxed);
  std::int64_t deviation = entry.deviation.load(std::memory_order_relaxed);
  if (samples == 0) {
    mean = value;
    deviation = value / 2;
  } else {
    const std::int64_t error = value - mean;
    // Faster upwards: an estimate that is too small lets too much into the device.
    mean += error / (error > 0 ? 4 : 8);
    deviation += ((error < 0 ? -error : error) - deviation) / 4;
  }
  entry.mean.store(mean, std::memory_order_relaxed);
  entry.deviation.store(deviation, std::memory_order_relaxed);
  entry.samples.store(samples + 1 == 0 ? samples : samples + 1, std::memory_order_relaxed);
}

Expectation Estimates::Expect(const CommandKind& kind) noexcept {
  if (Entry* entry = Find(kind.exact); entry != nullptr && entry->samples.load(std::memory_order_relaxed) != 0) {
    const std::int64_t mean = entry->mean.load(std::memory_order_relaxed);
    const bool settled = entry->samples.load(std::memory_order_relaxed) >= kSettledSamples &&
                         entry->deviation.load(std::memory_order_relaxed) <= mean / 4 &&
                         entry->unmeasured.load(std::memory_order_relaxed) < kUnmeasuredAtMost;
    return {mean >> kPointBits, settled, &entry->unmeasured};
  }
  if (const Entry* entry = Find(kind.family); entry != nullptr && entry->samples.load(std::memory_order_relaxed) != 0) {
    const auto rate = static_cast<unsigned __int128>(std::max<std::int64_t>(entry->mean.load(std::memory_order_relaxed), 0));
    const auto expected = rate * std::max<std::uint64_t>(kind.amount, 1) >> kPointBits;
    return {static_cast<Nanos>(std::min<unsigned __int128>(expected, static_cast<unsigned __int128>(kLongest))), false, nullptr};
  }
  return {};
}

void Estimates::NoteUnmeasured(const Expectation& expectation) noexcept {
  if (expectation.unmeasured == nullptr) return;
  expectation.unmeasured->store(expectation.unmeasured->load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void Estimates::NoteMeasured(const Expectation& expectation) noexcept {
  if (expectation.unmeasured != nullptr) expectation.unmeasured->store(0, std::memory_order_relaxed);
}

void Estimates::Learn(const CommandKind& kind, Nanos device_ns) noexcept {
  if (device_ns < 0 || device_ns > kLongest) return;
  const std::int64_t value = device_ns << kPointBits;
  if (kind.exact != 0) LearnInto(FindOrReplace(kind.exact), value);
  if (kind.family != 0)
    LearnInto(FindOrReplace(kind.family), value / static_cast<std::int64_t>(std::clamp<std::uint64_t>(kind.amount, 1, 1ULL << 62)));
}

}  // namespace flexai::intercept
