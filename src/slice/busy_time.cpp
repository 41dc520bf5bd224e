#include "slice/busy_time.hpp"

#include <algorithm>

namespace flexai::slice {

Nanos BusyTime::Add(Nanos start, Nanos end) noexcept {
  if (end <= start) return 0;
  // Nearly always: in order, beginning at or after the end of the last one.
  std::uint32_t first = count_;
  while (first > 0 && intervals_[first - 1].end >= start) --first;
  std::uint32_t last = first;  // [first, last) touch the new interval
  Nanos covered = 0;
  Interval merged{start, end};
  for (; last < count_ && intervals_[last].start <= end; ++last) {
    covered += std::max<Nanos>(0, std::min(end, intervals_[last].end) - std::max(start, intervals_[last].start));
    merged.start = std::min(merged.start, intervals_[last].start);
    merged.end = std::max(merged.end, intervals_[last].end);
  }
  if (last == first) {
    std::copy_backward(intervals_ + first, intervals_ + count_, intervals_ + count_ + 1);
    ++count_;
  } else {
    std::copy(intervals_ + last, intervals_ + count_, intervals_ + first + 1);
    count_ -= last - first - 1;
  }
  intervals_[first] = merged;
  if (count_ > kIntervals) {
    std::copy(intervals_ + 1, intervals_ + count_, intervals_);
    --count_;
  }
  return end - start - covered;
}

}  // namespace flexai::slice
