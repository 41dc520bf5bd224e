// Cards on the PCI bus, whether or not a driver shows them: so that a card without its driver is named instead of absent.
// Runs in a child like the others: reading some files calls into the kernel's graphics driver, which can hang.
#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "base/fds.hpp"
#include "device/probe.hpp"

namespace flexai::device {
namespace {

namespace fs = std::filesystem;

struct Vendor {
  std::uint32_t id;
  std::string_view name;
  bool makes_displays;  // its display controllers (class 0x0300) compute; others' are a server's screen
};
constexpr std::array<Vendor, 16> kVendors{{{0x10de, "NVIDIA Corporation", true},
                                           {0x1002, "Advanced Micro Devices, Inc.", true},
                                           {0x8086, "Intel(R) Corporation", true},
                                           {0x19e5, "Huawei", false},
                                           {0x1ed5, "Moore Threads", true},
                                           {0x1d94, "Hygon", true},
                                           {0x1da3, "Habana Labs", false},
                                           {0xcabc, "Cambricon", false},
                                           {0x1e3e, "Iluvatar CoreX", true},
                                           {0x1e36, "Enflame", false},
                                           {0x1ee0, "Biren", true},
                                           {0x17cb, "Qualcomm", false},
                                           {0x1e52, "Tenstorrent", false},
                                           {0x1eff, "Rebellions", false},
                                           {0x1ed2, "FuriosaAI", false},
                                           {0x1ae0, "Google", false}}};

std::optional<std::uint64_t> Number(const fs::path& file, int base) {
  const auto text = ReadFile(file.string(), 4096);
  if (!text) return std::nullopt;
  std::string_view digits(*text);
  if (digits.starts_with("0x")) digits.remove_prefix(2);
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (parsed.ec != std::errc() || parsed.ptr == digits.data()) return std::nullopt;
  return value;
}

std::string Hex4(std::uint64_t value) {
  std::string text = "0000";
  for (std::size_t i = 0; i < 4; ++i) text[3 - i] = "0123456789abcdef"[value >> (4 * i) & 0xf];
  return text;
}

std::optional<Xpu> Describe(const fs::path& folder) {
  const auto pci_class = Number(folder / "class", 16);
  const auto vendor = Number(folder / "vendor", 16);
  const auto device = Number(folder / "device", 16);
  if (!pci_class || !vendor || !device) return std::nullopt;
  const std::uint64_t kind = *pci_class >> 8;
  const auto known = std::find_if(kVendors.begin(), kVendors.end(), [&](const Vendor& v) { return v.id == *vendor; });
  const bool is_display = kind == 0x0300 || kind == 0x0380;      // VGA, other display (compute cards of AMD)
  const bool is_accelerator = kind == 0x0302 || kind == 0x1200;  // 3D controller, processing accelerator
  if (!is_accelerator && !(is_display && known != kVendors.end() && known->makes_displays)) return std::nullopt;

  Xpu xpu;
  xpu.kind = kind == 0x1200 ? XpuKind::kNpu : XpuKind::kGpu;
  xpu.vendor = known != kVendors.end() ? std::string(known->name) : "PCI vendor " + Hex4(*vendor);
  xpu.model = "PCI device " + Hex4(*vendor) + ":" + Hex4(*device);
  xpu.pci_address = folder.filename().string();
  std::error_code error;
  const fs::path driver = fs::read_symlink(folder / "driver", error);
  xpu.platform = error ? "no kernel driver" : "kernel driver " + driver.filename().string();
  if (const auto vram = Number(folder / "mem_info_vram_total", 10); vram && *vram != 0) xpu.memory = Bytes{*vram};  // amdgpu
  xpu.sources = {"sysfs"};
  xpu.id = IdentifyXpu({.device_vendor = xpu.vendor, .device_name = xpu.model, .pci_address = xpu.pci_address, .kind = xpu.kind});
  return xpu;
}

}  // namespace

void ProbeSysfs(const ProbeReport& report, const std::string& root) {
  std::error_code error;
  std::vector<fs::path> folders;
  for (fs::directory_iterator entry(root + std::string("/") + "bus/pci/devices", error), end; !error && entry != end;
       entry.increment(error))
    folders.push_back(entry->path());
  std::sort(folders.begin(), folders.end());
  for (const fs::path& folder : folders) {
    report.Step("reading " + folder.string());
    if (const auto xpu = Describe(folder)) report.Found(*xpu);
  }
}

}  // namespace flexai::device
