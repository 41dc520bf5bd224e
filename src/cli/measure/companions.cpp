#include "cli/measure/companions.hpp"

#include <unistd.h>

namespace flexai::cli {

std::string CompanionProgram(const std::string& self, const std::string& name) {
  const std::string folder = self.substr(0, self.rfind('/') + 1);
  for (const char* where : {"", "../libexec/flexai/"}) {
    const std::string path = std::string(folder).append(where).append(name);
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

void PinDrivers(EnvironmentList& environment) {
  environment.Set("POCL_AFFINITY", "1");
  environment.Set("POCL_MAX_PTHREAD_COUNT", "1");
  environment.Set("CL_CONFIG_CPU_TBB_NUM_WORKERS", "1");
  environment.Set("LP_NUM_THREADS", "1");
}

}  // namespace flexai::cli
