// Amounts from a command line or an environment: whatever the bytes, the parsers return a value in range or nothing.
#include "core/quantity.hpp"

#include <cstdlib>

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace flexai;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto memory = ParseMemory(text)) {
    Require(memory->value > 0 && (!memory->is_percent || memory->value <= 100));
    for (const std::uint64_t total : {std::uint64_t{1}, std::uint64_t{1} << 30, ~std::uint64_t{0}})
      Require(!memory->is_percent || memory->On({total}).value <= total);
  }
  if (const auto percent = ParsePercent(text)) Require(percent->permille <= 1000);
  if (const auto cores = ParseCores(text))
    Require(cores->request <= cores->limit && cores->limit <= kWholeXpu && cores->limit.permille >= 10);
  if (const auto priority = ParsePriority(text)) Require(text == PriorityName(*priority));
  return 0;
}
