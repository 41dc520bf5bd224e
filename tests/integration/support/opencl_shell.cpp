// An OpenCL program that does as it is told: one command a line on stdin, one line of answer on stdout. Knows nothing of flexai, so the same commands go to
// a bare process and to one in a slice, and the answers are compared. Numbers are decimal or 0x…; an answer begins with the OpenCL status where the
// function has one. A name is any word; an object's name may be used again after its release.
//
//   platforms                     every platform with its number of devices, or the error of asking: "pocl=1;rusticl=-1;"
//   use WORD [INDEX]              works with the device INDEX of the platform whose name contains WORD
//   steal WORD INDEX              the same, asking the driver behind the loader's back
//   subdevice                     works with a part of the device (one compute unit)
//   devices TYPE ENTRIES          clGetDeviceIDs of the platform; how many it fills
//   info PARAM BYTES              clGetDeviceInfo with a buffer of BYTES; size and the first number
//   infosize PARAM                the same without a buffer
//   context NAME [all]            over the device, or over all of the platform; the last one made is used by what follows
//   context-type NAME TYPE        clCreateContextFromType; its devices
//   buffer NAME BYTES [FLAGS [host]]         host: with a pointer to as many bytes
//   buffer-props NAME BYTES
//   subbuffer NAME PARENT OFFSET BYTES
//   image NAME TYPE WIDTH HEIGHT DEPTH ARRAY [FLAGS [ROWPITCH [ORDER [CHANNEL]]]]   RGBA of 8 bits unless said; a pitch comes with host memory
//   image2d NAME WIDTH HEIGHT     clCreateImage2D        image3d NAME WIDTH HEIGHT DEPTH
//   bufferimage NAME BUFFER WIDTH HEIGHT                 2D image of a buffer
//   pipe NAME BYTES PACKETS
//   svm NAME BYTES [FLAGS]        svmfree NAME       svmbuffer NAME SVM BYTES    a buffer at an SVM pointer
//   svmenqueue NAME               frees through the queue, by the driver     svmenqueue-own NAME   by a function of ours
//   retain NAME | release NAME | size NAME | callbacks NAME COUNT   destructor callbacks; "called" tells their order
//   called
//   program NAME BYTES            builds a program with a variable of BYTES (0: none); "program-async" with a callback
//   kernel NAME PROGRAM | release-kernel NAME | release-program NAME
//   run NAME                      runs a kernel that holds the buffer; finish
//   race THREADS ROUNDS BYTES     allocates and frees at once; successes and failures by error
//   fork                          a child goes on with the shell ("child"); at its end the parent does ("parent STATUS")
//   quit                          ends without releasing anything
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_1_APIS
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl_icd.h>

