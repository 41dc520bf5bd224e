// Huawei Ascend cards through libdcmi.so, which the Ascend driver installs. Declared here, not included: the header is no package.
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "device/pci.hpp"
#include "device/probe.hpp"

namespace flexai::device {
namespace {

// dcmi_interface_api.h; sizes are the vendor's.
struct DcmiChipInfo {
  unsigned char chip_type[32], chip_name[32], chip_version[32];
  unsigned aicore_count;
};
struct DcmiPcieInfo {
  unsigned vendor, subvendor, device_id, subdevice;
  int domain;
  unsigned bus, device, function;
  unsigned char reserved[32];
};
struct DcmiHbmInfo {
  unsigned long long memory_size_mib;
  unsigned frequency;
  unsigned long long memory_usage_mib;
  int temperature;
  unsigned bandwidth_percent;
};
struct DcmiMemoryInfo {
  unsigned long long memory_size_mib, memory_available;
  unsigned frequency;
  unsigned long huge_page_kib, huge_pages_total, huge_pages_free;
  unsigned utilization_percent;
  unsigned char reserved[60];
};
struct DcmiDieId {
  unsigned words[5];
};
static_assert(sizeof(DcmiPcieInfo) == 64 && sizeof(DcmiChipInfo) == 100);
constexpr int kVirtualDie = 1;  // the die id that npu-smi calls VDie ID

struct Dcmi {
  int (*init)() = nullptr;
  int (*card_list)(int* count, int* cards, int room) = nullptr;
  int (*devices_in_card)(int card, int* count) = nullptr;
  int (*chip_info)(int card, int device, DcmiChipInfo*) = nullptr;
  // The rest is not in every release.
  int (*pcie_info)(int card, int device, DcmiPcieInfo*) = nullptr;
  int (*hbm_info)(int card, int device, DcmiHbmInfo*) = nullptr;
  int (*memory_info)(int card, int device, DcmiMemoryInfo*) = nullptr;
  int (*die_id)(int card, int device, int type, DcmiDieId*) = nullptr;
  int (*driver_version)(char*, unsigned) = nullptr;

  [[nodiscard]] bool Load(void* library) {
    Get(library, "dcmi_get_device_pcie_info_v2", pcie_info);
    Get(library, "dcmi_get_device_hbm_info", hbm_info);
    Get(library, "dcmi_get_device_memory_info_v3", memory_info);
    Get(library, "dcmi_get_device_die_v2", die_id);
    Get(library, "dcmi_get_driver_version", driver_version);
    return Get(library, "dcmi_init", init) && Get(library, "dcmi_get_card_list", card_list) &&
           Get(library, "dcmi_get_device_num_in_card", devices_in_card) && Get(library, "dcmi_get_device_chip_info", chip_info);
  }

 private:
  template <class Function>
  static bool Get(void* library, const char* symbol, Function& out) {
    out = reinterpret_cast<Function>(dlsym(library, symbol));
    return out != nullptr;
  }
};

template <std::size_t N>
std::string TextOf(const unsigned char (&bytes)[N]) {
  return {bytes, std::find(bytes, bytes + N, 0)};
}

Xpu Describe(const Dcmi& dcmi, int card, int device, std::uint32_t index) {
  Xpu xpu;
  xpu.kind = XpuKind::kNpu;
  xpu.vendor = "Huawei";
  xpu.platform = "DCMI";
  xpu.sources = {"DCMI"};
  std::array<char, 64> version{};
  if (dcmi.driver_version != nullptr && dcmi.driver_version(version.data(), version.size() - 1) == 0) xpu.driver_version = version.data();
  DcmiChipInfo chip{};
  if (dcmi.chip_info(card, device, &chip) == 0) {
    xpu.model = TextOf(chip.chip_type) + " " + TextOf(chip.chip_name);
    if (chip.aicore_count != 0) xpu.compute_units = chip.aicore_count;
  }
  DcmiPcieInfo pcie{};
  if (dcmi.pcie_info != nullptr && dcmi.pcie_info(card, device, &pcie) == 0)
    xpu.pci_address = PciAddress(static_cast<std::uint32_t>(std::max(pcie.domain, 0)), pcie.bus, pcie.device, pcie.function);
  DcmiDieId die{};
  if (dcmi.die_id != nullptr && dcmi.die_id(card, device, kVirtualDie, &die) == 0 &&
      std::any_of(die.words, die.words + 5, [](unsigned w) { return w != 0; }))
    for (const unsigned word : die.words)
      for (int shift = 28; shift >= 0; shift -= 4) xpu.uuid += "0123456789abcdef"[word >> shift & 0xf];
  // Cards with on-package memory answer the first, the others (310P) the second.
  constexpr std::uint64_t kMiB = 1ULL << 20;
  DcmiHbmInfo hbm{};
  DcmiMemoryInfo memory{};
  if (dcmi.hbm_info != nullptr && dcmi.hbm_info(card, device, &hbm) == 0 && hbm.memory_size_mib != 0)
    xpu.memory = Bytes{hbm.memory_size_mib * kMiB};
  else if (dcmi.memory_info != nullptr && dcmi.memory_info(card, device, &memory) == 0 && memory.memory_size_mib != 0)
    xpu.memory = Bytes{memory.memory_size_mib * kMiB};
  xpu.id = IdentifyXpu({.platform_name = "Ascend",
                        .device_vendor = xpu.vendor,
                        .device_name = xpu.model,
                        .uuid = xpu.uuid,
                        .pci_address = xpu.pci_address,
                        .kind = xpu.kind,
                        .index = index});
  return xpu;
}

}  // namespace

void ProbeDcmi(const ProbeReport& report) {
  report.Step("loading libdcmi.so");
  void* library = nullptr;
  // Not in the loader's folders unless the administrator put it there: the driver's own are tried too.
  for (const char* name : {"libdcmi.so", "/usr/local/dcmi/libdcmi.so", "/usr/local/Ascend/driver/lib64/driver/libdcmi.so"})
    if (library == nullptr) library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return report.Missing("libdcmi.so");
  Dcmi dcmi;
  if (!dcmi.Load(library)) return report.Failed("libdcmi.so lacks functions of DCMI");
  report.Step("dcmi_init");
  if (const int error = dcmi.init(); error != 0) return report.Failed("dcmi_init failed with " + std::to_string(error));
  std::array<int, 64> cards{};
  int count = 0;
  report.Step("dcmi_get_card_list");
  if (const int error = dcmi.card_list(&count, cards.data(), static_cast<int>(cards.size())); error != 0)
    return report.Failed("dcmi_get_card_list failed with " + std::to_string(error));
  std::uint32_t index = 0;
  for (int i = 0; i < std::min(count, static_cast<int>(cards.size())); ++i) {
    int devices = 0;
    report.Step("DCMI card " + std::to_string(cards[static_cast<std::size_t>(i)]));
    if (dcmi.devices_in_card(cards[static_cast<std::size_t>(i)], &devices) != 0) continue;
    for (int device = 0; device < devices; ++device) report.Found(Describe(dcmi, cards[static_cast<std::size_t>(i)], device, index++));
  }
}

}  // namespace flexai::device
