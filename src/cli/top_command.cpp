#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <ctime>

#include "base/fds.hpp"
#include "base/terminal.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/report.hpp"
#include "cli/sampling.hpp"
#include "cli/top/screen.hpp"
#include "cli/top/view.hpp"
#include "cli/values.hpp"

namespace flexai::cli {
namespace {

constexpr Nanos kEscapePatience = 50 * kMillisecond;  // between the bytes of one key, also over a slow line

std::string Clock() {
  const std::time_t now = std::time(nullptr);
  tm local{};
  localtime_r(&now, &local);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%H:%M:%S", &local);
  return text.data();
}

TopLook LookOf(const Args& args) {
  const EnvironmentList& environment = args.surroundings().environment;
  return {
      .utf8 = IsUtf8Locale({.lc_all = environment.Get("LC_ALL"), .lc_ctype = environment.Get("LC_CTYPE"), .lang = environment.Get("LANG")}),
      .color = StdoutLayout(args).color};
}

// Signals as events: those that end, and those that change the window or stop and continue us. Blocked from its beginning to its end.
class Signals {
 public:
  Signals() {
    sigemptyset(&watched_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT}) sigaddset(&watched_, number);
    sigprocmask(SIG_BLOCK, &watched_, &before_);
    fd_.Reset(signalfd(-1, &watched_, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() {
    while (Next() != 0) {  // an ending that was obeyed does not end us again
    }
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// What Ctrl-Z does without us: the process stops until it is continued, unless it has no shell that could.
  static void Stop() {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop, nullptr);
    sigprocmask(SIG_BLOCK, &stop, nullptr);
  }
  /// 0: none waits.
  [[nodiscard]] int Next() const {
    signalfd_siginfo info{};
    return read(fd_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  sigset_t watched_{}, before_{};
  UniqueFd fd_;
};

class LiveTop {
 public:
  LiveTop(const Args& args, Nanos interval, Inventory& inventory)
      : inventory_(inventory), look_(LookOf(args)), state_(interval), screen_({.in = STDIN_FILENO, .out = STDOUT_FILENO}) {}

  int Run() {
    if (signals_.fd() < 0) return FailWith({ErrorCode::kIo, "signals cannot be waited for: too many files are open"});
    if (const Status taken = screen_.Take(); !taken) return FailWith(taken.error());
    at_look_ = BaselineOf(inventory_);
    state_.Show(MakeTopFrame(inventory_, before_, Clock()));
    next_look_ = MonotonicNow() + state_.interval();
    while (!status_) {
      if (!screen_.Draw(TopLines(state_, screen_.size(), look_))) return kFailed;
      Wait();
    }
    return *status_;
  }

 private:
  void Wait() {
    const Nanos now = MonotonicNow();
    Nanos until = decoder_.HasPending() ? pending_since_ + kEscapePatience : state_.frozen() ? -1 : next_look_;
    if (decoder_.HasPending() && !state_.frozen()) until = std::min(until, next_look_);
    const int timeout = until < 0 ? -1 : static_cast<int>(std::max<Nanos>((until - now + kMillisecond - 1) / kMillisecond, 0));
    std::array<pollfd, 2> fds{pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{signals_.fd(), POLLIN, 0}};
    const int ready = poll(fds.data(), fds.size(), timeout);
    if (ready < 0) return;
    if (fds[1].revents != 0) OnSignals();
    if (fds[0].revents != 0) OnInput();
    if (decoder_.HasPending() && MonotonicNow() >= pending_since_ + kEscapePatience) OnKeys(decoder_.Flush());
    if (!state_.frozen() && MonotonicNow() >= next_look_) Look();
  }

  // The next interval begins: what is measured is the one that ends now.
  void Look() {
    before_ = std::move(at_look_);
    RefreshRegions(inventory_);
    at_look_ = BaselineOf(inventory_);
    state_.Show(MakeTopFrame(inventory_, before_, Clock()));
    next_look_ = MonotonicNow() + state_.interval();
  }

  // In between: what was asked changed. The interval that is measured grows by what passed.
  void LookBetween() {
    RefreshRegions(inventory_);
    state_.Show(MakeTopFrame(inventory_, before_, Clock()));
  }

  void OnSignals() {
    while (const int number = signals_.Next()) {
      switch (number) {
        case SIGWINCH: screen_.Forget(); break;
        case SIGTSTP:
          screen_.GiveBack();
          Signals::Stop();
          TakeScreen();
          break;
        case SIGCONT: TakeScreen(); break;  // stopped by somebody else: the shell may have changed the terminal
        default: status_ = kOk; return;
      }
    }
  }

  void TakeScreen() {
    if (const Status taken = screen_.Take(); !taken) status_ = FailWith(taken.error());
  }

  void OnInput() {
    std::array<char, 256> bytes{};
    const ssize_t n = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) {
      status_ = kOk;  // the terminal is gone
      return;
    }
    pending_since_ = MonotonicNow();
    OnKeys(decoder_.Feed({bytes.data(), static_cast<std::size_t>(n)}));
  }

  void OnKeys(const std::vector<Key>& keys) {
    for (const Key& key : keys) {
      const bool was_frozen = state_.frozen();
      const Nanos interval = state_.interval();
      const TopAction action = state_.OnKey(key);
      if (std::holds_alternative<TopQuit>(action)) status_ = kOk;
      if (std::holds_alternative<TopRedraw>(action)) screen_.Forget();
      if (const auto* change = std::get_if<TopChange>(&action)) Change(*change);
      if (was_frozen && !state_.frozen()) Look();
      if (interval != state_.interval()) next_look_ = MonotonicNow() + state_.interval();
    }
  }

  void Change(const TopChange& change) {
    auto shares = OpenShares(inventory_, change.slice, {change.xpu});
    const Status status = shares ? ApplyChange(inventory_, *shares, change.slice, change.wanted) : tl::unexpected<Error>(shares.error());
    LookBetween();
    state_.Answer(status, change.done);
  }

  Inventory& inventory_;
  TopLook look_;
  TopState state_;
  KeyDecoder decoder_;
  Signals signals_;  // before the screen, so that it is given back while endings still wait
  Screen screen_;
  Baseline before_, at_look_;  // the beginning of the interval that is shown; of the one that runs
  Nanos pending_since_ = 0;    // the last bytes came: what they began may be a sequence or Escape
  Nanos next_look_ = 0;
  std::optional<int> status_;
};

bool PrintFrame(const Args& args, const Inventory& inventory, const Baseline& before) {
  const Format format = FormatOf(args);
  if (format == Format::kTable) return Print(TopText(MakeTopFrame(inventory, before, Clock()), LookOf(args)));
  const Document document = TopDocument(inventory, before, std::time(nullptr));
  return Print(format == Format::kYaml ? "---\n" + document.ToYaml() + "\n" : document.ToJson() + "\n");
}

// `frames` 0: until interrupted.
int PrintFrames(const Args& args, Nanos interval, std::uint64_t frames, Inventory& inventory) {
  for (std::uint64_t shown = 0;;) {
    const Baseline before = BaselineOf(inventory);
    // One frame of a machine without slices has nothing to measure.
    if ((frames != 1 || inventory.HasSlices()) && !WaitAndRefresh(interval, inventory)) return kOk;
    if (!PrintFrame(args, inventory, before)) return kFailed;
    if (++shown == frames) return kOk;
    if (FormatOf(args) == Format::kTable && !Print("\n")) return kFailed;
  }
}

Result<std::uint64_t> FramesOf(const Args& args) {
  if (args.Has("once") || !args.Has("frames")) return 1;
  const std::string text = args.Value("frames");
  std::uint64_t frames = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), frames);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return frames;
  return Fail(ErrorCode::kInvalid, "--frames '" + text.substr(0, 40) + "' is no count: write how many, or 0 to go on until interrupted");
}

}  // namespace

int RunTop(const Args& args) {
  std::signal(SIGPIPE, SIG_IGN);  // who does not listen any more is told by the write that fails
  Nanos interval = kSecond;
  if (args.Has("interval")) {
    const auto given = ReadInterval(args.Value("interval"));
    if (!given) return FailWith(given.error());
    interval = *given;
  }
  const auto frames = FramesOf(args);
  if (!frames) return FailWith(frames.error());

  const bool live =
      IsTerminal(STDIN_FILENO) && IsTerminal(STDOUT_FILENO) && !args.Has("once") && !args.Has("frames") && !args.Has("output");
  const std::string_view term = args.surroundings().environment.Get("TERM");
  if (live && (term.empty() || term == "dumb")) {
    Complain("this terminal cannot be drawn on (TERM is '" + std::string(term) + "'); `flexai top -n 0` prints one frame after another");
    return kFailed;
  }
  Inventory inventory = TakeInventory(args.surroundings());
  return live ? LiveTop(args, interval, inventory).Run() : PrintFrames(args, interval, *frames, inventory);
}

}  // namespace flexai::cli