namespace {

std::vector<std::string> words;
cl_platform_id platform;
cl_device_id device;
cl_context context;
cl_command_queue queue;
std::map<std::string, cl_context> contexts;
std::map<std::string, cl_mem> objects;
std::map<std::string, void*> svm;
std::map<std::string, cl_program> programs;
std::map<std::string, cl_kernel> kernels;
std::map<std::string, std::vector<char>> host;
std::string called;

std::uint64_t Number(std::size_t at, std::uint64_t otherwise = 0) {
  return at < words.size() ? std::strtoull(words[at].c_str(), nullptr, 0) : otherwise;
}
std::string Word(std::size_t at) { return at < words.size() ? words[at] : ""; }

template <class... Parts>
void Answer(const Parts&... parts) {
  std::string line;
  ((line += (std::ostringstream() << parts).str() + " "), ...);
  line.back() = '\n';
  if (write(1, line.data(), line.size()) < 0) _exit(1);
}

std::string NameOf(cl_platform_id which) {
  char name[256] = "";
  clGetPlatformInfo(which, CL_PLATFORM_NAME, sizeof name, name, nullptr);
  return name;
}

std::vector<cl_platform_id> Platforms() {
  cl_uint count = 0;
  if (clGetPlatformIDs(0, nullptr, &count) != CL_SUCCESS) return {};
  std::vector<cl_platform_id> list(count);
  clGetPlatformIDs(count, list.data(), nullptr);
  return list;
}

void ListPlatforms() {
  std::string line;
  for (cl_platform_id which : Platforms()) {
    cl_uint count = 0;
    const cl_int status = clGetDeviceIDs(which, CL_DEVICE_TYPE_ALL, 0, nullptr, &count);
    line += NameOf(which) + "=" + std::to_string(status != CL_SUCCESS ? status : static_cast<cl_int>(count)) + ";";
  }
  Answer(line);
}

void Use(bool behind) {
  platform = nullptr;
  for (cl_platform_id which : Platforms()) {
    std::string pattern = Word(1);
    for (char& c : pattern) c = c == '_' ? ' ' : c;
    if (NameOf(which).find(pattern) != std::string::npos) platform = which;
  }
  if (platform == nullptr) return Answer("none");
  cl_device_id list[16];
  cl_uint count = 0;
  const auto* table = *reinterpret_cast<const cl_icd_dispatch* const*>(platform);
  const cl_int status = (behind ? table->clGetDeviceIDs : clGetDeviceIDs)(platform, CL_DEVICE_TYPE_ALL, 16, list, &count);
  if (status != CL_SUCCESS || Number(2) >= count) return Answer(status != CL_SUCCESS ? status : CL_DEVICE_NOT_FOUND);
  device = list[Number(2)];
  Answer(0);
}

void SubDevice() {
  const cl_device_partition_property parts[] = {CL_DEVICE_PARTITION_BY_COUNTS, 1, CL_DEVICE_PARTITION_BY_COUNTS_LIST_END, 0};
  cl_device_id part = nullptr;
  const cl_int status = clCreateSubDevices(device, parts, 1, &part, nullptr);
  if (status == CL_SUCCESS) device = part;
  Answer(status);
}

void Devices() {
  std::vector<cl_device_id> list(Number(2) + 1, nullptr);
  cl_uint count = 77;
  const cl_int status =
      clGetDeviceIDs(platform, Number(1), static_cast<cl_uint>(Number(2)), Number(2) != 0 ? list.data() : nullptr, &count);
  int filled = 0;
  for (cl_device_id each : list) filled += each != nullptr;
  Answer(status, "count", count, "filled", filled);
}

void Info(bool with_buffer) {
  std::vector<char> bytes(std::max<std::size_t>(Number(2), 8), '\0');
  std::size_t size = 77;
  const cl_int status = clGetDeviceInfo(device, static_cast<cl_device_info>(Number(1)), with_buffer ? Number(2) : 0,
                                        with_buffer ? bytes.data() : nullptr, &size);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), size < sizeof value ? size : sizeof value);
  Answer(status, size, with_buffer ? value : 0);
}

void Adopt(cl_context made, cl_int status) {
  if (made != nullptr && status == CL_SUCCESS) {  // PoCL returns a handle with some errors
    contexts[Word(1)] = context = made;
    std::size_t bytes = 0;
    cl_device_id list[16];
    clGetContextInfo(made, CL_CONTEXT_DEVICES, sizeof list, list, &bytes);
    queue = clCreateCommandQueue(made, list[0], 0, nullptr);
    return Answer(status, "devices", bytes / sizeof list[0]);
  }
  Answer(status);
}

void Context() {
  cl_device_id list[16] = {device};
  cl_uint count = 1;
  if (Word(2) == "all") clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 16, list, &count);
  cl_int status = 77;
  cl_context made = clCreateContext(nullptr, count, list, nullptr, nullptr, &status);
  Adopt(made, status);
}

void ContextFromType() {
  const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, reinterpret_cast<cl_context_properties>(platform), 0};
  cl_int status = 77;
  cl_context made = clCreateContextFromType(properties, Number(2), nullptr, nullptr, &status);
  Adopt(made, status);
}

void Made(cl_mem object, cl_int status) {
  if (object != nullptr) objects[Word(1)] = object;
  Answer(status);
}

void* HostMemory(std::size_t bytes) {
  std::vector<char>& memory = host[Word(1)];
  memory.assign(bytes + 4096, 'x');
  return reinterpret_cast<void*>((reinterpret_cast<std::uintptr_t>(memory.data()) + 4095) & ~std::uintptr_t{4095});
}

void Buffer(bool with_properties) {
  cl_int status = 77;
  void* pointer = Word(4) == "host" ? HostMemory(Number(2)) : nullptr;
  const cl_mem_flags flags = Number(3, CL_MEM_READ_WRITE);
  cl_mem made = with_properties ? clCreateBufferWithProperties(context, nullptr, flags, Number(2), pointer, &status)
                                : clCreateBuffer(context, flags, Number(2), pointer, &status);
  Made(made, status);
}

void SubBuffer() {
  const cl_buffer_region region{Number(3), Number(4)};
  cl_int status = 77;
  cl_mem made = clCreateSubBuffer(objects[Word(2)], 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &status);
  Made(made, status);
}

