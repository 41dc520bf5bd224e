#include "cli/top/state.hpp"

#include <algorithm>

#include "cli/values.hpp"

namespace flexai::cli {
namespace {

using Kind = Key::Kind;

constexpr std::ptrdiff_t kPage = 10;
constexpr std::uint32_t kSmallestShare = 10;  // permille: slices are cut in steps of 1 %

// `points` percent more or less. A slice that is capped at its guarantee stays so; one that may use idle capacity keeps its cap, and gives up its guarantee
// at the lower end.
CoresAmount Moved(const SliceSnapshot& slice, int points) {
  const std::int64_t moved = std::int64_t{slice.request_permille} + std::int64_t{points} * 10;
  const bool capped = slice.request_permille == slice.limit_permille;
  std::int64_t request = std::min<std::int64_t>(moved, kWholeXpu.permille);
  if (request < kSmallestShare) request = capped ? kSmallestShare : 0;
  const auto permille = static_cast<std::uint32_t>(request);
  return {.request = {permille}, .limit = {capped ? permille : std::max(permille, slice.limit_permille)}};
}

std::string CoresText(const CoresAmount& cores) { return ShowCores(cores.request.permille, cores.limit.permille); }

}  // namespace

void TopState::Show(TopFrame frame) {
  frame_ = std::move(frame);
  SortShares(frame_, sort_);
  const std::vector<Place> places = Places();
  if (places.empty()) {
    selection_.reset();
    return;
  }
  if (!selection_) return Select(0);
  for (std::size_t row = 0; row < places.size(); ++row)
    if (IsSelected(places[row].xpu->id, *places[row].share)) return Select(row);
  Select(std::min(selection_->row, places.size() - 1));
}

bool TopState::IsSelected(const std::string& xpu, const TopShare& share) const noexcept {
  return selection_ && selection_->xpu == xpu && selection_->ref.slot == share.slice.ref.slot &&
         selection_->ref.generation == share.slice.ref.generation;
}

std::vector<TopState::Place> TopState::Places() const {
  std::vector<Place> places;
  for (const TopXpu& xpu : frame_.xpus)
    for (const TopShare& share : xpu.shares) places.push_back({&xpu, &share});
  return places;
}

TopState::Place TopState::Selected() const {
  for (const Place& place : Places())
    if (IsSelected(place.xpu->id, *place.share)) return place;
  return {};
}

void TopState::Select(std::size_t row) {
  const Place place = Places()[row];
  selection_ = Selection{.xpu = place.xpu->id, .ref = place.share->slice.ref, .row = row};
}

void TopState::Move(std::ptrdiff_t by) {
  const auto count = static_cast<std::ptrdiff_t>(Places().size());
  if (!selection_ || count == 0) return;
  Select(static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(selection_->row) + by, 0, count - 1)));
}

TopAction TopState::OnKey(const Key& key) {
  if (key.kind == Kind::kRedraw) return TopRedraw{};
  message_ = {};
  if (prompt_) return OnPromptKey(key);
  if (help_) {  // any key but `q` goes back
    help_ = false;
    if (key != Key{.character = 'q'}) return {};
  }
  switch (key.kind) {
    case Kind::kUp: Move(-1); break;
    case Kind::kDown: Move(1); break;
    case Kind::kPageUp: Move(-kPage); break;
    case Kind::kPageDown: Move(kPage); break;
    case Kind::kHome: Move(-static_cast<std::ptrdiff_t>(Places().size())); break;
    case Kind::kEnd: Move(static_cast<std::ptrdiff_t>(Places().size())); break;
    case Kind::kCharacter: return OnCharacter(key.character);
    default: break;
  }
  return {};
}

TopAction TopState::OnCharacter(char character) {
  switch (character) {
    case 'q': return TopQuit{};
    case 'k': Move(-1); return {};
    case 'j': Move(1); return {};
    case 'h':
    case '?': help_ = true; return {};
    case 'f':
    case ' ': frozen_ = !frozen_; return {};
    case 's':
      sort_ = static_cast<TopSort>((static_cast<int>(sort_) + 1) % kTopSorts);
      SortShares(frame_, sort_);
      if (selection_) {
        const std::vector<Place> places = Places();
        for (std::size_t row = 0; row < places.size(); ++row)
          if (IsSelected(places[row].xpu->id, *places[row].share)) selection_->row = row;
      }
      return {};
    case '+':
    case '=': return ChangeCores(5);  // the key that has + without shift
    case '-': return ChangeCores(-5);
    case 'p': return CyclePriority();
    case 'c': Ask(Prompt::Kind::kCores); return {};
    case 'm': Ask(Prompt::Kind::kMemory); return {};
    case 'd': Ask(Prompt::Kind::kInterval); return {};
    default: return {};
  }
}

