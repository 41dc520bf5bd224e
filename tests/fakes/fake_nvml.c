/* NVML with two cards; card 0 is the one that the fake OpenCL driver shows. FAKE_NVML=lost: card 1 has fallen off the bus. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

struct PciInfo {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};
struct Memory {
  unsigned long long total, free, used;
};
typedef void* device_t;
enum { kSuccess = 0, kInvalidArgument = 2, kGpuIsLost = 15 };

static size_t IndexOf(device_t device) { return (size_t)device - 1; }
static int Text(char* out, unsigned room, const char* text) {
  snprintf(out, room, "%s", text);
  return kSuccess;
}

EXPORT int nvmlInit_v2(void) { return kSuccess; }
EXPORT const char* nvmlErrorString(int error) { return error == kGpuIsLost ? "GPU is lost" : "Unknown Error"; }
EXPORT int nvmlSystemGetDriverVersion(char* out, unsigned room) { return Text(out, room, "570.1"); }
EXPORT int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 2;
  return kSuccess;
}
EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, device_t* out) {
  const char* mode = getenv("FAKE_NVML");
  if (index > 1) return kInvalidArgument;
  if (index == 1 && mode != NULL && strcmp(mode, "lost") == 0) return kGpuIsLost;
  *out = (device_t)(size_t)(index + 1);
  return kSuccess;
}
EXPORT int nvmlDeviceGetName(device_t device, char* out, unsigned room) {
  return Text(out, room, IndexOf(device) == 0 ? "NVIDIA H100 80GB HBM3" : "NVIDIA A2");
}
EXPORT int nvmlDeviceGetUUID(device_t device, char* out, unsigned room) {
  return Text(out, room, IndexOf(device) == 0 ? "GPU-1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809" : "GPU-ffffffff-5e6f-7081-92a3-b4c5d6e7f809");
}
EXPORT int nvmlDeviceGetPciInfo_v3(device_t device, struct PciInfo* out) {
  out->bus = IndexOf(device) == 0 ? 0x3b : 0x5e;
  return kSuccess;
}
EXPORT int nvmlDeviceGetMemoryInfo(device_t device, struct Memory* out) {
  out->total = IndexOf(device) == 0 ? 80ULL << 30 : 16ULL << 30;
  return kSuccess;
}