void Image() {
  const cl_image_format format{static_cast<cl_channel_order>(Number(9, CL_RGBA)), static_cast<cl_channel_type>(Number(10, CL_UNORM_INT8))};
  cl_image_desc desc = {};
  desc.image_type = Word(2) == "1d"        ? CL_MEM_OBJECT_IMAGE1D
                    : Word(2) == "1darray" ? CL_MEM_OBJECT_IMAGE1D_ARRAY
                    : Word(2) == "2d"      ? CL_MEM_OBJECT_IMAGE2D
                    : Word(2) == "2darray" ? CL_MEM_OBJECT_IMAGE2D_ARRAY
                                           : CL_MEM_OBJECT_IMAGE3D;
  desc.image_width = Number(3);
  desc.image_height = Number(4);
  desc.image_depth = Number(5);
  desc.image_array_size = Number(6);
  desc.image_row_pitch = Number(8);
  void* pointer = desc.image_row_pitch != 0 ? HostMemory(desc.image_row_pitch * std::max<std::size_t>(desc.image_height, 1)) : nullptr;
  cl_int status = 77;
  cl_mem made = clCreateImage(context, Number(7, CL_MEM_READ_WRITE), &format, &desc, pointer, &status);
  Made(made, status);
}

void OldImage(bool three) {
  const cl_image_format format{CL_RGBA, CL_UNORM_INT8};
  cl_int status = 77;
  cl_mem made = three ? clCreateImage3D(context, CL_MEM_READ_WRITE, &format, Number(2), Number(3), Number(4), 0, 0, nullptr, &status)
                      : clCreateImage2D(context, CL_MEM_READ_WRITE, &format, Number(2), Number(3), 0, nullptr, &status);
  Made(made, status);
}

void BufferImage() {
  const cl_image_format format{CL_RGBA, CL_UNORM_INT8};
  cl_image_desc desc = {};
  desc.image_type = CL_MEM_OBJECT_IMAGE2D;
  desc.image_width = Number(3);
  desc.image_height = Number(4);
  desc.mem_object = objects[Word(2)];
  cl_int status = 77;
  cl_mem made = clCreateImage(context, CL_MEM_READ_WRITE, &format, &desc, nullptr, &status);
  Made(made, status);
}

void Pipe() {
  cl_int status = 77;
  cl_mem made = clCreatePipe(context, CL_MEM_READ_WRITE | CL_MEM_HOST_NO_ACCESS, static_cast<cl_uint>(Number(2)),
                             static_cast<cl_uint>(Number(3)), nullptr, &status);
  Made(made, status);
}

void Svm() {
  void* pointer = clSVMAlloc(context, Number(3, CL_MEM_READ_WRITE), Number(2), 0);
  if (pointer != nullptr) svm[Word(1)] = pointer;
  Answer(pointer != nullptr ? "some" : "null");
}

void CL_CALLBACK FreeOwn(cl_command_queue, cl_uint count, void* pointers[], void*) {
  for (cl_uint i = 0; i < count; ++i) clSVMFree(context, pointers[i]);
}

void SvmEnqueue(bool own) {
  void* pointers[] = {svm[Word(1)]};
  const cl_int status = clEnqueueSVMFree(queue, 1, pointers, own ? FreeOwn : nullptr, nullptr, 0, nullptr, nullptr);
  Answer(status, clFinish(queue));
}

void SvmBuffer() {
  cl_int status = 77;
  cl_mem made = clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, Number(3), svm[Word(2)], &status);
  Made(made, status);
}

void Callbacks() {
  cl_mem object = objects[Word(1)];
  for (std::uintptr_t i = 0; i < Number(2); ++i) {
    clSetMemObjectDestructorCallback(
        object, [](cl_mem, void* which) { called += std::to_string(reinterpret_cast<std::uintptr_t>(which)); }, reinterpret_cast<void*>(i));
  }
  Answer(0);
}

void Size() {
  std::size_t size = 0;
  const cl_int status = clGetMemObjectInfo(objects[Word(1)], CL_MEM_SIZE, sizeof size, &size, nullptr);
  Answer(status, size);
}

