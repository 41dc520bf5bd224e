// NVIDIA cards through libnvidia-ml.so.1, which every NVIDIA driver installs. Declared here, not included: the header comes with CUDA only.
#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <string>

#include "device/pci.hpp"
#include "device/probe.hpp"

namespace flexai::device {
namespace {

// nvml.h (CUDA 9 and later).
struct NvmlPciInfo {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};
struct NvmlMemory {
  unsigned long long total, free, used;
};
using NvmlDevice = void*;

struct Nvml {
  int (*init)() = nullptr;
  int (*driver_version)(char*, unsigned) = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*handle)(unsigned, NvmlDevice*) = nullptr;
  int (*name)(NvmlDevice, char*, unsigned) = nullptr;
  int (*uuid)(NvmlDevice, char*, unsigned) = nullptr;
  int (*pci)(NvmlDevice, NvmlPciInfo*) = nullptr;
  int (*memory)(NvmlDevice, NvmlMemory*) = nullptr;
  const char* (*error_text)(int) = nullptr;

  [[nodiscard]] bool Load(void* library) {
    return Get(library, "nvmlInit_v2", init) && Get(library, "nvmlSystemGetDriverVersion", driver_version) &&
           Get(library, "nvmlDeviceGetCount_v2", count) && Get(library, "nvmlDeviceGetHandleByIndex_v2", handle) &&
           Get(library, "nvmlDeviceGetName", name) && Get(library, "nvmlDeviceGetUUID", uuid) &&
           Get(library, "nvmlDeviceGetPciInfo_v3", pci) && Get(library, "nvmlDeviceGetMemoryInfo", memory) &&
           Get(library, "nvmlErrorString", error_text);
  }

 private:
  template <class Function>
  static bool Get(void* library, const char* symbol, Function& out) {
    out = reinterpret_cast<Function>(dlsym(library, symbol));
    return out != nullptr;
  }
};

constexpr int kSuccess = 0;
constexpr int kGpuIsLost = 15;

}  // namespace

void ProbeNvml(const ProbeReport& report) {
  report.Step("loading libnvidia-ml.so.1");
  void* library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return report.Missing("libnvidia-ml.so.1");
  Nvml nvml;
  if (!nvml.Load(library)) return report.Failed("libnvidia-ml.so.1 lacks functions of NVML 9 and later");
  report.Step("nvmlInit_v2");
  if (const int error = nvml.init(); error != kSuccess) return report.Failed(std::string("nvmlInit_v2: ") + nvml.error_text(error));

  std::array<char, 96> text{};
  const std::string driver = nvml.driver_version(text.data(), text.size()) == kSuccess ? text.data() : "";
  unsigned count = 0;
  report.Step("nvmlDeviceGetCount_v2");
  if (const int error = nvml.count(&count); error != kSuccess)
    return report.Failed(std::string("nvmlDeviceGetCount_v2: ") + nvml.error_text(error));
  for (unsigned i = 0; i < count; ++i) {
    report.Step("NVML device " + std::to_string(i));
    NvmlDevice device = nullptr;
    if (const int error = nvml.handle(i, &device); error != kSuccess) {
      report.Failed("NVML device " + std::to_string(i) + (error == kGpuIsLost ? " has fallen off the bus: " : ": ") +
                    nvml.error_text(error));
      continue;
    }
    Xpu xpu;
    xpu.kind = XpuKind::kGpu;
    xpu.vendor = "NVIDIA Corporation";
    xpu.platform = "NVML";
    xpu.driver_version = driver;
    xpu.sources = {"NVML"};
    text = {};
    if (nvml.name(device, text.data(), text.size()) == kSuccess) xpu.model = text.data();
    text = {};
    if (nvml.uuid(device, text.data(), text.size()) == kSuccess) xpu.uuid = text.data();
    NvmlPciInfo pci{};
    if (nvml.pci(device, &pci) == kSuccess) xpu.pci_address = PciAddress(pci.domain, pci.bus, pci.device, 0);
    NvmlMemory memory{};
    if (nvml.memory(device, &memory) == kSuccess && memory.total != 0) xpu.memory = Bytes{memory.total};
    xpu.id = IdentifyXpu({.platform_name = "CUDA",
                          .device_vendor = xpu.vendor,
                          .device_name = xpu.model,
                          .uuid = xpu.uuid,
                          .pci_address = xpu.pci_address,
                          .kind = xpu.kind,
                          .index = i});
    report.Found(xpu);
  }
}

}  // namespace flexai::device
