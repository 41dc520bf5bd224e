// One accelerator as its drivers show it. A plain value; what a driver did not say is absent, never 0 or a guess.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/document.hpp"
#include "core/identity.hpp"
#include "core/units.hpp"
#include "core/xpu_id.hpp"

namespace flexai::device {

struct Xpu {
  XpuId id;
  XpuKind kind = XpuKind::kOther;
  std::string vendor;
  std::string model;
  std::optional<Bytes> memory;                 // physical, as the driver reports it
  std::optional<std::uint32_t> compute_units;  // OpenCL's, or the vendor's nearest
  std::string driver_version;
  std::string platform;              // the API that shows it: "Portable Computing Language", "NVML", …
  std::string driver_library;        // absolute path of the OpenCL driver that shows it; empty when no OpenCL driver does
  std::string uuid;                  // as the driver spells it
  std::string pci_address;           // 0000:3b:00.0
  std::string extensions;            // OpenCL's names, of the platform and the device, separated by spaces
  std::vector<std::string> sources;  // who saw it: "pocl.icd", "NVML", "DCMI", "sysfs"

  /// Programs reach it through OpenCL, which is what a slice is enforced on.
  [[nodiscard]] bool HasOpenCl() const noexcept { return !driver_library.empty(); }
};

[[nodiscard]] Document ToDocument(const Xpu& xpu);
/// The XPU a probe wrote; kCorrupt when it is none (a driver that runs wild in the child may have spoilt the pipe).
[[nodiscard]] Result<Xpu> XpuFromDocument(const Document& document);

}  // namespace flexai::device
