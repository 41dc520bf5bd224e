/* An OpenCL driver of one platform, loaded through an .icd file. MODE_<name> says how it behaves; see README.md. */
#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <CL/cl_ext.h>
#include <CL/cl_icd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

struct _cl_platform_id {
  const cl_icd_dispatch* dispatch;
};
struct _cl_device_id {
  const cl_icd_dispatch* dispatch;
};

static const cl_icd_dispatch kDispatch;
static struct _cl_platform_id platform = {&kDispatch};
__attribute__((unused)) static struct _cl_device_id device = {&kDispatch};

static void Misbehave(void) {
#ifdef MODE_crash
  raise(SIGSEGV);
#endif
#ifdef MODE_hang
  for (;;) pause();
#endif
#ifdef MODE_noisy
  printf("{\"xpu\": {\"id\": \"fooled-0\", \"kind\": \"gpu\"}}\nwelcome to the fake driver\n");
  fflush(stdout);
#endif
}

static cl_int Answer(const void* value, size_t bytes, size_t room, void* out, size_t* bytes_out) {
  if (out != NULL && room < bytes) return CL_INVALID_VALUE;
  if (out != NULL) memcpy(out, value, bytes);
  if (bytes_out != NULL) *bytes_out = bytes;
  return CL_SUCCESS;
}
#define ANSWER_TEXT(text) Answer(text, strlen(text) + 1, room, out, bytes_out)
#define ANSWER_VALUE(type, value) Answer(&(type){value}, sizeof(type), room, out, bytes_out)

EXPORT CL_API_ENTRY cl_int CL_API_CALL clGetPlatformInfo(cl_platform_id p, cl_platform_info name, size_t room, void* out,
                                                         size_t* bytes_out) {
  (void)p;
  switch (name) {
    case CL_PLATFORM_NAME: return ANSWER_TEXT("Fake OpenCL");
    case CL_PLATFORM_VENDOR: return ANSWER_TEXT("Fake vendor");
    case CL_PLATFORM_VERSION: return ANSWER_TEXT("OpenCL 3.0 fake");
    case CL_PLATFORM_PROFILE: return ANSWER_TEXT("FULL_PROFILE");
    case CL_PLATFORM_EXTENSIONS: return ANSWER_TEXT("cl_khr_icd");
    case CL_PLATFORM_ICD_SUFFIX_KHR: return ANSWER_TEXT("FAKE");
    default: return CL_INVALID_VALUE;
  }
}

static CL_API_ENTRY cl_int CL_API_CALL GetDeviceIds(cl_platform_id p, cl_device_type type, cl_uint room, cl_device_id* out,
                                                    cl_uint* count) {
  (void)p;
  Misbehave();
#ifdef MODE_empty
  (void)type, (void)room, (void)out;
  if (count != NULL) *count = 0;
  return CL_DEVICE_NOT_FOUND;
#else
  if ((type & CL_DEVICE_TYPE_GPU) == 0 && type != CL_DEVICE_TYPE_ALL) return CL_DEVICE_NOT_FOUND;
  if (count != NULL) *count = 1;
  if (out != NULL && room > 0) out[0] = &device;
  return CL_SUCCESS;
#endif
}

static CL_API_ENTRY cl_int CL_API_CALL GetDeviceInfo(cl_device_id d, cl_device_info name, size_t room, void* out, size_t* bytes_out) {
  (void)d;
  static const unsigned char kUuid[16] = {0x1a, 0x2b, 0x3c, 0x4d, 0x5e, 0x6f, 0x70, 0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8, 0x09};
  switch (name) {
    case CL_DEVICE_NAME: return ANSWER_TEXT("Fake H100");
    case CL_DEVICE_VENDOR: return ANSWER_TEXT("NVIDIA Corporation");
    case CL_DRIVER_VERSION: return ANSWER_TEXT("570.1");
    case CL_DEVICE_EXTENSIONS: return ANSWER_TEXT("");
    case CL_DEVICE_TYPE: return ANSWER_VALUE(cl_device_type, CL_DEVICE_TYPE_GPU);
    case CL_DEVICE_GLOBAL_MEM_SIZE: return ANSWER_VALUE(cl_ulong, (cl_ulong)80 << 30);
    case CL_DEVICE_MAX_COMPUTE_UNITS: return ANSWER_VALUE(cl_uint, 132);
    case CL_DEVICE_PLATFORM: return ANSWER_VALUE(cl_platform_id, &platform);
    case CL_DEVICE_UUID_KHR: return Answer(kUuid, sizeof kUuid, room, out, bytes_out);
    default: return CL_INVALID_VALUE;
  }
}

static const cl_icd_dispatch kDispatch = {
    .clGetPlatformInfo = clGetPlatformInfo,
    .clGetDeviceIDs = GetDeviceIds,
    .clGetDeviceInfo = GetDeviceInfo,
};

EXPORT CL_API_ENTRY cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id* out, cl_uint* count) {
#ifdef MODE_exits
  exit(0);
#endif
  if (count != NULL) *count = 1;
  if (out != NULL && room > 0) out[0] = &platform;
  return CL_SUCCESS;
}

EXPORT CL_API_ENTRY void* CL_API_CALL clGetExtensionFunctionAddress(const char* name) {
  if (strcmp(name, "clIcdGetPlatformIDsKHR") == 0) return (void*)(size_t)&clIcdGetPlatformIDsKHR;
  if (strcmp(name, "clGetPlatformInfo") == 0) return (void*)(size_t)&clGetPlatformInfo;
  return NULL;
}
