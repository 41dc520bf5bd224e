/* DCMI with one card of two chips: the first answers everything, the second only what every release has. */
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

struct ChipInfo {
  unsigned char chip_type[32], chip_name[32], chip_version[32];
  unsigned aicore_count;
};
struct PcieInfo {
  unsigned vendor, subvendor, device_id, subdevice;
  int domain;
  unsigned bus, device, function;
  unsigned char reserved[32];
};
struct HbmInfo {
  unsigned long long memory_size_mib;
  unsigned frequency;
  unsigned long long memory_usage_mib;
  int temperature;
  unsigned bandwidth_percent;
};
struct DieId {
  unsigned words[5];
};
enum { kNotSupported = -8255 };

EXPORT int dcmi_init(void) { return 0; }
EXPORT int dcmi_get_card_list(int* count, int* cards, int room) {
  if (room < 1) return -8001;
  *count = 1;
  cards[0] = 4;
  return 0;
}
EXPORT int dcmi_get_device_num_in_card(int card, int* count) {
  *count = card == 4 ? 2 : 0;
  return 0;
}
EXPORT int dcmi_get_device_chip_info(int card, int device, struct ChipInfo* out) {
  (void)card, (void)device;
  strcpy((char*)out->chip_type, "Ascend");
  strcpy((char*)out->chip_name, "910B3");
  out->aicore_count = 20;
  return 0;
}
EXPORT int dcmi_get_device_pcie_info_v2(int card, int device, struct PcieInfo* out) {
  (void)card;
  if (device != 0) return kNotSupported;
  out->vendor = 0x19e5;
  out->bus = 0xc1;
  return 0;
}
EXPORT int dcmi_get_device_hbm_info(int card, int device, struct HbmInfo* out) {
  (void)card;
  if (device != 0) return kNotSupported;
  out->memory_size_mib = 65536;
  return 0;
}
EXPORT int dcmi_get_device_die_v2(int card, int device, int type, struct DieId* out) {
  (void)card, (void)type;
  if (device != 0) return kNotSupported;
  for (unsigned i = 0; i < 5; ++i) out->words[i] = 0xa0000000u + i;
  return 0;
}
EXPORT int dcmi_get_driver_version(char* out, unsigned room) {
  snprintf(out, room, "24.1.0");
  return 0;
}
