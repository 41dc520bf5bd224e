#include "api/region/region.h"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/host_support.hpp"
#include "cli/report.hpp"

namespace flexai::cli {

int RunVersion(const Args& args) {
  const std::string abi = std::to_string(FLEXAI_REGION_ABI_MAJOR) + "." + std::to_string(FLEXAI_REGION_ABI_MINOR);
  const std::string layer = FindLayer(args.surroundings().self);
  const Format format = FormatOf(args);
  if (format == Format::kJson || format == Format::kYaml) {
    const Document document = Document::Of({{"schema", "flexai.version/1"},
                                            {"version", FLEXAI_VERSION},
                                            {"region_abi", abi},
                                            {"opencl_layer", layer.empty() ? Document() : Document(layer)}});
    return Print(document, format) ? kOk : kFailed;
  }
  std::string text = "flexai " FLEXAI_VERSION "\n";
  if (format == Format::kWide) text += "region ABI " + abi + "\nOpenCL layer " + (layer.empty() ? "-" : layer) + "\n";
  return Print(text) ? kOk : kFailed;
}

}  // namespace flexai::cli
