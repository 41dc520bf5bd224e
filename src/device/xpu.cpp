#include "device/xpu.hpp"

#include <limits>

namespace flexai::device {
namespace {

constexpr std::size_t kLongestText = 1024;
constexpr std::size_t kLongestExtensions = 64 << 10;

std::string TextOf(const Document& document, std::string_view key) {
  return std::string(document[key].AsText().value_or("").substr(0, kLongestText));
}

std::optional<XpuKind> KindOf(std::string_view name) {
  for (const XpuKind kind : {XpuKind::kGpu, XpuKind::kNpu, XpuKind::kFpga, XpuKind::kCpu, XpuKind::kOther})
    if (KindName(kind) == name) return kind;
  return std::nullopt;
}

}  // namespace

Document ToDocument(const Xpu& xpu) {
  Document sources = Document::EmptyArray();
  for (const std::string& source : xpu.sources) sources.Add(source);
  return Document::Of({{"id", xpu.id.view()},
                       {"kind", KindName(xpu.kind)},
                       {"vendor", xpu.vendor},
                       {"model", xpu.model},
                       {"memory_bytes", xpu.memory ? Document(xpu.memory->value) : Document()},
                       {"compute_units", xpu.compute_units},
                       {"driver_version", xpu.driver_version},
                       {"platform", xpu.platform},
                       {"driver_library", xpu.driver_library},
                       {"uuid", xpu.uuid},
                       {"pci_address", xpu.pci_address},
                       {"extensions", xpu.extensions},
                       {"sources", std::move(sources)}});
}

Result<Xpu> XpuFromDocument(const Document& document) {
  const auto id = XpuId::Parse(document["id"].AsText().value_or(""));
  const auto kind = KindOf(document["kind"].AsText().value_or(""));
  if (!id || !kind) return Fail(ErrorCode::kCorrupt, "not the description of an XPU");
  Xpu xpu;
  xpu.id = *id;
  xpu.kind = *kind;
  xpu.vendor = TextOf(document, "vendor");
  xpu.model = TextOf(document, "model");
  if (const auto memory = document["memory_bytes"].AsUnsigned()) xpu.memory = Bytes{*memory};
  if (const auto units = document["compute_units"].AsUnsigned(); units && *units <= std::numeric_limits<std::uint32_t>::max())
    xpu.compute_units = static_cast<std::uint32_t>(*units);
  xpu.driver_version = TextOf(document, "driver_version");
  xpu.platform = TextOf(document, "platform");
  xpu.driver_library = TextOf(document, "driver_library");
  xpu.uuid = TextOf(document, "uuid");
  xpu.pci_address = TextOf(document, "pci_address");
  xpu.extensions = document["extensions"].AsText().value_or("").substr(0, kLongestExtensions);
  for (const Document& source : document["sources"].Items()) xpu.sources.emplace_back(source.AsText().value_or("").substr(0, kLongestText));
  return xpu;
}

}  // namespace flexai::device
