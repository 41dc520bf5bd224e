#include "device/merge.hpp"

#include <algorithm>
#include <string_view>

namespace flexai::device {
namespace {

std::string HexDigits(std::string_view text) {
  std::string digits;
  if (text.size() > 4 && identity_detail::ContainsWord(text.substr(0, 4), "gpu-")) text.remove_prefix(4);
  for (const char raw : text)
    if (const char c = identity_detail::Lower(raw); identity_detail::IsHex(c)) digits += c;
  return digits.size() >= 8 ? digits : std::string();
}

std::string_view Family(const Xpu& xpu) {
  const std::string_view id = xpu.id.view();
  return id.substr(0, id.find('-'));
}

bool SameCard(const Xpu& a, const Xpu& b) {
  if (a.id == b.id) return true;
  if (a.kind == XpuKind::kCpu || b.kind == XpuKind::kCpu) return false;  // each CPU driver is an XPU of its own
  if (!a.pci_address.empty() && a.pci_address == b.pci_address) return true;
  const std::string uuid = HexDigits(a.uuid);
  return !uuid.empty() && uuid == HexDigits(b.uuid);
}

void Fill(std::string& into, const std::string& from) {
  if (into.empty()) into = from;
}

void Absorb(Xpu& into, const Xpu& from) {
  if (into.kind == XpuKind::kOther) into.kind = from.kind;
  Fill(into.vendor, from.vendor);
  Fill(into.model, from.model);
  if (!into.memory) into.memory = from.memory;
  if (!into.compute_units) into.compute_units = from.compute_units;
  Fill(into.driver_version, from.driver_version);
  Fill(into.platform, from.platform);
  Fill(into.driver_library, from.driver_library);
  Fill(into.uuid, from.uuid);
  Fill(into.pci_address, from.pci_address);
  Fill(into.extensions, from.extensions);
  for (const std::string& source : from.sources)
    if (std::find(into.sources.begin(), into.sources.end(), source) == into.sources.end()) into.sources.push_back(source);
}

}  // namespace

std::vector<Xpu> MergeXpus(std::span<const Xpu> seen) {
  std::vector<Xpu> merged;
  for (const Xpu& xpu : seen) {
    auto found = std::find_if(merged.begin(), merged.end(), [&](const Xpu& other) { return SameCard(other, xpu); });
    // A driver that tells neither UUID nor PCI address (PoCL, old Mesa): the next card of the vendor on the bus is taken to be the one it shows, so that
    // one card is not listed twice.
    if (found == merged.end() && xpu.sources == std::vector<std::string>{"sysfs"})
      found = std::find_if(merged.begin(), merged.end(), [&](const Xpu& other) {
        return other.kind != XpuKind::kCpu && other.pci_address.empty() && Family(other) == Family(xpu);
      });
    if (found == merged.end())
      merged.push_back(xpu);
    else
      Absorb(*found, xpu);
  }
  std::sort(merged.begin(), merged.end(), [](const Xpu& a, const Xpu& b) { return a.kind != b.kind ? a.kind < b.kind : a.id < b.id; });
  return merged;
}

}  // namespace flexai::device
