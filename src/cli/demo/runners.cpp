#include "cli/demo/runners.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/environment_list.hpp"

namespace flexai::cli {

std::vector<RunnerProgram> FindRunners(const std::string& self) {
  namespace fs = std::filesystem;
  std::vector<RunnerProgram> runners;
  std::error_code error;
  const fs::path folder = fs::path(self).parent_path().parent_path() / "share/flexai/with";
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    // The others there are data and modules.
    if (!path.has_extension() && access(path.c_str(), X_OK) == 0) runners.push_back({path.filename().string(), path.string()});
  }
  std::sort(runners.begin(), runners.end(), [](const RunnerProgram& a, const RunnerProgram& b) { return a.name < b.name; });
  return runners;
}

Result<std::vector<RunnerProgram>> ChooseRunners(const std::vector<RunnerProgram>& known, std::string_view names) {
  std::vector<RunnerProgram> chosen;
  for (const std::string& name : SplitList(names, ",")) {
    const auto found = std::find_if(known.begin(), known.end(), [&](const RunnerProgram& runner) { return runner.name == name; });
    if (found == known.end()) {
      std::string there;
      for (const RunnerProgram& runner : known) there += (there.empty() ? "" : ", ") + runner.name;
      return Fail(ErrorCode::kInvalid, "--with does not know " + name + "; it knows " + (there.empty() ? "nothing here" : there));
    }
    if (std::none_of(chosen.begin(), chosen.end(), [&](const RunnerProgram& runner) { return runner.name == name; }))
      chosen.push_back(*found);
  }
  return chosen;
}

}  // namespace flexai::cli
