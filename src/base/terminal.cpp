#include "base/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "base/fds.hpp"

namespace flexai {
namespace {

bool ContinuesSequence(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

bool IsTerminal(int fd) noexcept { return isatty(fd) != 0; }

std::size_t TerminalWidth(int fd) noexcept {
  winsize size{};
  if (!IsTerminal(fd)) return 0;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

bool ColorAllowed(int fd, const ColorEnvironment& environment) noexcept {
  return environment.no_color.empty() && environment.term != "dumb" && !environment.term.empty() && IsTerminal(fd);
}

bool IsUtf8Locale(const LocaleEnvironment& environment) noexcept {
  const std::string_view locale = !environment.lc_all.empty()     ? environment.lc_all
                                  : !environment.lc_ctype.empty() ? environment.lc_ctype
                                                                  : environment.lang;
  std::string_view codeset = locale.substr(std::min(locale.find('.'), locale.size()));
  codeset = codeset.substr(0, codeset.find('@'));
  constexpr std::string_view kUtf8 = ".utf8";
  // `UTF-8` and `utf8` are both in use; the C library ignores case and dashes too.
  std::size_t matched = 0;
  for (const char c : codeset) {
    if (c == '-') continue;
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    if (matched == kUtf8.size() || lower != kUtf8[matched]) return false;
    ++matched;
  }
  return matched == kUtf8.size();
}

std::string Styled(std::string_view text, Style style, bool color) {
  std::string_view code;
  switch (style) {
    case Style::kPlain: break;
    case Style::kBold: code = "1"; break;
    case Style::kDim: code = "2"; break;
    case Style::kGood: code = "32"; break;
    case Style::kWarning: code = "33"; break;
    case Style::kBad: code = "31"; break;
    case Style::kSelected: code = "7"; break;
  }
  if (!color || code.empty()) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::size_t DisplayWidth(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !ContinuesSequence(c); }));
}

std::string Fitted(std::string_view text, std::size_t width) {
  const bool cut = DisplayWidth(text) > width;
  const std::size_t room = cut && width > 0 ? width - 1 : width;
  std::string out;
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!ContinuesSequence(c) && ++columns > room) break;
    // C1 controls, U+0080 to U+009F: terminals obey them in UTF-8 too.
    const bool is_c1 = c == '\xc2' && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f || is_c1 ? '?' : c;
    if (is_c1) ++i;
  }
  if (cut && width > 0) out += "…";
  return out;
}

ProgressLine::ProgressLine(int fd) noexcept : fd_(IsTerminal(fd) ? fd : -1) {}

ProgressLine::~ProgressLine() {
  if (shown_) (void)WriteAll(fd_, "\r\x1b[K");
}

void ProgressLine::Show(std::string_view text) {
  if (fd_ < 0) return;
  const std::size_t width = TerminalWidth(fd_);
  (void)WriteAll(fd_, "\r" + Fitted(text, width > 1 ? width - 1 : 79) + "\x1b[K");
  shown_ = true;
}

std::string Bar(std::uint64_t done, std::uint64_t total, std::size_t width) {
  const std::size_t inside = width > 2 ? width - 2 : 0;
  const std::size_t filled = total == 0 ? 0 : static_cast<std::size_t>(std::min(done, total) * inside / total);
  return "[" + std::string(filled, '#') + std::string(inside - filled, '-') + "]";
}

}  // namespace flexai
