// Ids from a command line, a slice file or a driver's strings: an id is a safe file name, and naming a device never fails.
#include <cstdlib>

#include "core/identity.hpp"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace flexai;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto id = XpuId::Parse(text)) {
    Require(id->view() == text && text.find('/') == std::string_view::npos && text.front() != '.' && text.front() != '-');
  }
  const std::size_t part = size / 5;
  DeviceFacts facts{.platform_name = text.substr(0, part),
                    .platform_vendor = text.substr(part, part),
                    .device_vendor = text.substr(2 * part, part),
                    .device_name = text.substr(3 * part, part),
                    .uuid = text.substr(4 * part)};
  for (const XpuKind kind : {XpuKind::kGpu, XpuKind::kNpu, XpuKind::kFpga, XpuKind::kCpu, XpuKind::kOther}) {
    facts.kind = kind;
    facts.index = size > 0 ? data[0] : 0;
    const XpuId id = IdentifyXpu(facts);
    Require(!id.empty() && XpuId::Parse(id.view()) == id);
  }
  return 0;
}
