// OpenCL through the loader that applications use. The parent has set the variables so that the loader sees one driver only.
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <vector>

#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>

#include "core/opencl_facts.hpp"
#include "device/opencl_drivers.hpp"
#include "device/probe.hpp"

namespace flexai::device {
namespace {

constexpr cl_int kNoPlatform = -1001;  // CL_PLATFORM_NOT_FOUND_KHR of cl_khr_icd

struct Api {
  decltype(&clGetPlatformIDs) get_platform_ids = nullptr;
  decltype(&clGetPlatformInfo) get_platform_info = nullptr;
  decltype(&clGetDeviceIDs) get_device_ids = nullptr;
  decltype(&clGetDeviceInfo) get_device_info = nullptr;

  [[nodiscard]] bool Load(void* library) {
    return Get(library, "clGetPlatformIDs", get_platform_ids) && Get(library, "clGetPlatformInfo", get_platform_info) &&
           Get(library, "clGetDeviceIDs", get_device_ids) && Get(library, "clGetDeviceInfo", get_device_info);
  }

 private:
  template <class Function>
  static bool Get(void* library, const char* name, Function& out) {
    out = reinterpret_cast<Function>(dlsym(library, name));
    return out != nullptr;
  }
};

struct PlatformQuery {
  const Api& api;
  cl_platform_id platform;
  std::size_t operator()(std::uint32_t param, std::size_t bytes, void* out) const {
    std::size_t written = 0;
    return api.get_platform_info(platform, param, bytes, out, &written) == CL_SUCCESS ? written : 0;
  }
};

struct DeviceQuery {
  const Api& api;
  cl_device_id device;
  std::size_t operator()(std::uint32_t param, std::size_t bytes, void* out) const {
    std::size_t written = 0;
    return api.get_device_info(device, param, bytes, out, &written) == CL_SUCCESS ? written : 0;
  }
  [[nodiscard]] std::string Text(cl_device_info param) const {
    std::array<char, 1024> text{};
    const std::size_t n = (*this)(param, text.size() - 1, text.data());
    return n < text.size() ? std::string(text.data()) : std::string();
  }
  template <class T>
  [[nodiscard]] std::optional<T> Number(cl_device_info param) const {
    T value{};
    if ((*this)(param, sizeof value, &value) != sizeof value) return std::nullopt;
    return value;
  }
};

// Extension strings run to kilobytes, and drivers refuse a buffer that is too small.
template <class Query>
std::string LongText(const Query& query, std::uint32_t param) {
  std::string text(32 << 10, '\0');
  const std::size_t n = query(param, text.size() - 1, text.data());
  text.resize(std::min(n, text.size()));
  return text.substr(0, text.find('\0'));
}

// A platform begins with a pointer to its driver's table of functions (cl_khr_icd): the file those functions are in is the driver. Under a layer it is
// still the driver's own table. Drivers leave the entries that the loader answers itself empty; the first few never all.
std::string LibraryOf(cl_platform_id platform, std::string_view named) {
  constexpr int kLooked = 8;
  void* const* table = *reinterpret_cast<void* const* const*>(platform);
  for (int i = 0; table != nullptr && i < kLooked; ++i) {
    Dl_info info{};
    if (table[i] != nullptr && dladdr(table[i], &info) != 0 && info.dli_fname != nullptr) return FindLibrary(info.dli_fname, {});
  }
  return std::string(named);
}

void ProbePlatform(const ProbeReport& report, const Api& api, cl_platform_id platform, std::string_view source, std::string_view named) {
  const PlatformQuery platform_query{api, platform};
  std::array<char, 256> name{};
  platform_query(CL_PLATFORM_NAME, name.size() - 1, name.data());
  const std::string library = LibraryOf(platform, named);

  report.Step("clGetDeviceIDs");
  cl_uint count = 0;
  // CL_DEVICE_NOT_FOUND is how a platform without devices answers (Mesa's Clover on a machine without a card).
  if (api.get_device_ids(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count) != CL_SUCCESS) count = 0;
  std::vector<cl_device_id> devices(count);
  if (count > 0 && api.get_device_ids(platform, CL_DEVICE_TYPE_ALL, count, devices.data(), nullptr) != CL_SUCCESS) devices.clear();
  report.Platform(name.data(), library, devices.size());

  for (std::uint32_t i = 0; i < devices.size(); ++i) {
    report.Step("clGetDeviceInfo of device " + std::to_string(i));
    const DeviceQuery query{api, devices[i]};
    const OpenClFacts read = OpenClFacts::Read(platform_query, query, i);
    const DeviceFacts facts = read.facts();
    Xpu xpu;
    xpu.id = read.id();
    xpu.kind = facts.kind;
    xpu.vendor = facts.device_vendor;
    xpu.model = facts.device_name;
    if (const auto memory = query.Number<cl_ulong>(CL_DEVICE_GLOBAL_MEM_SIZE); memory && *memory != 0) xpu.memory = Bytes{*memory};
    xpu.compute_units = query.Number<cl_uint>(CL_DEVICE_MAX_COMPUTE_UNITS);
    xpu.driver_version = query.Text(CL_DRIVER_VERSION);
    xpu.platform = facts.platform_name;
    xpu.driver_library = library;
    xpu.uuid = facts.uuid;
    xpu.pci_address = facts.pci_address;
    xpu.extensions = LongText(platform_query, CL_PLATFORM_EXTENSIONS) + " " + LongText(query, CL_DEVICE_EXTENSIONS);
    xpu.sources = {std::string(source)};
    report.Found(xpu);
  }
}

void* OpenLoader() {
  void* loader = nullptr;
  for (const char* name : {"libOpenCL.so.1", "libOpenCL.so"})
    if (loader == nullptr) loader = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  return loader;
}

}  // namespace

void ProbeLayer(const ProbeReport& report, const std::string& layer) {
  report.Step("loading libOpenCL.so.1");
  void* loader = OpenLoader();
  Api api;
  if (loader == nullptr || !api.Load(loader)) return report.Missing("libOpenCL.so.1");
  report.Step("clGetPlatformIDs");
  cl_uint count = 0;
  (void)api.get_platform_ids(0, nullptr, &count);  // loaders load their layers at the first call
  if (dlopen(layer.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD) != nullptr) return;
  // The loader passed over it without a word: is it the layer that cannot be loaded, or the loader that loads none?
  dlerror();
  if (dlopen(layer.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr) return report.Failed("the loader does not load layers");
  const char* why = dlerror();
  report.Failed(why != nullptr ? why : layer + " cannot be loaded");
}

void ProbeOpenCl(const ProbeReport& report, std::string_view source, std::string_view library) {
  report.Step("loading libOpenCL.so.1");
  void* loader = OpenLoader();
  if (loader == nullptr) return report.Missing("libOpenCL.so.1");
  Api api;
  if (!api.Load(loader)) return report.Failed("libOpenCL.so.1 is no OpenCL library");
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(api.get_platform_ids), &info) != 0 && info.dli_fname != nullptr)
    report.Loader(FindLibrary(info.dli_fname, {}));

  report.Step("clGetPlatformIDs");
  cl_uint count = 0;
  const cl_int error = api.get_platform_ids(0, nullptr, &count);
  if (error != CL_SUCCESS && error != kNoPlatform) return report.Failed("clGetPlatformIDs failed with " + std::to_string(error));
  if (error == kNoPlatform || count == 0) {
    if (library.empty()) return report.Missing("an OpenCL driver");
    // The loader passes over a driver it cannot load without a word: this finds the word.
    report.Step("loading " + std::string(library));
    const std::string name(library);
    dlerror();
    if (dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL) == nullptr) {
      const char* why = dlerror();
      return report.Failed(why != nullptr ? why : name + " cannot be loaded");
    }
    return report.Failed(name + " offers no platform");
  }
  std::vector<cl_platform_id> platforms(count);
  if (api.get_platform_ids(count, platforms.data(), nullptr) != CL_SUCCESS) return report.Failed("clGetPlatformIDs failed the second time");
  for (cl_platform_id platform : platforms) ProbePlatform(report, api, platform, source, library.empty() ? "libOpenCL.so.1" : library);
}

}  // namespace flexai::device
