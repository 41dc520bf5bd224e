// Which OpenCL drivers a loader would load, read from the same places: the vendors folder and the variables that replace it. Only reads small text files;
// no driver is touched. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace flexai::device {

/// The variables that loaders read. Empty: not set.
struct OpenClEnvironment {
  std::string_view ocl_icd_vendors;     // OCL_ICD_VENDORS: a folder; for ocl-icd also an .icd file or a library
  std::string_view opencl_vendor_path;  // OPENCL_VENDOR_PATH: a folder (ocl-icd)
  std::string_view ocl_icd_filenames;   // OCL_ICD_FILENAMES: more libraries or .icd files (Khronos)
  std::string_view ld_library_path;
};

struct OpenClDriver {
  std::string name;     // for people: the file's name, "pocl.icd"
  std::string icd;      // the .icd file; empty when a variable names the library itself
  std::string library;  // what the loader hands to dlopen; empty when the file cannot be read or names nothing
  std::string trouble;  // why `library` is empty, else empty
};

/// In the order of their names. `default_folder` is /etc/OpenCL/vendors outside tests.
[[nodiscard]] std::vector<OpenClDriver> ListOpenClDrivers(const OpenClEnvironment& environment,
                                                          std::string_view default_folder = "/etc/OpenCL/vendors");

/// Where dlopen would find `library`, or nothing when it lies in no folder we know. Follows LD_LIBRARY_PATH and the system's folders; symbolic links are
/// resolved, because that is the name in /proc/<pid>/maps.
[[nodiscard]] std::string FindLibrary(std::string_view library, std::string_view ld_library_path);

}  // namespace flexai::device
