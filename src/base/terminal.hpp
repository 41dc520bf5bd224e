// What the terminal can show: width, colour, and a progress line that appears only where a person waits. The environment is passed in: programs read it in
// one place. Main thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace flexai {

[[nodiscard]] bool IsTerminal(int fd) noexcept;

/// Columns of the window behind `fd`; nothing-to-fit-into (a pipe, a file) is 0: print full lines.
[[nodiscard]] std::size_t TerminalWidth(int fd) noexcept;

struct ColorEnvironment {
  std::string_view no_color;  // NO_COLOR: any text turns colour off (no-color.org)
  std::string_view term;      // TERM
};
[[nodiscard]] bool ColorAllowed(int fd, const ColorEnvironment& environment) noexcept;

struct LocaleEnvironment {
  std::string_view lc_all, lc_ctype, lang;  // LC_ALL, LC_CTYPE, LANG: the first that is not empty counts
};
/// Whether people here read UTF-8: what is drawn with more than ASCII asks.
[[nodiscard]] bool IsUtf8Locale(const LocaleEnvironment& environment) noexcept;

enum class Style : std::uint8_t { kPlain, kBold, kDim, kGood, kWarning, kBad, kSelected };

/// `text` in the colour of `style`, or as it is where colour is off.
[[nodiscard]] std::string Styled(std::string_view text, Style style, bool color);

/// Columns that `text` takes: code points, since names of devices and people hold no wide characters worth a table of them.
[[nodiscard]] std::size_t DisplayWidth(std::string_view text) noexcept;

/// `text` cut to `width` columns with `…` where something is missing. Control characters are replaced: a driver's name must not move the cursor.
[[nodiscard]] std::string Fitted(std::string_view text, std::size_t width);

/// A line on a terminal that is overwritten as things go on and removed at the end. On anything else it writes nothing.
class ProgressLine {
 public:
  explicit ProgressLine(int fd) noexcept;
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();
  void Show(std::string_view text);

 private:
  int fd_;
  bool shown_ = false;
};

/// `[######----]` for `done` of `total`, `width` columns with the brackets.
[[nodiscard]] std::string Bar(std::uint64_t done, std::uint64_t total, std::size_t width);

}  // namespace flexai
