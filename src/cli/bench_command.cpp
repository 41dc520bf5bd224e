// `flexai bench slicing`: the measurements of bench/rows.hpp on the XPUs of this machine.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "base/terminal.hpp"
#include "cli/bench/rows.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/report.hpp"

namespace flexai::cli {
namespace {

Result<std::uint64_t> ReadNumber(const Args& args, std::string_view option, std::uint64_t usual, std::uint64_t least, std::uint64_t most) {
  if (!args.Has(option)) return usual;
  const std::string text = args.Value(option);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return Fail(ErrorCode::kInvalid, "--" + std::string(option) + " takes a whole number from " + std::to_string(least) + " to " +
                                         std::to_string(most) + ", not '" + text + "'");
  return value;
}

struct Request {
  BenchOptions options;
  std::vector<XpuId> xpus;
  std::vector<const BenchRow*> rows;
};

Result<Request> ReadRequest(const Args& args) {
  Request request;
  FLEXAI_TRY(const std::uint64_t seconds, ReadNumber(args, "seconds", 10, 1, 600));
  FLEXAI_TRY(const std::uint64_t repeats, ReadNumber(args, "repeats", 5, 1, 100));
  FLEXAI_TRY(request.options.percent, ReadNumber(args, "percent", 3, 1, 100));
  request.options.length = static_cast<Nanos>(seconds) * kSecond;
  request.options.repeats = static_cast<int>(repeats);

  const std::vector<std::string> names = args.Values("row");
  for (const BenchRow& row : BenchRows())
    if (names.empty() || std::find(names.begin(), names.end(), row.name) != names.end()) request.rows.push_back(&row);

  FLEXAI_TRY(const std::vector<XpuId> here, LoadableXpus(args.surroundings()));
  if (here.empty()) return Fail(ErrorCode::kNotFound, "no OpenCL driver shows a device here; `flexai doctor` says what to install");
  const std::vector<std::string> wanted = args.Values("xpu");
  for (const std::string& word : wanted) {
    const auto found = std::find_if(here.begin(), here.end(), [&](const XpuId& id) { return id.view() == word; });
    if (found == here.end())
      return Fail(ErrorCode::kNotFound, "no OpenCL driver shows an XPU '" + word + "' here; `flexai smi` lists them");
    request.xpus.push_back(*found);
  }
  if (wanted.empty()) request.xpus = here;
  return request;
}

// On a terminal a line that changes; elsewhere a line for each step, so that a log of a long run shows where it is.
class Progress {
 public:
  void Show(const XpuId& xpu, std::string_view row, std::string_view what) {
    const std::string text = std::string(xpu.view()) + " " + std::string(row) + ": " + std::string(what);
    const std::uint64_t seconds = static_cast<std::uint64_t>((MonotonicNow() - started_) / kSecond);
    if (IsTerminal(STDERR_FILENO))
      line_.Show(Bar(done_, total_, 22) + " " + std::to_string(seconds) + " s  " + text);
    else if (text != last_)
      std::fprintf(stderr, "bench: %3llu/%llu %4llu s  %s\n", static_cast<unsigned long long>(done_),
                   static_cast<unsigned long long>(total_), static_cast<unsigned long long>(seconds), text.c_str());
    last_ = text;
  }
  void SetTotal(std::size_t total) { total_ = total; }
  void Step() { ++done_; }

 private:
  ProgressLine line_{STDERR_FILENO};
  std::string last_;
  std::uint64_t done_ = 0, total_ = 1;
  Nanos started_ = MonotonicNow();
};

std::string CommandLine(const Args& args) {
  std::string text = "flexai bench slicing";
  for (const char* option : {"xpu", "row", "seconds", "repeats", "percent"})
    for (const std::string& value : args.Values(option)) text += " --" + std::string(option) + " " + value;
  return text;
}

}  // namespace

std::span<const BenchRow> BenchRows() {
  static const BenchRow kRows[] = {
      {"shares", "share error, asynchronous tenants", MeasureShares},
      {"sync", "share error, synchronous clients", MeasureSynchronous},
      {"caps", "strict caps on an idle card", MeasureCaps},
      {"ten", "ten tenants, and steps of 1 %", MeasureTen},
      {"overhead", "overhead alone in a full slice", MeasureOverhead},
      {"contended", "throughput of contending tenants", MeasureContended},
      {"calls", "cost of single calls", MeasureCallCosts},
      {"priority", "high priority beside a flood", MeasurePriority},
      {"elastic", "idle capacity lent and given back", MeasureElastic},
      {"memory", "processes racing at the memory limit", MeasureMemoryRace},
      {"kills", "random SIGKILLs", MeasureKills},
      {"attach", "64 processes attach at once", MeasureAttach},
  };
  return kRows;
}

int RunBench(const Args& args) {
  std::signal(SIGPIPE, SIG_IGN);  // who does not listen any more is told by the write that fails
  const auto request = ReadRequest(args);
  if (!request) return FailWith(request.error());

  BenchReport report;
  Document calibration = Document::EmptyObject();
  Document failures = Document::EmptyArray();
  {
    Progress progress;
    progress.SetTotal(request->xpus.size() * request->rows.size());
    for (const XpuId& xpu : request->xpus) {
      auto bed = TestBed::Open(args.surroundings(), xpu);
      if (!bed) return FailWith(bed.error());
      if (!bed->device_cpu())
        Warn("this machine has one core for host and device together: shares will be off by what host code takes from the device");
      for (const BenchRow* row : request->rows) {
        RowContext context{.bed = *bed, .options = request->options, .report = report, .progress = [&](std::string_view what) {
                             progress.Show(xpu, row->name, what);
                           }};
        context.progress(row->title);
        const Status status = row->run(context);
        progress.Step();
        if (status) continue;
        report.Add(BenchLine::Skipped(std::string(row->name), xpu, std::string(row->title), "failed: " + status.error().message));
        failures.Add(std::string(xpu.view()) + " " + std::string(row->name) + ": " + status.error().message);
      }
      calibration.Add(std::string(xpu.view()), bed->Calibration());
    }
  }

  const Format format = FormatOf(args);
  const bool failed = !failures.Items().empty();
  if (format == Format::kJson || format == Format::kYaml) {
    Document document = Document::Of({{"schema", "flexai.bench/1"},
                                      {"bench", "slicing"},
                                      {"version", FLEXAI_VERSION},
                                      {"command", CommandLine(args)},
                                      {"machine", DescribeMachine()},
                                      {"calibration", std::move(calibration)},
                                      {"lines", report.AsDocument()},
                                      {"failures", std::move(failures)}});
    if (!Print(document, format)) return kFailed;
  } else if (!Print(report.AsTable().Text(StdoutLayout(args)))) {
    return kFailed;
  }
  return failed ? kFailed : kOk;
}

}  // namespace flexai::cli
