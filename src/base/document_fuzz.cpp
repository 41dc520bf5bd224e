// JSON that crossed a process boundary: it parses or it is an error, and what parsed reads back the same from each form we write.
#include <cstdlib>

#include "base/document.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using flexai::Document;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = Document::ParseJson(text);
  if (document) {
    const auto again = Document::ParseJson(document->ToPrettyJson());
    if (!again || again->ToJson() != document->ToJson()) std::abort();
    (void)document->ToYaml();
  }
  if (!Document::ParseJson(Document(text).ToJson())) std::abort();  // any bytes can be a string of ours
  return 0;
}
