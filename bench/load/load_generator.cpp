// flexai-load: one OpenCL process under the orders of `flexai bench`. It does not know whether it runs in a slice.
//
//   flexai-load --list                              ids of the devices
//   flexai-load --xpu ID --calibrate US,US,…        steps for kernels of these durations
//   flexai-load --xpu ID --mode MODE …              prints {"ready":…}, then obeys lines on stdin until it ends:
//       go START FROM TO BIN     all CLOCK_MONOTONIC ns: work from START on, count within FROM..TO; prints {"round":…}
//   modes: async sync periodic calls; memory and attach, which fork --processes clients; flood, which needs no orders and ends by being killed
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "bench/load/call_costs.hpp"
#include "bench/load/memory_race.hpp"
#include "bench/load/opencl_device.hpp"
#include "bench/load/process_group.hpp"
#include "bench/load/threads.hpp"
#include "bench/load/workloads.hpp"

namespace flexai::load {
namespace {

struct Options {
  XpuId xpu;
  std::string mode = "async";
  std::string calibrate, stamps_file;
  Work work;
  MemoryRace race;
  std::uint64_t hold_bytes = 0;
  int device_cpu = -1;
  bool list = false;
};

[[noreturn]] void Usage(const std::string& what) {
  std::fprintf(stderr, "flexai-load: %s; started by `flexai bench`, see bench/README.md\n", what.c_str());
  std::_Exit(2);
}

std::uint64_t Number(const std::string& option, const char* text) {
  char* end = nullptr;
  const std::uint64_t value = std::strtoull(text, &end, 10);
  if (end == text || *end != '\0') Usage(option + " needs a number, not '" + text + "'");
  return value;
}

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--list") {
      options.list = true;
      continue;
    }
    if (++i == argc) Usage(option + " needs a value");
    const char* value = argv[i];
    const auto nanos = [&] { return static_cast<Nanos>(Number(option, value)); };
    if (option == "--xpu") {
      const auto id = XpuId::Parse(value);
      if (!id) Usage("'" + std::string(value) + "' is no XPU id");
      options.xpu = *id;
    } else if (option == "--mode") {
      options.mode = value;
    } else if (option == "--calibrate") {
      options.calibrate = value;
    } else if (option == "--stamps-file") {
      options.stamps_file = value;
    } else if (option == "--steps") {
      options.work.steps = static_cast<std::uint32_t>(Number(option, value));
    } else if (option == "--kernel-ns") {
      options.work.kernel_ns = nanos();
    } else if (option == "--depth-ns") {
      options.work.depth_ns = nanos();
    } else if (option == "--think-ns") {
      options.work.think_ns = nanos();
    } else if (option == "--period-ns") {
      options.work.period_ns = nanos();
    } else if (option == "--burst") {
      options.work.burst = static_cast<std::uint32_t>(Number(option, value));
    } else if (option == "--copy-bytes") {
      options.work.copy_bytes = Number(option, value);
    } else if (option == "--hold-bytes") {
      options.hold_bytes = Number(option, value);
    } else if (option == "--device-cpu") {
      options.device_cpu = static_cast<int>(Number(option, value));
    } else if (option == "--processes") {
      options.race.processes = static_cast<std::uint32_t>(Number(option, value));
    } else if (option == "--quota-bytes") {
      options.race.quota_bytes = Number(option, value);
    } else if (option == "--own-bytes") {
      options.race.own_bytes = Number(option, value);
    } else if (option == "--operations") {
      options.race.operations = Number(option, value);
    } else {
      Usage("there is no option " + option);
    }
  }
  if (!options.list && options.xpu.empty()) Usage("--xpu is missing");
  return options;
}

void Print(const Document& document) {
  std::printf("%s\n", document.ToJson().c_str());
  std::fflush(stdout);
}

OpenclDevice Open(const XpuId& id) {
  auto device = OpenclDevice::Open(id);
  if (!device) Die(tl::unexpected<Error>(device.error()));
  return *device;
}

// Some 30 ms of work show which thread computes. Where that is the one that waits, it waits elsewhere from then on.
Placement KeepApart(OpenclDevice& device, int cpu) {
  for (;;) {
    const auto before = ThreadTimes();
    (void)device.BackToBack(256, 30 * kMillisecond);
    const auto placement = KeepDeviceThreadApart(before, cpu);
    if (!placement) Die(tl::unexpected<Error>(placement.error()));
    // Where several threads share the work (rusticl's queue, llvmpipe's rasteriser), none of them alone says what a kernel costs.
    if (!placement->in_caller && placement->share > 0.8) device.device_thread = placement->device_thread;
    if (!placement->in_caller || device.wait_by_callback) return *placement;
    device.wait_by_callback = true;
  }
}

Nanos ProcessCpuTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * kSecond + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * kMicrosecond;
}

void Calibrate(const Options& options) {
  OpenclDevice device = Open(options.xpu);
  Die(device.Prepare());
  Placement placement;
  if (options.device_cpu >= 0) placement = KeepApart(device, options.device_cpu);
  Document kernels = Document::EmptyArray();
  std::istringstream words(options.calibrate);
  for (std::string word; std::getline(words, word, ',');) {
    const Nanos wanted = static_cast<Nanos>(Number("--calibrate", word.c_str())) * kMicrosecond;
    const std::uint32_t steps = device.StepsFor(wanted);
    const Nanos took = device.BackToBack(steps, 100 * kMillisecond);
    if (!device.ResultIsRight(steps)) Die(Fail(ErrorCode::kInternal, "the device computes something else than the CPU"));
    kernels.Add(Document::Of({{"wanted_ns", wanted}, {"steps", steps}, {"kernel_ns", took}}));
  }
  Print(Document::Of({{"kernels", std::move(kernels)}, {"in_caller", placement.in_caller}}));
}

