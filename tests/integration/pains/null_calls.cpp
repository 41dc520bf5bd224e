// Calls every function of the table api/hooks/opencl.def that the loader exports with nothing but zeros, and again with a good first argument and zeros for
// the rest; each call in a child of its own. Prints how each ended, so that a bare run and one in a slice can be compared. Knows nothing of flexai.
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>

namespace {

constexpr const char* kNames[] = {
#define FLEXAI_API(name, since, local, remote) #name,
#include "api/hooks/opencl.def"
};

constexpr unsigned kPatienceSeconds = 20;
constexpr int kNoObjects = 3;

struct Device {
  cl_platform_id platform = nullptr;
  cl_device_id device = nullptr;
  cl_context context = nullptr;
};

// A thing that could not be made ends the child: its call would say nothing.
template <class T>
T Made(T object) {
  if (object != nullptr) return object;
  std::puts("the driver makes no objects");
  std::fflush(stdout);
  _exit(kNoObjects);
}

Device Open() {
  Device d;
  clGetPlatformIDs(1, &d.platform, nullptr);
  clGetDeviceIDs(d.platform, CL_DEVICE_TYPE_ALL, 1, &d.device, nullptr);
  d.context = Made(clCreateContext(nullptr, 1, &d.device, nullptr, nullptr, nullptr));
  return d;
}

cl_program Program(const Device& d) {
  const char* source = "kernel void k(global int* x) { x[0] = 1; }";
  cl_program program = Made(clCreateProgramWithSource(d.context, 1, &source, nullptr, nullptr));
  clBuildProgram(program, 1, &d.device, "", nullptr, nullptr);
  return program;
}

// The object that a function of this name takes first, made for it; nothing for those that take none.
void* FirstArgument(std::string_view name, const Device& d) {
  const auto says = [&](const char* word) { return name.find(word) != name.npos; };
  const bool creates = name.starts_with("clCreate");
  if (says("Enqueue") || says("CommandQueue") || name == "clFlush" || name == "clFinish") {
    return creates ? static_cast<void*>(d.context) : Made(clCreateCommandQueue(d.context, d.device, 0, nullptr));
  }
  if (says("PlatformInfo") || says("GetDeviceIDs") || says("ForPlatform") || says("UnloadPlatform")) return d.platform;
  if (says("KernelsInProgram") || name == "clCreateKernel") return Program(d);
  if (says("clCreateProgram") || says("LinkProgram")) return d.context;
  if (says("Program")) return Program(d);
  if (says("Kernel")) return Made(clCreateKernel(Program(d), "k", nullptr));
  if (says("Device")) return says("clCreateContext") ? nullptr : d.device;
  if (says("clCreateSubBuffer") || says("MemObject") || says("GetImageInfo"))
    return Made(clCreateBuffer(d.context, CL_MEM_READ_WRITE, 4096, nullptr, nullptr));
  if (says("clCreateContext") || says("ExtensionFunction") || says("WaitForEvents") || says("GetPlatformIDs") || says("Unload"))
    return nullptr;
  if (says("Event")) return creates ? static_cast<void*>(d.context) : Made(clCreateUserEvent(d.context, nullptr));
  return d.context;
}

// All functions take words; those that are not there are zero whatever the function makes of them.
using AnyFunction = std::intptr_t (*)(void*, void*, void*, void*, void*, void*, void*, void*, void*, void*, void*, void*, void*, void*);

// Functions answer with an error code or with a pointer; a pointer's value is nobody's business, whether there is one is.
bool AnswersPointer(std::string_view name) {
  return (name.starts_with("clCreate") && name != "clCreateSubDevices" && name != "clCreateSubDevicesEXT" &&
          name != "clCreateKernelsInProgram") ||
         name == "clLinkProgram" || name == "clCloneKernel" || name == "clSVMAlloc" || name.starts_with("clGetExtensionFunction") ||
         name == "clEnqueueMapBuffer" || name == "clEnqueueMapImage";
}
bool AnswersNothing(std::string_view name) { return name == "clSVMFree"; }

void Try(const char* name, AnyFunction function, bool with_object) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    alarm(kPatienceSeconds);
    const Device opened = Open();
    void* first = with_object ? FirstArgument(name, opened) : nullptr;
    const std::intptr_t answer = function(first, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                                          nullptr, nullptr, nullptr);
    std::string text = AnswersNothing(name)   ? "returned"
                       : AnswersPointer(name) ? (answer != 0 ? "something" : "nothing")
                                              : std::to_string(static_cast<cl_int>(answer));
    std::printf("%s %s: %s\n", name, with_object ? "object" : "zeros", text.c_str());
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) std::printf("%s %s: signal %d\n", name, with_object ? "object" : "zeros", WTERMSIG(status));
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoObjects) std::exit(kNoObjects);
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
    std::printf("%s %s: exit %d\n", name, with_object ? "object" : "zeros", WEXITSTATUS(status));
}

}  // namespace

int main() {
  for (const char* name : kNames) {
    void* symbol = dlsym(RTLD_DEFAULT, name);
    if (symbol == nullptr) continue;  // reached through the look-up of extensions
    for (const bool with_object : {false, true}) Try(name, reinterpret_cast<AnyFunction>(symbol), with_object);
  }
}
