#include "common/report.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace example {
namespace {

constexpr double kPrintEvery = 0.5;

[[noreturn]] void Usage(const About& about, int status) {
  std::FILE* const out = status == 0 ? stdout : stderr;
  std::fprintf(out, "%s\n\n  --seconds N    how long to work", about.text);
  if (about.seconds > 0) std::fprintf(out, " (default %g, without --jobs)", about.seconds);
  std::fprintf(out,
               "\n  --jobs N       stop after so many jobs\n  --device WORD  part of a platform's or device's name\n"
               "  --wait         say `ready` and begin when a line comes on stdin\n");
  for (const OwnOption& option : about.own) {
    const std::string left = std::string("--") + option.name + (option.text != nullptr ? " WORD" : " N");
    std::fprintf(out, "  %-14s %s", left.c_str(), option.help);
    if (option.number != nullptr) std::fprintf(out, " (%ld to %ld, default %ld)", option.least, option.most, *option.number);
    std::fputc('\n', out);
  }
  std::exit(status);
}

// False when `text` is not a whole number from `least` to `most`.
bool ParseNumber(const char* text, long least, long most, long& number) {
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (end == text || *end != '\0' || value < least || value > most) return false;
  number = value;
  return true;
}

bool ParseSeconds(const char* text, double& seconds) {
  char* end = nullptr;
  seconds = std::strtod(text, &end);
  return end != text && *end == '\0' && seconds > 0 && seconds <= 1e6;
}

bool ParseOwn(const About& about, std::string_view word, const char* value) {
  for (const OwnOption& option : about.own) {
    if (!word.starts_with("--") || word.substr(2) != option.name) continue;
    if (option.text != nullptr) *option.text = value;
    return option.text != nullptr || ParseNumber(value, option.least, option.most, *option.number);
  }
  return false;
}

double Percentile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<size_t>(part * static_cast<double>(sorted.size())))];
}

}  // namespace

Options ParseOptions(int argc, char** argv, const About& about) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help") Usage(about, 0);
    if (word == "--wait") {
      options.wait = true;
      continue;
    }
    if (i + 1 == argc) Usage(about, 2);
    const char* const value = argv[++i];
    bool right = true;
    if (word == "--device")
      options.device = value;
    else if (word == "--seconds")
      right = ParseSeconds(value, options.seconds);
    else if (word == "--jobs")
      right = ParseNumber(value, 1, 1'000'000'000, options.jobs);
    else
      right = ParseOwn(about, word, value);
    if (!right) {
      std::fprintf(stderr, "'%s %s' is not an option of this program.\n\n", argv[i - 1], value);
      Usage(about, 2);
    }
  }
  if (options.seconds == 0 && options.jobs == 0) options.seconds = about.seconds;
  return options;
}

double Now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void SleepUntil(double seconds) {
  const auto whole = static_cast<time_t>(seconds);
  const timespec until{.tv_sec = whole, .tv_nsec = static_cast<long>((seconds - static_cast<double>(whole)) * 1e9)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

void WaitToBegin(const Options& options) {
  if (!options.wait) return;
  std::puts("ready");
  std::fflush(stdout);
  for (int c = std::getchar(); c != '\n' && c != EOF; c = std::getchar()) {
  }
}

bool Report::Running() {
  if (started_ == 0) {
    WaitToBegin(options_);
    started_ = printed_ = last_ = Now();
  }
  return (options_.seconds == 0 || last_ - started_ < options_.seconds) && Wants(jobs_);
}

void Report::Done(double latency_seconds) {
  ++jobs_;
  latencies_.push_back(latency_seconds);
  last_ = Now();
  if (last_ - printed_ >= kPrintEvery) Progress();
}

void Report::Progress() {
  printed_ = last_;
  std::printf("progress seconds=%.2f jobs=%ld%s%s\n", last_ - started_, jobs_, note_.empty() ? "" : " ", note_.c_str());
  std::fflush(stdout);
}

int Report::Finish(std::string_view fields) {
  std::sort(latencies_.begin(), latencies_.end());
  const double elapsed = std::max(last_ - started_, 1e-9);
  std::printf("result jobs=%ld seconds=%.3f rate=%.2f unit=%s p50_ms=%.3f p99_ms=%.3f wrong=%ld %.*s\n", jobs_, elapsed,
              static_cast<double>(jobs_) / elapsed, unit_.c_str(), Percentile(latencies_, 0.50) * 1e3, Percentile(latencies_, 0.99) * 1e3,
              wrong_, static_cast<int>(fields.size()), fields.data());
  if (wrong_ > 0) std::fprintf(stderr, "%ld results are wrong: the driver computes something else than the CPU.\n", wrong_);
  return wrong_ == 0 && jobs_ > 0 ? 0 : 1;
}

}  // namespace example
