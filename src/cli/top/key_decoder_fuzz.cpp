// What a terminal sends, any bytes: keys that are printable or named, and the same ones however the bytes are cut into pieces.
#include <cstdlib>

#include "cli/top/key_decoder.hpp"
#include "cli/top/line_editor.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace flexai::cli;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  KeyDecoder whole, pieces;
  const std::vector<Key> keys = whole.Feed(text);
  std::vector<Key> again;
  for (std::size_t i = 0; i < size; ++i)
    for (const Key& key : pieces.Feed(text.substr(i, 1))) again.push_back(key);
  if (keys != again || whole.HasPending() != pieces.HasPending() || keys.size() > size) std::abort();
  LineEditor editor;
  for (const Key& key : keys) {
    if (key.kind == Key::Kind::kCharacter && (key.character < ' ' || key.character > '~')) std::abort();
    (void)editor.Take(key);
    if (editor.cursor() > editor.text().size() || editor.text().size() > LineEditor::kLongest) std::abort();
  }
  if (!whole.Flush().empty() && !pieces.HasPending()) std::abort();
  return whole.HasPending() ? std::abort(), 0 : 0;
}
