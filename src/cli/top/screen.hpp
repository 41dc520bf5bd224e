// The terminal taken over for a picture that changes: keys arrive at once and unechoed, the picture is on the alternate screen, the cursor hidden. The
// destructor gives it back as it was; only SIGKILL leaves it taken. The few control sequences are ECMA-48 and xterm's, which every terminal of today knows:
// a library with a data base of old ones would bring nothing. Main thread.
#pragma once

#include <termios.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace flexai::cli {

class Screen {
 public:
  struct Size {
    std::size_t columns = 80, lines = 24;
  };
  struct Streams {
    int in, out;
  };

  explicit Screen(Streams streams) noexcept : streams_(streams) {}
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen();

  /// Takes the terminal over; again after it was given back, or after somebody else may have changed it. Signals of keys (Ctrl-C, Ctrl-Z) stay.
  [[nodiscard]] Status Take();
  /// The terminal as it was before the first Take.
  void GiveBack() noexcept;

  [[nodiscard]] Size size() const noexcept;

  /// Shows `lines` from the top, each no wider than the window; only those that changed are written. False when the terminal is gone.
  [[nodiscard]] bool Draw(const std::vector<std::string>& lines);
  /// The next Draw writes everything: the window changed, or something else wrote into it.
  void Forget() noexcept { drawn_.reset(); }

 private:
  Streams streams_;
  std::optional<termios> before_;
  bool taken_ = false;
  std::optional<std::vector<std::string>> drawn_;
};

}  // namespace flexai::cli