void Program(bool async) {
  std::string source = "kernel void hold(global int* x) { x[0] += 1; }";
  if (Number(2) != 0) {
    source = "global int kept[" + std::to_string(Number(2) / 4) +
             "]; kernel void hold(global int* x) { kept[get_global_id(0)] += 1; x[0] += kept[0]; }";
  }
  const char* text = source.c_str();
  cl_program made = clCreateProgramWithSource(context, 1, &text, nullptr, nullptr);
  static std::atomic<bool> done;
  done = false;
  const char* options = Number(2) != 0 ? "-cl-std=CL3.0" : "";
  void(CL_CALLBACK * notify)(cl_program, void*) = [](cl_program, void*) { done = true; };
  const cl_int status = clBuildProgram(made, 0, nullptr, options, async ? notify : nullptr, nullptr);
  while (async && status == CL_SUCCESS && !done) std::this_thread::yield();
  programs[Word(1)] = made;
  Answer(status);
}

void Kernel() {
  cl_int status = 77;
  kernels[Word(1)] = clCreateKernel(programs[Word(2)], "hold", &status);
  Answer(status);
}

void Run() {
  cl_kernel kernel = kernels.begin()->second;
  const std::size_t one = 1;
  clSetKernelArg(kernel, 0, sizeof(cl_mem), &objects[Word(1)]);
  const cl_int status = clEnqueueNDRangeKernel(queue, kernel, 1, nullptr, &one, nullptr, 0, nullptr, nullptr);
  Answer(status, clFinish(queue));
}

void Race() {
  std::atomic<std::uint64_t> made{0}, refused{0}, other{0};
  std::vector<std::thread> threads;
  const std::uint64_t count = Number(1), rounds = Number(2), bytes = Number(3);
  for (std::uint64_t t = 0; t < count; ++t) {
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; i < rounds; ++i) {
        cl_int status = 77;
        cl_mem object = clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, nullptr, &status);
        (status == CL_SUCCESS ? made : status == CL_MEM_OBJECT_ALLOCATION_FAILURE ? refused : other) += 1;
        if (object != nullptr) clReleaseMemObject(object);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Answer("made", made, "refused", refused, "other", other);
}

void Fork() {
  const pid_t child = fork();
  if (child == 0) return Answer("child");
  int status = 0;
  waitpid(child, &status, 0);
  Answer("parent", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

template <class Map, class Release>
void ReleaseNamed(Map& map, Release release) {
  const auto found = map.find(Word(1));
  if (found == map.end()) return Answer("unknown");
  const auto object = found->second;
  Answer(release(object));
}

const std::map<std::string, std::function<void()>> kCommands = {
    {"platforms", ListPlatforms},
    {"use", [] { Use(false); }},
    {"steal", [] { Use(true); }},
    {"subdevice", SubDevice},
    {"devices", Devices},
    {"info", [] { Info(true); }},
    {"infosize", [] { Info(false); }},
    {"context", Context},
    {"context-type", ContextFromType},
    {"buffer", [] { Buffer(false); }},
    {"buffer-props", [] { Buffer(true); }},
    {"subbuffer", SubBuffer},
    {"image", Image},
    {"image2d", [] { OldImage(false); }},
    {"image3d", [] { OldImage(true); }},
    {"bufferimage", BufferImage},
    {"pipe", Pipe},
    {"svm", Svm},
    {"svmfree", [] { Answer((clSVMFree(context, svm[Word(1)]), 0)); }},
    {"svmenqueue", [] { SvmEnqueue(false); }},
    {"svmenqueue-own", [] { SvmEnqueue(true); }},
    {"svmbuffer", SvmBuffer},
    {"callbacks", Callbacks},
    {"called", [] { Answer(called.empty() ? "none" : called); }},
    {"retain", [] { ReleaseNamed(objects, clRetainMemObject); }},
    {"release", [] { ReleaseNamed(objects, clReleaseMemObject); }},
    {"size", Size},
    {"program", [] { Program(false); }},
    {"program-async", [] { Program(true); }},
    {"kernel", Kernel},
    {"release-program", [] { ReleaseNamed(programs, clReleaseProgram); }},
    {"release-kernel", [] { ReleaseNamed(kernels, clReleaseKernel); }},
    {"run", Run},
    {"race", Race},
    {"fork", Fork},
    {"quit", [] { _exit(0); }},
};

}  // namespace

int main() {
  std::string line;
  for (;;) {
    // Byte by byte: what a child of fork has not read must be left to its parent.
    line.clear();
    for (char c = 0; c != '\n';) {
      if (read(0, &c, 1) != 1) return 0;
      if (c != '\n') line += c;
    }
    std::istringstream stream(line);
    words.assign(std::istream_iterator<std::string>(stream), {});
    const auto found = words.empty() ? kCommands.end() : kCommands.find(words[0]);
    if (found == kCommands.end()) {
      Answer("unknown", "command");
    } else {
      found->second();
    }
  }
}
