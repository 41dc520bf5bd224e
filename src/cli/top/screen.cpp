#include "cli/top/screen.hpp"

#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

#include "base/fds.hpp"

namespace flexai::cli {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";         // alternate screen, no cursor
constexpr std::string_view kLeave = "\x1b[0m\x1b[?25h\x1b[?1049l";  // the reverse
constexpr std::string_view kClearLine = "\x1b[K", kClearBelow = "\x1b[J", kClearAll = "\x1b[H\x1b[2J";

std::string MoveTo(std::size_t line) { return "\x1b[" + std::to_string(line + 1) + ";1H"; }

}  // namespace

Screen::~Screen() { GiveBack(); }

Status Screen::Take() {
  if (!before_) {
    termios now{};
    if (tcgetattr(streams_.in, &now) != 0) return FailErrno("reading the terminal's settings", errno);
    before_ = now;
  }
  termios raw = *before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  int done = 0;
  do done = tcsetattr(streams_.in, TCSADRAIN, &raw);
  while (done != 0 && errno == EINTR);
  if (done != 0) return FailErrno("changing the terminal's settings", errno);
  taken_ = true;
  Forget();
  if (!WriteAll(streams_.out, kEnter)) return FailErrno("writing to the terminal", errno);
  return {};
}

void Screen::GiveBack() noexcept {
  if (!taken_) return;
  taken_ = false;
  (void)WriteAll(streams_.out, kLeave);
  tcsetattr(streams_.in, TCSADRAIN, &*before_);
}

Screen::Size Screen::size() const noexcept {
  winsize window{};
  if (ioctl(streams_.out, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 || window.ws_row == 0) return {};
  return {.columns = window.ws_col, .lines = window.ws_row};
}

bool Screen::Draw(const std::vector<std::string>& lines) {
  std::string bytes;
  if (!drawn_) bytes = kClearAll;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (drawn_ && i < drawn_->size() && (*drawn_)[i] == lines[i]) continue;
    bytes += MoveTo(i);
    bytes += kClearLine;  // before the text: a line that fills the window leaves the cursor on its last column
    bytes += lines[i];
  }
  if (drawn_ && drawn_->size() > lines.size()) bytes += MoveTo(lines.size()) + std::string(kClearBelow);
  drawn_ = lines;
  return bytes.empty() || WriteAll(streams_.out, bytes);
}

}  // namespace flexai::cli
