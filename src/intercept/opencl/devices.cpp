#include "intercept/opencl/devices.hpp"

#include <cstdlib>
#include <new>
#include <string_view>

#include "core/opencl_facts.hpp"
#include "intercept/opencl/attach.hpp"
#include "intercept/opencl/device_list.hpp"
#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"

namespace flexai::opencl {
namespace {

constexpr std::string_view kRemotePlatform = "flexai remote pool";

struct Platform {
  cl_platform_id handle = nullptr;
  Platform* next = nullptr;
  cl_uint count = 0;
  Device* devices = nullptr;
};

// Only ever grows, at its head.
std::atomic<Platform*> platforms{nullptr};

struct PlatformQuery {
  cl_platform_id platform;
  std::size_t operator()(std::uint32_t name, std::size_t bytes, void* out) const noexcept {
    std::size_t written = 0;
    return Next().clGetPlatformInfo(platform, name, bytes, out, &written) == CL_SUCCESS ? written : 0;
  }
};

struct DeviceQuery {
  cl_device_id device;
  std::size_t operator()(std::uint32_t name, std::size_t bytes, void* out) const noexcept {
    std::size_t written = 0;
    return Next().clGetDeviceInfo(device, name, bytes, out, &written) == CL_SUCCESS ? written : 0;
  }
};

const Platform* FindPlatform(const Platform* from, const Platform* to, cl_platform_id handle) noexcept {
  for (const Platform* platform = from; platform != to; platform = platform->next) {
    if (platform->handle == handle) return platform;
  }
  return nullptr;
}

// Asks the driver for all its devices, once. Null when it has none or memory is short; the next caller asks again.
const Platform* ListPlatform(cl_platform_id handle) noexcept {
  Platform* head = platforms.load(std::memory_order_acquire);
  if (const Platform* known = FindPlatform(head, nullptr, handle)) return known;
  DeviceList list;
  if (list.Fetch(handle, CL_DEVICE_TYPE_ALL) != CL_SUCCESS || list.count() == 0) return nullptr;

  void* room = std::malloc(sizeof(Platform) + list.count() * sizeof(Device));
  if (room == nullptr) return nullptr;
  static_assert(alignof(Device) <= alignof(Platform) && sizeof(Platform) % alignof(Device) == 0);
  auto* platform = new (room) Platform;
  platform->handle = handle;
  platform->count = list.count();
  platform->devices = reinterpret_cast<Device*>(platform + 1);
  const PlatformQuery ask_platform{handle};
  char name[256] = {};
  const bool remote = ask_platform(CL_PLATFORM_NAME, sizeof name - 1, name) != 0 && name == kRemotePlatform;
  for (cl_uint i = 0; i < list.count(); ++i) {
    auto* device = new (&platform->devices[i]) Device;
    const DeviceQuery ask{list.data()[i]};
    device->handle = list.data()[i];
    device->left_alone = remote;
    device->xpu = OpenClFacts::Read(ask_platform, ask, i).id();
    cl_ulong most = 0;
    if (ask(CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof most, &most) == sizeof most) device->most_one_buffer = most;
  }

  // Another thread may list the same platform at the same time: one list wins, so that a device has one address.
  for (;;) {
    platform->next = head;
    if (platforms.compare_exchange_weak(head, platform, std::memory_order_acq_rel)) return platform;
    if (const Platform* known = FindPlatform(head, platform->next, handle)) {
      std::free(room);
      return known;
    }
  }
}

const Device* FindListed(cl_device_id device) noexcept {
  for (const Platform* platform = platforms.load(std::memory_order_acquire); platform != nullptr; platform = platform->next) {
    for (cl_uint i = 0; i < platform->count; ++i) {
      if (platform->devices[i].handle == device) return &platform->devices[i];
    }
  }
  return nullptr;
}

}  // namespace

const Device* RootDevice(cl_device_id device) noexcept {
  constexpr int kDeepest = 16;  // sub-devices of sub-devices; a driver that answers in circles ends here
  for (int depth = 0; device != nullptr && depth < kDeepest; ++depth) {
    if (const Device* known = FindListed(device)) return known;
    cl_platform_id platform = nullptr;
    if (Next().clGetDeviceInfo(device, CL_DEVICE_PLATFORM, sizeof platform, &platform, nullptr) != CL_SUCCESS) return nullptr;
    (void)ListPlatform(platform);
    if (const Device* known = FindListed(device)) return known;
    cl_device_id parent = nullptr;
    if (Next().clGetDeviceInfo(device, CL_DEVICE_PARENT_DEVICE, sizeof parent, &parent, nullptr) != CL_SUCCESS) return nullptr;
    device = parent;
  }
  return nullptr;
}

slice::Tenant* TenantOf(const Device& device) noexcept {
  if (device.left_alone || !EnsureAttached()) return nullptr;
  slice::Tenant* tenant = device.tenant.load(std::memory_order_relaxed);
  if (tenant != nullptr && tenant->xpu() == device.xpu) return tenant;
  tenant = slice::Membership::Process().Find(device.xpu);
  device.tenant.store(tenant, std::memory_order_relaxed);
  return tenant;
}

slice::Tenant* TenantOfDevice(cl_device_id device) noexcept {
  const Device* root = RootDevice(device);
  return root != nullptr ? TenantOf(*root) : nullptr;
}

bool IsVisible(cl_device_id device) noexcept {
  const Device* root = RootDevice(device);
  return root != nullptr && (root->left_alone || TenantOf(*root) != nullptr);
}

bool RefuseHidden(cl_device_id device) noexcept {
  if (IsVisible(device)) return false;
  CountBypassAttempt();
  return true;
}

namespace hook {

cl_int clGetDeviceIDs(cl_platform_id platform, cl_device_type device_type, cl_uint num_entries, cl_device_id* devices,
                      cl_uint* num_devices) {
  if ((num_entries == 0 && devices != nullptr) || (devices == nullptr && num_devices == nullptr)) {
    // The driver says what is wrong with it; one that finds nothing wrong gets past neither of us.
    const cl_int status = Next().clGetDeviceIDs(platform, device_type, num_entries, devices, num_devices);
    if (status != CL_SUCCESS) return status;
  }
  DeviceList list;
  const cl_int status = list.FetchVisible(platform, device_type);
  if (status != CL_SUCCESS && list.hidden() == 0) return status;  // the driver's own
  if (num_devices != nullptr) *num_devices = list.count();
  if (devices != nullptr) {
    for (cl_uint i = 0; i < list.count() && i < num_entries; ++i) devices[i] = list.data()[i];
  }
  return status;
}

cl_int clCreateSubDevices(cl_device_id in_device, const cl_device_partition_property* properties, cl_uint num_devices,
                          cl_device_id* out_devices, cl_uint* num_devices_ret) {
  if (in_device != nullptr && RefuseHidden(in_device)) return CL_INVALID_DEVICE;
  return Next().clCreateSubDevices(in_device, properties, num_devices, out_devices, num_devices_ret);
}

cl_int clCreateSubDevicesEXT(cl_device_id in_device, const cl_device_partition_property_ext* properties, cl_uint num_entries,
                             cl_device_id* out_devices, cl_uint* num_devices) {
  if (in_device != nullptr && RefuseHidden(in_device)) return CL_INVALID_DEVICE;
  return Next().clCreateSubDevicesEXT(in_device, properties, num_entries, out_devices, num_devices);
}

}  // namespace hook
}  // namespace flexai::opencl
