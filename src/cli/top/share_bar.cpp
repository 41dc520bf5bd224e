#include "cli/top/share_bar.hpp"

#include <algorithm>
#include <vector>

#include "base/terminal.hpp"
#include "core/units.hpp"

namespace flexai::cli {
namespace {

enum class Part : std::uint8_t { kUsed, kBorrowed, kIdle, kFree, kUnknown };

struct Stretch {
  Part part;
  std::uint64_t permille;
  char letter = '\0';  // on its first column
};

// Below a million per slice whatever a tenant wrote, so that sums and products stay far from 2^64.
std::uint64_t Used(const BarShare& share) { return std::min<std::uint64_t>(share.used_permille.value_or(0), 999'999); }

std::vector<Stretch> Stretches(std::span<const BarShare> shares) {
  std::uint64_t used = 0, idle = 0;
  for (const BarShare& share : shares) {
    used += Used(share);
    idle += share.request_permille - std::min<std::uint64_t>(share.request_permille, Used(share));
  }
  const std::uint64_t whole = std::max<std::uint64_t>(used, kWholeXpu.permille);
  const std::uint64_t room = whole - used;  // for what is idle: the rest of it is lent
  const std::uint64_t shown_idle = std::min(idle, room);

  std::vector<Stretch> stretches;
  for (const BarShare& share : shares) {
    const std::uint64_t own = std::min<std::uint64_t>(share.request_permille, Used(share));
    const std::uint64_t own_idle = idle == 0 ? 0 : (share.request_permille - own) * shown_idle / idle;
    char letter = share.letter;
    for (const auto& [part, permille] : {std::pair{Part::kUsed, own}, std::pair{Part::kBorrowed, Used(share) - own},
                                         std::pair{share.used_permille ? Part::kIdle : Part::kUnknown, own_idle}}) {
      if (permille == 0) continue;
      stretches.push_back({part, permille, letter});
      letter = '\0';
    }
  }
  stretches.push_back({Part::kFree, whole - std::min(whole, used + shown_idle)});
  return stretches;
}

const char* SignOf(Part part, const BarSigns& signs) {
  switch (part) {
    case Part::kUsed: return signs.used;
    case Part::kBorrowed: return signs.borrowed;
    case Part::kIdle: return signs.idle;
    case Part::kFree: return signs.free;
    case Part::kUnknown: break;
  }
  return signs.unknown;
}

Style StyleOf(Part part) {
  switch (part) {
    case Part::kUsed: return Style::kGood;
    case Part::kBorrowed: return Style::kWarning;
    default: return Style::kDim;
  }
}

}  // namespace

std::string ShareBar(std::span<const BarShare> shares, const BarLook& look) {
  const std::vector<Stretch> stretches = Stretches(shares);
  std::uint64_t whole = 0, until = 0;
  for (const Stretch& stretch : stretches) whole += stretch.permille;
  std::string bar;
  std::size_t column = 0;
  char letter = '\0';
  for (const Stretch& stretch : stretches) {
    until += stretch.permille;
    if (stretch.letter != '\0') letter = stretch.letter;  // of a part too small for a column: its slice's next part has it
    const std::size_t end = whole == 0 ? look.width : static_cast<std::size_t>((until * look.width * 2 + whole) / (whole * 2));
    if (end == column) continue;
    if (letter != '\0' && stretch.part != Part::kFree) {
      bar += Styled(std::string(1, letter), Style::kBold, look.color);
      ++column;
    }
    letter = '\0';
    std::string part;
    for (; column < end; ++column) part += SignOf(stretch.part, *look.signs);
    bar += Styled(part, StyleOf(stretch.part), look.color && !part.empty());
  }
  return bar;
}

}  // namespace flexai::cli