// The first OpenCL calls of many processes at one instant: loader, driver and, in a slice, attaching to it.
Result<Document> Attach(const Options& options, const Interval& interval) {
  enum Value { kStarted, kFinished, kCpu };
  const auto nothing = [](std::uint32_t, SharedPage&, Slot&) {};
  const auto attach = [&](std::uint32_t, SharedPage&, Slot& slot) {
    SleepUntil(interval.start);
    const Nanos cpu = ProcessCpuTime();
    slot.values[kStarted] = static_cast<std::uint64_t>(MonotonicNow());
    (void)Open(options.xpu);
    slot.values[kFinished] = static_cast<std::uint64_t>(MonotonicNow());
    slot.values[kCpu] = static_cast<std::uint64_t>(ProcessCpuTime() - cpu);
  };
  FLEXAI_TRY(const std::vector<Slot> slots, ProcessGroup::Run(options.race.processes, nothing, attach));
  Document cpu = Document::EmptyArray();
  std::uint64_t started = UINT64_MAX, finished = 0;
  for (const Slot& slot : slots) {
    started = std::min(started, slot.values[kStarted]);
    finished = std::max(finished, slot.values[kFinished]);
    cpu.Add(slot.values[kCpu]);
  }
  return Document::Of({{"took_ns", finished - started}, {"cpu_ns", std::move(cpu)}});
}

void WriteStamps(const std::string& path, const Round& round) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(round.stamps.data()), static_cast<std::streamsize>(round.stamps.size() * sizeof(Nanos)));
  if (!file.flush()) Die(Fail(ErrorCode::kIo, "writing " + path + " failed"));
}

// What one order asks for; the end of the process when that fails, because then nothing it says would be worth anything.
class Server {
 public:
  explicit Server(const Options& options) : options_(options) {}

  [[noreturn]] void Flood() {
    Open();
    Workload(device_, options_.work).Flood();
  }

  int Run() {
    const bool forks = options_.mode == "attach" || options_.mode == "memory";
    if (!forks) Open();
    Print(Document::Of({{"ready", Document::Of({{"pid", getpid()}, {"device_thread", device_.device_thread}})}}));
    for (std::string line; std::getline(std::cin, line);) {
      Interval interval;
      Nanos bin = 0;
      // NOLINTNEXTLINE(cert-err34-c): our own parent writes the line, and the count is checked
      if (std::sscanf(line.c_str(), "go %ld %ld %ld %ld", &interval.start, &interval.from, &interval.to, &bin) != 4)
        Usage("'" + line + "' is no order");
      auto result = forks ? Fork(interval) : Work(interval, bin);
      if (!result) Die(tl::unexpected<Error>(result.error()));
      Print(Document::Of({{"round", std::move(*result)}}));
    }
    return 0;
  }

 private:
  void Open() {
    device_ = load::Open(options_.xpu);
    Die(device_.Prepare());
    if (options_.device_cpu >= 0 && KeepApart(device_, options_.device_cpu).in_caller)
      Die(Fail(ErrorCode::kUnenforceable, "this driver computes in the calling thread: its core cannot be kept apart"));
    if (options_.hold_bytes > 0) {
      cl_int error = CL_SUCCESS;
      (void)clCreateBuffer(device_.context, CL_MEM_READ_WRITE, options_.hold_bytes, nullptr, &error);
      Die(Checked(error, "clCreateBuffer"));
    }
    device_.Enqueue(options_.work.steps);
    device_.Finish();
  }

  Result<Document> Fork(const Interval& interval) {
    return options_.mode == "attach" ? Attach(options_, interval) : RunMemoryRace(options_.xpu, options_.race);
  }

  Result<Document> Work(const Interval& interval, Nanos bin) {
    if (options_.mode == "calls") {
      SleepUntil(interval.start);
      return MeasureCalls(device_, interval.to);
    }
    if (!workload_) workload_.emplace(device_, options_.work);
    const Round round = options_.mode == "async"      ? workload_->Async(interval)
                        : options_.mode == "sync"     ? workload_->Sync(interval)
                        : options_.mode == "periodic" ? workload_->Periodic(interval)
                                                      : (Usage("there is no mode " + options_.mode), Round{});
    if (options_.work.copy_bytes == 0 && !device_.ResultIsRight(options_.work.steps))
      return Fail(ErrorCode::kInternal, "the device computes something else than the CPU");
    if (!options_.stamps_file.empty()) WriteStamps(options_.stamps_file, round);
    return Describe(round, interval, bin);
  }

  const Options& options_;
  OpenclDevice device_;
  std::optional<Workload> workload_;
};

int Main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  if (options.list) {
    for (const XpuId& id : ListDevices()) std::printf("%s\n", id.c_str());
    return 0;
  }
  if (!options.calibrate.empty()) {
    Calibrate(options);
    return 0;
  }
  Server server(options);
  if (options.mode == "flood") server.Flood();
  return server.Run();
}

}  // namespace
}  // namespace flexai::load

int main(int argc, char** argv) { return flexai::load::Main(argc, argv); }
