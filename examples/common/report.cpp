#include "common/report.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace example {
namespace {

constexpr double kPrintEvery = 0.5;

[[noreturn]] void Usage(const About& about, int status) {
  std::fprintf(status == 0 ? stdout : stderr,
               "%s\n\n  --seconds N   how long to work (default 5)\n  --device WORD part of a platform's or device's name\n  --%s N      "
               "default %ld, %ld to %ld\n",
               about.text, about.amount_option, about.amount_default, about.amount_least, about.amount_most);
  std::exit(status);
}

double Percentile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<size_t>(part * static_cast<double>(sorted.size())))];
}

}  // namespace

Options ParseOptions(int argc, char** argv, const About& about) {
  Options options;
  options.amount = about.amount_default;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help") Usage(about, 0);
    if (i + 1 == argc) Usage(about, 2);
    const char* value = argv[++i];
    char* end = nullptr;
    if (word == "--device") {
      options.device = value;
      continue;
    }
    if (word == "--seconds") {
      options.seconds = std::strtod(value, &end);
      if (*end != '\0' || end == value || !(options.seconds > 0) || options.seconds > 1e6) Usage(about, 2);
    } else if (word.starts_with("--") && word.substr(2) == about.amount_option) {
      options.amount = std::strtol(value, &end, 10);
      if (*end != '\0' || end == value || options.amount < about.amount_least || options.amount > about.amount_most) Usage(about, 2);
    } else {
      Usage(about, 2);
    }
  }
  return options;
}

double Now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

bool Report::Running() {
  if (started_ == 0) started_ = printed_ = last_ = Now();
  return last_ - started_ < seconds_;
}

void Report::Done(double latency_seconds) {
  ++jobs_;
  latencies_.push_back(latency_seconds);
  last_ = Now();
  if (last_ - printed_ < kPrintEvery) return;
  printed_ = last_;
  std::printf("progress seconds=%.2f jobs=%ld\n", last_ - started_, jobs_);
  std::fflush(stdout);
}

int Report::Finish() {
  std::sort(latencies_.begin(), latencies_.end());
  const double elapsed = std::max(last_ - started_, 1e-9);
  std::printf("result jobs=%ld seconds=%.3f rate=%.2f unit=%s p50_ms=%.3f p99_ms=%.3f wrong=%ld\n", jobs_, elapsed,
              static_cast<double>(jobs_) / elapsed, unit_.c_str(), Percentile(latencies_, 0.50) * 1e3, Percentile(latencies_, 0.99) * 1e3,
              wrong_);
  if (wrong_ > 0) std::fprintf(stderr, "%ld of %ld results are wrong: the driver computes something else than the CPU.\n", wrong_, jobs_);
  return wrong_ == 0 && jobs_ > 0 ? 0 : 1;
}

}  // namespace example
