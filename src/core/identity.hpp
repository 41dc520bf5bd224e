// The one function that names XPUs. Discovery and every interposer call it with the same facts, so both sides agree which region is a device's.
// Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/xpu_id.hpp"

namespace flexai {

enum class XpuKind : std::uint8_t { kGpu, kNpu, kFpga, kCpu, kOther };

/// The word for `kind` in ids, tables and JSON.
[[nodiscard]] constexpr std::string_view KindName(XpuKind kind) noexcept {
  switch (kind) {
    case XpuKind::kGpu: return "gpu";
    case XpuKind::kNpu: return "npu";
    case XpuKind::kFpga: return "fpga";
    case XpuKind::kCpu: return "cpu";
    case XpuKind::kOther: return "other";
  }
  return "other";
}

/// What a driver says of one device. Views must outlive the call only.
struct DeviceFacts {
  std::string_view platform_name;    // CL_PLATFORM_NAME, or "CUDA", "Ascend"
  std::string_view platform_vendor;  // CL_PLATFORM_VENDOR
  std::string_view device_vendor;    // CL_DEVICE_VENDOR
  std::string_view device_name;      // CL_DEVICE_NAME
  std::string_view uuid;             // 32 hex digits or the vendor's form; empty when the driver has none
  std::string_view pci_address;      // "0000:3b:00.0"; empty when unknown
  XpuKind kind = XpuKind::kOther;
  std::uint32_t index = 0;  // position among the devices of its platform, as the driver lists all of them
};

namespace identity_detail {

constexpr char Lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool ContainsWord(std::string_view text, std::string_view word) noexcept {
  if (word.size() > text.size()) return false;
  for (std::size_t i = 0; i + word.size() <= text.size(); ++i) {
    std::size_t k = 0;
    while (k < word.size() && Lower(text[i + k]) == word[k]) ++k;
    if (k == word.size()) return true;
  }
  return false;
}

/// The family prefix of an id. CPU drivers name themselves (each is an XPU of its own); everything else is named by its vendor, so that one card seen
/// through two APIs, or through PoCL's CUDA backend, gets one name.
constexpr std::string_view Family(const DeviceFacts& facts) noexcept {
  struct Rule {
    std::string_view word, family;
  };
  constexpr std::array<Rule, 3> by_driver{{{"llvmpipe", "llvmpipe"}, {"oclgrind", "oclgrind"}, {"pocl", "pocl"}}};
  for (const Rule& rule : by_driver)
    if (ContainsWord(facts.device_name, rule.word) || ContainsWord(facts.platform_name, rule.word)) return rule.family;
  if (facts.kind == XpuKind::kCpu && ContainsWord(facts.platform_name, "portable computing language")) return "pocl";
  constexpr std::array<Rule, 10> by_vendor{{{"nvidia", "nvidia"},
                                            {"advanced micro devices", "amd"},
                                            {"amd", "amd"},
                                            {"intel", "intel"},
                                            {"huawei", "ascend"},
                                            {"ascend", "ascend"},
                                            {"qualcomm", "qualcomm"},
                                            {"apple", "apple"},
                                            {"imagination", "img"},
                                            {"arm", "arm"}}};
  for (std::string_view source : {facts.device_vendor, facts.platform_vendor, facts.platform_name})
    for (const Rule& rule : by_vendor)
      if (ContainsWord(source, rule.word)) return rule.family;
  return "xpu";
}

constexpr bool IsHex(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace identity_detail

/// `<family>-<uuid>` where the device has a uuid and is no CPU, else `<family>-<pci address>`, else `<family>-<kind><index>` (`intel-gpu0`: a vendor's
/// card without either must not be taken for its CPU driver). CPU devices are `<family>-<index>`: PoCL derives its uuid from the host, so two drivers or
/// two releases could collide.
[[nodiscard]] constexpr XpuId IdentifyXpu(const DeviceFacts& facts) noexcept {
  std::array<char, XpuId::kMaxLength> text{};
  std::size_t n = 0;
  const auto append = [&](std::string_view part) {
    for (const char raw : part) {
      if (n == text.size()) return;
      const char c = identity_detail::Lower(raw);
      const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
      text[n++] = allowed ? c : '-';
    }
  };
  append(identity_detail::Family(facts));
  append("-");
  const std::size_t family_end = n;
  if (facts.kind != XpuKind::kCpu) {
    std::string_view uuid = facts.uuid;  // NVML says "GPU-1a2b…", OpenCL gives plain hex: keep the digits only
    if (uuid.size() > 4 && identity_detail::ContainsWord(uuid.substr(0, 4), "gpu-")) uuid.remove_prefix(4);
    for (const char raw : uuid) {
      const char c = identity_detail::Lower(raw);
      if (identity_detail::IsHex(c)) append({&c, 1});
    }
    if (n - family_end < 8) {  // no uuid, or a form too short to name anything
      n = family_end;
      append(facts.pci_address);
    }
  }
  if (n == family_end) {
    if (facts.kind != XpuKind::kCpu) append(KindName(facts.kind));
    std::array<char, 10> digits{};
    std::size_t k = digits.size();
    std::uint32_t value = facts.index;
    do {
      digits[--k] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    append({digits.data() + k, digits.size() - k});
  }
  const auto id = XpuId::Parse({text.data(), n});
  return id ? *id : XpuId{};
}

}  // namespace flexai
