// PCI addresses in the one spelling of ids, sysfs and OpenCL facts: 0000:3b:00.0.
#pragma once

#include <cstdint>
#include <string>

namespace flexai::device {

/// Empty when a part is out of range.
[[nodiscard]] inline std::string PciAddress(std::uint32_t domain, std::uint32_t bus, std::uint32_t device, std::uint32_t function) {
  if (domain > 0xffff || bus > 0xff || device > 0x1f || function > 7) return {};
  std::string text;
  const auto hex = [&text](std::uint32_t value, int digits) {
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 0xf];
  };
  hex(domain, 4);
  text += ':';
  hex(bus, 2);
  text += ':';
  hex(device, 2);
  text += '.';
  hex(function, 1);
  return text;
}

}  // namespace flexai::device