bool TopState::MayChange() {
  if (frozen_)
    Refuse("the picture is frozen; press f to see what is so now, then change it");
  else if (Selected().share == nullptr)
    Refuse("there is no slice to change");
  else
    return true;
  return false;
}

TopAction TopState::ChangeCores(int points) {
  if (!MayChange()) return {};
  const Place place = Selected();
  const SliceSnapshot& slice = place.share->slice;
  const CoresAmount cores = Moved(slice, points);
  return TopChange{.slice = slice.name,
                   .xpu = place.xpu->id,
                   .wanted = {.cores = cores},
                   .done = slice.name + ": cores " + ShowCores(slice.request_permille, slice.limit_permille) + " → " + CoresText(cores)};
}

TopAction TopState::CyclePriority() {
  if (!MayChange()) return {};
  const Place place = Selected();
  const SliceSnapshot& slice = place.share->slice;
  const Priority next = slice.priority == Priority::kLow      ? Priority::kNormal
                        : slice.priority == Priority::kNormal ? Priority::kHigh
                                                              : Priority::kLow;
  return TopChange{
      .slice = slice.name,
      .xpu = place.xpu->id,
      .wanted = {.priority = next},
      .done = slice.name + ": priority " + std::string(PriorityName(slice.priority)) + " → " + std::string(PriorityName(next))};
}

void TopState::Ask(Prompt::Kind kind) {
  if (kind == Prompt::Kind::kInterval) {
    prompt_ = Prompt{.kind = kind, .question = "seconds between looks: "};
    return;
  }
  if (!MayChange()) return;
  const Place place = Selected();
  const SliceSnapshot& slice = place.share->slice;
  const std::string now =
      kind == Prompt::Kind::kCores
          ? "cores of " + slice.name + " (now " + ShowCores(slice.request_permille, slice.limit_permille)
          : "memory of " + slice.name + " (now " + (slice.reserves_memory ? ShowBytes(slice.reserved_bytes) : "not reserved");
  prompt_ = Prompt{.kind = kind, .question = now + "): ", .slice = slice.name, .xpu = place.xpu->id};
}

TopAction TopState::OnPromptKey(const Key& key) {
  switch (prompt_->editor.Take(key)) {
    case LineEditor::Outcome::kGoesOn: return {};
    case LineEditor::Outcome::kCancelled: prompt_.reset(); return {};
    case LineEditor::Outcome::kDone: break;
  }
  if (prompt_->editor.text().empty()) {
    prompt_.reset();
    return {};
  }
  return OnPromptDone();
}

// What cannot be read stays in the line, to be mended.
TopAction TopState::OnPromptDone() {
  const std::string text = prompt_->editor.text();
  WantedChange wanted;
  std::string what;
  switch (prompt_->kind) {
    case Prompt::Kind::kInterval: {
      const auto interval = ReadInterval(text);
      if (!interval) return Refuse(interval.error().message), TopAction{};
      interval_ = *interval;
      prompt_.reset();
      return {};
    }
    case Prompt::Kind::kCores: {
      const auto cores = ReadCores(text);
      if (!cores) return Refuse(cores.error().message), TopAction{};
      wanted.cores = *cores;
      what = "cores " + CoresText(*cores);
      break;
    }
    case Prompt::Kind::kMemory: {
      const auto memory = ReadMemory(text);
      if (!memory) return Refuse(memory.error().message), TopAction{};
      wanted.memory = *memory;
      what = "memory " + text;
      break;
    }
  }
  TopChange change{.slice = prompt_->slice, .xpu = prompt_->xpu, .wanted = wanted, .done = prompt_->slice + ": " + what};
  prompt_.reset();
  return change;
}

void TopState::Answer(const Status& status, const std::string& done) {
  if (status)
    message_ = {.text = done};
  else
    Refuse(status.error().message);
}

}  // namespace flexai::cli
