#include "cli/demo/tries.hpp"

namespace flexai::cli {

Status TryTwice(Demo& demo, ActResult& act, const std::function<Result<Document>()>& attempt) {
  Document tries = Document::EmptyArray();
  for (int number = 1; number <= 2; ++number) {
    FLEXAI_TRY(Document measured, attempt());
    tries.Add(std::move(measured));
    if (act.passed) break;
    if (number == 1) demo.audience.Say("  Once more: the machine may have been busy with something else.");
  }
  act.details.Add("tries", std::move(tries));
  return {};
}

}  // namespace flexai::cli
