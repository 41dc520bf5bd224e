#include "cli/commands.hpp"
#include "cli/doctor.hpp"
#include "cli/exit_code.hpp"
#include "cli/report.hpp"

namespace flexai::cli {

int RunDoctor(const Args& args) {
  const Inventory inventory = TakeInventory(args.surroundings());
  const Symptoms symptoms = LookForSymptoms(inventory, args.surroundings());
  const std::vector<Finding> findings = Judge(inventory, symptoms, args.surroundings().environment);
  const Format format = FormatOf(args);
  const bool shown = format == Format::kJson || format == Format::kYaml
                         ? Print(DoctorDocument(inventory, findings), format)
                         : Print(DoctorText(findings, format == Format::kWide, StdoutLayout(args).color));
  return shown ? DoctorStatus(inventory, findings) : kFailed;
}

}  // namespace flexai::cli
