// Reads the facts that name an OpenCL device, in the one way that discovery and the layer share: a fact read differently in the two places would be a
// slice of one XPU enforced on another. Needs no OpenCL header: the few constants are stated here and compared with the headers by a test (NVIDIA's, of
// cl_nv_device_attribute_query, are not in Debian's).
// Fixed buffers, no allocation; any thread that may call the driver.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/identity.hpp"

namespace flexai {

namespace opencl {

inline constexpr std::uint32_t kPlatformName = 0x0902, kPlatformVendor = 0x0903;
inline constexpr std::uint32_t kDeviceType = 0x1000, kDeviceName = 0x102B, kDeviceVendor = 0x102C;
inline constexpr std::uint32_t kDeviceUuidKhr = 0x106A;    // cl_khr_device_uuid: 16 bytes
inline constexpr std::uint32_t kDevicePciBusKhr = 0x410F;  // cl_khr_pci_bus_info: u32 domain, bus, device, function
inline constexpr std::uint32_t kDevicePciBusNv = 0x4008, kDevicePciSlotNv = 0x4009, kDevicePciDomainNv = 0x400A;
inline constexpr std::uint32_t kDeviceTopologyAmd =
    0x4037;  // u32 type (1: PCIe), then 24 bytes in all, the last three bus, device, function
inline constexpr std::uint64_t kTypeCpu = 1u << 1, kTypeGpu = 1u << 2, kTypeAccelerator = 1u << 3;

}  // namespace opencl

/// What CL_DEVICE_TYPE and the name say of a device. Accelerators tell only by their name what they are.
[[nodiscard]] constexpr XpuKind OpenClKind(std::uint64_t device_type, std::string_view device_name) noexcept {
  if ((device_type & opencl::kTypeGpu) != 0) return XpuKind::kGpu;
  if ((device_type & opencl::kTypeCpu) != 0) return XpuKind::kCpu;
  for (std::string_view word : {"fpga"})
    if (identity_detail::ContainsWord(device_name, word)) return XpuKind::kFpga;
  for (std::string_view word : {"npu", "ascend", "neural"})
    if (identity_detail::ContainsWord(device_name, word)) return XpuKind::kNpu;
  return XpuKind::kOther;
}

/// The facts of one device and the buffers they lie in. Copyable; facts() is valid while the object lives and does not move.
class OpenClFacts {
 public:
  /// `platform` and `device` are clGetPlatformInfo and clGetDeviceInfo of the driver with the handle bound: (param, bytes, buffer) -> bytes written, 0 when
  /// the driver refuses. `index`: position among the devices of the platform as the driver lists all of them.
  template <class PlatformInfo, class DeviceInfo>
  [[nodiscard]] static OpenClFacts Read(PlatformInfo&& platform, DeviceInfo&& device, std::uint32_t index) noexcept {
    OpenClFacts facts;
    facts.platform_name_.Fill(platform, opencl::kPlatformName);
    facts.platform_vendor_.Fill(platform, opencl::kPlatformVendor);
    facts.device_vendor_.Fill(device, opencl::kDeviceVendor);
    facts.device_name_.Fill(device, opencl::kDeviceName);
    facts.index_ = index;
    std::uint64_t type = 0;
    if (device(opencl::kDeviceType, sizeof type, static_cast<void*>(&type)) != sizeof type) type = 0;
    facts.kind_ = OpenClKind(type, facts.device_name_.view());
    if (facts.kind_ == XpuKind::kCpu) return facts;  // named by driver and index alone
    facts.ReadUuid(device);
    facts.ReadPci(device);
    return facts;
  }

  [[nodiscard]] DeviceFacts facts() const noexcept {
    return {platform_name_.view(),
            platform_vendor_.view(),
            device_vendor_.view(),
            device_name_.view(),
            uuid_.view(),
            pci_.view(),
            kind_,
            index_};
  }
  [[nodiscard]] XpuId id() const noexcept { return IdentifyXpu(facts()); }

 private:
  struct Text {
    std::array<char, 128> bytes{};

    template <class Info>
    void Fill(Info&& info, std::uint32_t param) noexcept {
      std::array<char, 1024> raw{};  // drivers refuse a buffer that is too small, and some names are long
      std::size_t n = info(param, raw.size() - 1, static_cast<void*>(raw.data()));
      if (n > raw.size() - 1) n = 0;
      for (std::size_t i = 0; i < n && i < bytes.size() - 1 && raw[i] != '\0'; ++i) bytes[i] = raw[i];
    }
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {bytes.data()}; }
  };
  struct Short {
    std::array<char, 40> bytes{};
    std::size_t length = 0;

    constexpr void Hex(std::uint32_t value, int digits) noexcept {
      for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) bytes[length++] = "0123456789abcdef"[value >> shift & 0xf];
    }
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {bytes.data(), length}; }
  };

  template <class Info>
  void ReadUuid(Info&& device) noexcept {
    std::array<unsigned char, 16> raw{};
    if (device(opencl::kDeviceUuidKhr, raw.size(), static_cast<void*>(raw.data())) != raw.size()) return;
    bool any = false;  // a driver that has no uuid sometimes answers zeros: that names nothing
    for (const unsigned char byte : raw) any = any || byte != 0;
    if (!any) return;
    for (const unsigned char byte : raw) uuid_.Hex(byte, 2);
  }

  template <class Info>
  void ReadPci(Info&& device) noexcept {
    struct {
      std::uint32_t domain, bus, device, function;
    } khr{};
    if (device(opencl::kDevicePciBusKhr, sizeof khr, static_cast<void*>(&khr)) == sizeof khr)
      return SetPci(khr.domain, khr.bus, khr.device, khr.function);
    // The vendors' own queries only for their own devices: another driver may mean something else by the number.
    if (identity_detail::ContainsWord(device_vendor_.view(), "nvidia")) {
      std::uint32_t bus = 0, slot = 0, domain = 0;
      if (device(opencl::kDevicePciBusNv, sizeof bus, static_cast<void*>(&bus)) != sizeof bus) return;
      if (device(opencl::kDevicePciSlotNv, sizeof slot, static_cast<void*>(&slot)) != sizeof slot) return;
      if (device(opencl::kDevicePciDomainNv, sizeof domain, static_cast<void*>(&domain)) != sizeof domain) domain = 0;
      SetPci(domain, bus, slot >> 3, slot & 7);
    } else if (identity_detail::ContainsWord(device_vendor_.view(), "advanced micro devices")) {
      std::array<unsigned char, 24> topology{};
      if (device(opencl::kDeviceTopologyAmd, topology.size(), static_cast<void*>(topology.data())) != topology.size()) return;
      if (topology[0] == 1) SetPci(0, topology[21], topology[22], topology[23]);
    }
  }

  void SetPci(std::uint32_t domain, std::uint32_t bus, std::uint32_t device, std::uint32_t function) noexcept {
    if (domain > 0xffff || bus > 0xff || device > 0x1f || function > 7) return;
    pci_.Hex(domain, 4);
    pci_.bytes[pci_.length++] = ':';
    pci_.Hex(bus, 2);
    pci_.bytes[pci_.length++] = ':';
    pci_.Hex(device, 2);
    pci_.bytes[pci_.length++] = '.';
    pci_.Hex(function, 1);
  }

  Text platform_name_, platform_vendor_, device_vendor_, device_name_;
  Short uuid_, pci_;
  XpuKind kind_ = XpuKind::kOther;
  std::uint32_t index_ = 0;
};

}  // namespace flexai
