// The child's side of discovery: one source of XPUs (an OpenCL driver, NVML, DCMI, sysfs) is asked, and what it says goes to a pipe as one JSON object per
// line. The last "step" line of a child that hung or crashed tells where. Runs in a process of its own, alone: vendor code may do anything in it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "device/xpu.hpp"

namespace flexai::device {

/// The word after the program's name that makes it a discovery child. Not in any help text.
inline constexpr std::string_view kDiscoverCommand = "__discover";

/// Writes the lines. Each is written at once: nothing is lost when the next call into the driver never returns.
class ProbeReport {
 public:
  explicit ProbeReport(int fd) : fd_(fd) {}
  void Step(std::string_view what) const;    // before a call into a driver
  void Loader(std::string_view path) const;  // the OpenCL loader in use
  void Platform(std::string_view name, std::string_view library,
                std::size_t devices) const;  // an OpenCL platform and the file its code is in
  void Found(const Xpu& xpu) const;
  void Missing(std::string_view what) const;  // the library is not installed: no fault
  void Failed(std::string_view what) const;   // it is there and refuses
  void Done() const;

 private:
  void Line(const Document& document) const;
  int fd_;
};

void ProbeOpenCl(const ProbeReport& report, std::string_view source, std::string_view library);
/// Whether the loader, which the parent has told to load `layer`, did. Failed says why not.
void ProbeLayer(const ProbeReport& report, const std::string& layer);
void ProbeNvml(const ProbeReport& report);
void ProbeDcmi(const ProbeReport& report);
void ProbeSysfs(const ProbeReport& report, const std::string& root);

/// Runs the probe that `arguments` name (what followed kDiscoverCommand) and ends the process without running the drivers' destructors: some crash there.
[[noreturn]] void RunProbe(std::span<const std::string> arguments);

}  // namespace flexai::device
