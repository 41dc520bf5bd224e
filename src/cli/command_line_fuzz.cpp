// Command lines of any words: parsed, or refused with a sentence; never an exception, never a crash. Words are separated by newlines.
#include <cstdlib>

#include "base/environment_list.hpp"
#include "cli/parser.hpp"
#include "cli/values.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace flexai;
  using namespace flexai::cli;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> words = SplitList(text, std::string_view("\n\0", 2));
  static const Surroundings kSurroundings;
  const auto parsed = ParseCommandLine(words, kSurroundings);
  if (!parsed && (parsed.error().message.empty() || parsed.error().code != ErrorCode::kInvalid)) std::abort();
  for (const std::string& word : words) {
    if (const auto cores = ReadCores(word); !cores && cores.error().message.empty()) std::abort();
    if (const auto memory = ReadMemory(word); !memory && memory.error().message.empty()) std::abort();
    if (const auto interval = ReadInterval(word); interval && (*interval < 100 * kMillisecond || *interval > 60 * kSecond)) std::abort();
    if (const auto name = ReadSliceName(word); name && (name->empty() || name->find('/') != std::string::npos)) std::abort();
  }
  return 0;
}
