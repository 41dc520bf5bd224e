#include "bench/load/workloads.hpp"

#include <algorithm>
#include <ctime>
#include <deque>
#include <random>

namespace flexai::load {
namespace {

constexpr std::size_t kMostStamps = std::size_t{1} << 20;
constexpr Nanos kGroupWork =
    250 * kMicrosecond;  // a stamp at least every so often: fine enough for windows of a second, cheap for 8 us kernels
constexpr std::uint64_t kMostGroup = 64, kMostQueued = 4096;

void CL_CALLBACK NoteCompletion(cl_event, cl_int, void* completions) { static_cast<Completions*>(completions)->Add(MonotonicNow()); }

void Spin(Nanos until) {
  while (MonotonicNow() < until) {
  }
}

// The two values between which the queue of an asynchronous client moves, in groups.
struct Depth {
  std::uint64_t group, high, low;

  explicit Depth(const Work& work) {
    const Nanos kernel = std::max<Nanos>(work.kernel_ns, 1);
    group = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(kGroupWork / kernel), 1, kMostGroup);
    const auto wanted = static_cast<std::uint64_t>(work.depth_ns / kernel) / group;
    high = std::clamp<std::uint64_t>(wanted, 4, kMostQueued / group);
    low = high / 2;
  }
};

}  // namespace

void SleepUntil(Nanos time) {
  const timespec at{time / kSecond, time % kSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) != 0) {
  }
}

Workload::Workload(OpenclDevice& device, const Work& work) : device_(device), work_(work), completions_(kMostStamps) {
  if (work.copy_bytes == 0) return;
  cl_int error = CL_SUCCESS;
  copy_from_ = clCreateBuffer(device.context, CL_MEM_READ_WRITE, work.copy_bytes, nullptr, &error);
  Die(Checked(error, "clCreateBuffer"));
  copy_to_ = clCreateBuffer(device.context, CL_MEM_READ_WRITE, work.copy_bytes, nullptr, &error);
  Die(Checked(error, "clCreateBuffer"));
  const cl_uint pattern = 0x5a5a5a5a;
  Die(Checked(clEnqueueFillBuffer(device.queue, copy_from_, &pattern, sizeof pattern, 0, work.copy_bytes, 0, nullptr, nullptr),
              "clEnqueueFillBuffer"));
  device_.Finish();
}

void Workload::Submit(cl_event* event) {
  if (copy_from_ == nullptr) return device_.Enqueue(work_.steps, event);
  Die(Checked(clEnqueueCopyBuffer(device_.queue, copy_from_, copy_to_, 0, 0, work_.copy_bytes, 0, nullptr, event), "clEnqueueCopyBuffer"));
}

Round Workload::Async(const Interval& interval) {
  const Depth depth(work_);
  Round round;
  round.group = depth.group;
  completions_.Clear();
  std::deque<cl_event> queued;
  const auto wait_down_to = [&](std::uint64_t low) {
    if (queued.size() <= low) return;
    // In order: when the one that leaves `low` behind it has completed, so have those before it.
    const auto last = queued.begin() + static_cast<std::ptrdiff_t>(queued.size() - low - 1);
    device_.Wait(*last);
    for (auto event = queued.begin(); event != last + 1; ++event) clReleaseEvent(*event);
    queued.erase(queued.begin(), last + 1);
  };

  SleepUntil(interval.start);
  round.started = MonotonicNow();
  std::size_t groups = 0;
  for (; MonotonicNow() < interval.to; ++groups) {
    for (std::uint64_t i = 1; i < depth.group; ++i) Submit(nullptr);
    cl_event event = nullptr;
    Submit(&event);
    Die(Checked(clSetEventCallback(event, CL_COMPLETE, NoteCompletion, &completions_), "clSetEventCallback"));
    Die(Checked(clFlush(device_.queue), "clFlush"));
    queued.push_back(event);
    if (queued.size() >= depth.high) wait_down_to(depth.low);
  }
  wait_down_to(0);
  device_.Finish();
  round.finished = MonotonicNow();
  // Callbacks may come after the wait returned.
  while (completions_.count() < groups) SleepUntil(MonotonicNow() + 100 * kMicrosecond);
  round.commands = groups * depth.group;
  round.stamps = completions_.Sorted();
  return round;
}

Round Workload::Sync(const Interval& interval) {
  Round round;
  SleepUntil(interval.start);
  round.started = MonotonicNow();
  for (Nanos now = round.started; now < interval.to;) {
    cl_event event = nullptr;
    const Nanos submitted = now;
    Submit(&event);
    device_.Wait(event);
    now = MonotonicNow();
    clReleaseEvent(event);
    ++round.commands;
    round.stamps.push_back(now);
    if (submitted >= interval.from) round.latencies.push_back(now - submitted);
    if (work_.think_ns > 0) {
      Spin(now + work_.think_ns);  // host work, as a client that prepares its next request
      const Nanos thought = MonotonicNow();
      round.thought_ns += thought - now;
      now = thought;
    }
  }
  round.finished = MonotonicNow();
  return round;
}

Round Workload::Periodic(const Interval& interval) {
  Round round;
  // By the clock, but not in step with anything else that is: up to a tenth of a period late.
  std::minstd_rand random(1);
  std::uniform_int_distribution<Nanos> jitter(0, work_.period_ns / 10);
  SleepUntil(interval.start);
  round.started = MonotonicNow();
  for (Nanos period = interval.start; period < interval.to; period += work_.period_ns) {
    SleepUntil(period + jitter(random));
    const Nanos submitted = MonotonicNow();
    for (std::uint32_t i = 0; i < work_.burst; ++i) Submit(nullptr);
    device_.Finish();
    const Nanos now = MonotonicNow();
    round.commands += work_.burst;
    for (std::uint32_t i = 0; i < work_.burst; ++i) round.stamps.push_back(now);
    if (submitted >= interval.from && submitted < interval.to) round.latencies.push_back(now - submitted);
  }
  round.finished = MonotonicNow();
  return round;
}

void Workload::Flood() {
  const Nanos now = MonotonicNow();
  for (;;) {
    const Interval slice{.start = now, .from = now, .to = MonotonicNow() + kSecond};
    completions_.Clear();
    (void)Async(slice);
  }
}

Document Describe(const Round& round, const Interval& interval, Nanos bin) {
  Document document = Document::Of(
      {{"commands", round.commands}, {"started_ns", round.started}, {"finished_ns", round.finished}, {"thought_ns", round.thought_ns}});
  if (bin > 0) {
    Document bins = Document::EmptyArray();
    for (const std::uint64_t count : CumulativeBins(round.stamps, interval.from, interval.to, bin)) bins.Add(count * round.group);
    document.Add("bins", std::move(bins));
  }
  if (!round.latencies.empty()) {
    std::vector<Nanos> sorted = round.latencies;
    std::sort(sorted.begin(), sorted.end());
    document.Add(
        "latency_ns",
        Document::Of(
            {{"count", sorted.size()}, {"p50", PercentileOf(sorted, 50)}, {"p99", PercentileOf(sorted, 99)}, {"max", sorted.back()}}));
    // Percentiles of several rounds together need the values; a client that waits after each kernel has too many of them for a line.
    if (sorted.size() <= 4096) {
      Document values = Document::EmptyArray();
      for (const Nanos value : round.latencies) values.Add(value);
      document.Add("latencies_ns", std::move(values));
    }
  }
  return document;
}

}  // namespace flexai::load
