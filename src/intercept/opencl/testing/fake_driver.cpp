#include "intercept/opencl/testing/fake_driver.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/image_size.hpp"
#include "intercept/opencl/info_answer.hpp"

namespace flexai::opencl::testing {
namespace {

using Driver = FakeDriver;

FakeDriver& Fake() { return FakeDriver::Get(); }

template <class T, class Handle>
T* As(Handle handle) {
  return reinterpret_cast<T*>(handle);
}
template <class Handle, class T>
Handle From(T* object) {
  return reinterpret_cast<Handle>(object);
}

template <class T>
cl_int GiveValue(const T& value, std::size_t room, void* out, std::size_t* size_ret) {
  return GiveInfo(&value, sizeof value, room, out, size_ret);
}
cl_int GiveText(const char* text, std::size_t room, void* out, std::size_t* size_ret) {
  return GiveInfo(text, std::strlen(text) + 1, room, out, size_ret);
}

void Set(cl_int* error, cl_int value) {
  if (error != nullptr) *error = value;
}

constexpr cl_mem_flags kKnownFlags =
    CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR;

bool AreGood(cl_mem_flags flags, const void* host_ptr) {
  if ((flags & ~kKnownFlags) != 0) return false;
  const bool wants_host = (flags & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR)) != 0;
  return wants_host == (host_ptr != nullptr);
}

// ---- platforms, devices, contexts ---------------------------------------------------------------------------------------------------------------

cl_int GetPlatformInfo(cl_platform_id platform, cl_platform_info name, size_t room, void* value, size_t* size_ret) {
  if (platform == nullptr) return CL_INVALID_PLATFORM;
  const bool remote = platform == Fake().remote_platform();
  switch (name) {
    case CL_PLATFORM_NAME: return GiveText(remote ? "flexai remote pool" : "fake", room, value, size_ret);
    case CL_PLATFORM_VENDOR: return GiveText("nobody", room, value, size_ret);
    default: return CL_INVALID_VALUE;
  }
}

cl_int GetDeviceIDs(cl_platform_id platform, cl_device_type type, cl_uint room, cl_device_id* list, cl_uint* count) {
  if (platform == nullptr) return CL_INVALID_PLATFORM;
  if ((room == 0 && list != nullptr) || (list == nullptr && count == nullptr)) return CL_INVALID_VALUE;
  std::vector<cl_device_id> found;
  if (platform == Fake().remote_platform()) {
    found = {Fake().remote_device()};
  } else if (type == CL_DEVICE_TYPE_DEFAULT) {
    found = {Fake().device(2)};  // a device that the tests hide
  } else if ((type & CL_DEVICE_TYPE_GPU) != 0) {
    for (int i = 0; i < Driver::kDevices; ++i) found.push_back(Fake().device(i));
  }
  if (found.empty()) return CL_DEVICE_NOT_FOUND;
  if (count != nullptr) *count = static_cast<cl_uint>(found.size());
  for (cl_uint i = 0; list != nullptr && i < room && i < found.size(); ++i) list[i] = found[i];
  return CL_SUCCESS;
}

cl_int GetDeviceInfo(cl_device_id handle, cl_device_info name, size_t room, void* value, size_t* size_ret) {
  if (handle == nullptr) return CL_INVALID_DEVICE;
  ++Fake().info_calls;
  const auto& device = *As<Driver::Device>(handle);
  switch (name) {
    case CL_DEVICE_PLATFORM: return GiveValue(device.platform, room, value, size_ret);
    case CL_DEVICE_PARENT_DEVICE: return GiveValue(From<cl_device_id>(device.parent), room, value, size_ret);
    case CL_DEVICE_TYPE: return GiveValue(cl_device_type{CL_DEVICE_TYPE_GPU}, room, value, size_ret);
    case CL_DEVICE_NAME: return GiveText("fake card", room, value, size_ret);
    case CL_DEVICE_VENDOR: return GiveText("nobody", room, value, size_ret);
    case CL_DEVICE_EXTENSIONS: return GiveText("cl_khr_fp64 cl_khr_command_buffer", room, value, size_ret);
    case CL_DEVICE_GLOBAL_MEM_SIZE: return GiveValue(cl_ulong{Driver::kDeviceMemory}, room, value, size_ret);
    case CL_DEVICE_MAX_MEM_ALLOC_SIZE:
    case CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE: return GiveValue(cl_ulong{Driver::kMostOneBuffer}, room, value, size_ret);
    case CL_DEVICE_IMAGE2D_MAX_WIDTH:
    case CL_DEVICE_IMAGE2D_MAX_HEIGHT:
    case CL_DEVICE_IMAGE3D_MAX_WIDTH:
    case CL_DEVICE_IMAGE3D_MAX_HEIGHT:
    case CL_DEVICE_IMAGE3D_MAX_DEPTH:
    case CL_DEVICE_IMAGE_MAX_ARRAY_SIZE: return GiveValue(size_t{Driver::kWidest}, room, value, size_ret);
    case CL_DEVICE_GLOBAL_FREE_MEMORY_AMD: {
      const size_t free[2] = {Driver::kDeviceMemory >> 10, Driver::kMostOneBuffer >> 10};
      return GiveInfo(free, sizeof free, room, value, size_ret);
    }
    default: return CL_INVALID_VALUE;
  }
}

cl_int CreateSubDevices(cl_device_id parent, const cl_device_partition_property*, cl_uint room, cl_device_id* list, cl_uint* count) {
  if (parent == nullptr) return CL_INVALID_DEVICE;
  Driver::Device* part = Fake().NewPart(*As<Driver::Device>(parent));
  if (count != nullptr) *count = 1;
  if (list != nullptr && room != 0) list[0] = From<cl_device_id>(part);
  return CL_SUCCESS;
}

cl_context CreateContext(const cl_context_properties*, cl_uint count, const cl_device_id* list,
                         void(CL_CALLBACK* report)(const char*, const void*, size_t, void*), void* user_data, cl_int* error) {
  if (count == 0 || list == nullptr) return Set(error, CL_INVALID_VALUE), nullptr;
  if (report == nullptr && user_data != nullptr) return Set(error, CL_INVALID_VALUE), nullptr;
  if (Fake().Fails()) return Set(error, CL_OUT_OF_RESOURCES), Fake().handle_with_error ? reinterpret_cast<cl_context>(&Fake()) : nullptr;
  auto* made = new Driver::Context;
  made->table = As<Driver::Object>(list[0])->table;
  made->devices.assign(list, list + count);
  made->report = report;
  made->report_data = user_data;
  return Set(error, CL_SUCCESS), From<cl_context>(made);
}

cl_context CreateContextFromType(const cl_context_properties* properties, cl_device_type type,
                                 void(CL_CALLBACK* notify)(const char*, const void*, size_t, void*), void* user_data, cl_int* error) {
  if (properties == nullptr) return Set(error, CL_INVALID_PLATFORM), nullptr;
  cl_device_id list[Driver::kDevices];
  cl_uint count = 0;
  const cl_int status = GetDeviceIDs(reinterpret_cast<cl_platform_id>(properties[1]), type, Driver::kDevices, list, &count);
  if (status != CL_SUCCESS) return Set(error, status), nullptr;
  return CreateContext(properties, count, list, notify, user_data, error);
}

cl_int RetainContext(cl_context context) {
  if (context == nullptr) return CL_INVALID_CONTEXT;
  ++As<Driver::Context>(context)->references;
  return CL_SUCCESS;
}

cl_int ReleaseContext(cl_context context) {
  if (context == nullptr) return CL_INVALID_CONTEXT;
  auto* object = As<Driver::Context>(context);
  if (--object->references != 0) return CL_SUCCESS;
  for (std::size_t i = object->callbacks.size(); i-- > 0;) object->callbacks[i].first(context, object->callbacks[i].second);
  delete object;
  return CL_SUCCESS;
}

cl_int SetContextDestructorCallback(cl_context context, void(CL_CALLBACK* function)(cl_context, void*), void* user_data) {
  if (context == nullptr) return CL_INVALID_CONTEXT;
  if (function == nullptr) return CL_INVALID_VALUE;
  As<Driver::Context>(context)->callbacks.emplace_back(function, user_data);
  return CL_SUCCESS;
}

cl_int GetContextInfo(cl_context context, cl_context_info name, size_t room, void* value, size_t* size_ret) {
  if (context == nullptr) return CL_INVALID_CONTEXT;
  const auto& devices = As<Driver::Context>(context)->devices;
  if (name == CL_CONTEXT_REFERENCE_COUNT) return GiveValue(As<Driver::Context>(context)->references.load(), room, value, size_ret);
  if (name == CL_CONTEXT_DEVICES) return GiveInfo(devices.data(), devices.size() * sizeof devices[0], room, value, size_ret);
  return CL_INVALID_VALUE;
}

// ---- memory -------------------------------------------------------------------------------------------------------------------------------------

cl_mem CreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void* host_ptr, cl_int* error) {
  if (context == nullptr) return Set(error, CL_INVALID_CONTEXT), nullptr;
  if ((flags & ~kKnownFlags) != 0) return Set(error, CL_INVALID_VALUE), nullptr;
  if (!AreGood(flags, host_ptr)) return Set(error, CL_INVALID_HOST_PTR), nullptr;
  if (size == 0 || size > Driver::kMostOneBuffer) return Set(error, CL_INVALID_BUFFER_SIZE), nullptr;
  // Shared virtual memory is not allocated again.
  bool shared = false;
  if ((flags & CL_MEM_USE_HOST_PTR) != 0) {
    const std::lock_guard lock(Fake().mutex);
    shared = Fake().svm.contains(host_ptr);
  }
  return Fake().Make(context, shared ? 0 : size, nullptr, error);
}

cl_mem CreateBufferWithProperties(cl_context context, const cl_mem_properties*, cl_mem_flags flags, size_t size, void* host_ptr,
                                  cl_int* error) {
  return CreateBuffer(context, flags, size, host_ptr, error);
}

cl_mem CreateSubBuffer(cl_mem parent, cl_mem_flags, cl_buffer_create_type, const void*, cl_int* error) {
  if (parent == nullptr) return Set(error, CL_INVALID_MEM_OBJECT), nullptr;
  return Fake().Make(From<cl_context>(As<Driver::Memory>(parent)->context), 0, As<Driver::Memory>(parent), error);
}

cl_mem CreateImage(cl_context context, cl_mem_flags flags, const cl_image_format* format, const cl_image_desc* desc, void* host_ptr,
                   cl_int* error) {
  if (context == nullptr) return Set(error, CL_INVALID_CONTEXT), nullptr;
  if (format == nullptr) return Set(error, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR), nullptr;
  if (desc == nullptr) return Set(error, CL_INVALID_IMAGE_DESCRIPTOR), nullptr;
  if ((flags & ~kKnownFlags) != 0) return Set(error, CL_INVALID_VALUE), nullptr;
  if (!AreGood(flags, host_ptr)) return Set(error, CL_INVALID_HOST_PTR), nullptr;
  if (desc->image_row_pitch != 0 && desc->image_row_pitch < desc->image_width * PixelBytes(*format)) {
    return Set(error, CL_INVALID_IMAGE_DESCRIPTOR), nullptr;
  }
  for (const size_t size : {desc->image_width, desc->image_height, desc->image_depth, desc->image_array_size}) {
    if (size > Driver::kWidest) return Set(error, CL_INVALID_IMAGE_SIZE), nullptr;
  }
  if (desc->mem_object == nullptr && LeastImageBytes(*format, *desc) == 0) return Set(error, CL_INVALID_IMAGE_SIZE), nullptr;
  auto* parent = As<Driver::Memory>(desc->mem_object);
  return Fake().Make(context, parent != nullptr ? 0 : LeastImageBytes(*format, *desc) + Fake().padding, parent, error);
}

cl_mem CreatePipe(cl_context context, cl_mem_flags, cl_uint packet, cl_uint packets, const cl_pipe_properties*, cl_int* error) {
  if (context == nullptr) return Set(error, CL_INVALID_CONTEXT), nullptr;
  if (packet == 0 || packets == 0) return Set(error, CL_INVALID_PIPE_SIZE), nullptr;
  return Fake().Make(context, std::uint64_t{packet} * packets + Fake().padding, nullptr, error);
}

// The name of the GL buffer is its size.
cl_mem CreateFromGLBuffer(cl_context context, cl_mem_flags, cl_GLuint bytes, cl_int* error) {
  if (context == nullptr) return Set(error, CL_INVALID_CONTEXT), nullptr;
  if (bytes == 0) return Set(error, CL_INVALID_GL_OBJECT), nullptr;
  return Fake().Make(context, bytes, nullptr, error);
}

cl_int RetainMemObject(cl_mem memory) {
  if (memory == nullptr) return CL_INVALID_MEM_OBJECT;
  ++As<Driver::Memory>(memory)->references;
  return CL_SUCCESS;
}

cl_int ReleaseMemObject(cl_mem memory) {
  if (memory == nullptr) return CL_INVALID_MEM_OBJECT;
  Fake().LetGo(As<Driver::Memory>(memory));
  return CL_SUCCESS;
}

cl_int GetMemObjectInfo(cl_mem memory, cl_mem_info name, size_t room, void* value, size_t* size_ret) {
  if (memory == nullptr) return CL_INVALID_MEM_OBJECT;
  const auto& object = *As<Driver::Memory>(memory);
  if (name == CL_MEM_SIZE) return GiveValue(size_t{object.bytes}, room, value, size_ret);
  if (name == CL_MEM_ASSOCIATED_MEMOBJECT) return GiveValue(From<cl_mem>(object.parent), room, value, size_ret);
  return CL_INVALID_VALUE;
}

cl_int SetMemObjectDestructorCallback(cl_mem memory, Driver::Callback function, void* user_data) {
  if (memory == nullptr) return CL_INVALID_MEM_OBJECT;
  if (function == nullptr) return CL_INVALID_VALUE;
  if (Fake().refuse_callbacks) return CL_OUT_OF_HOST_MEMORY;
  As<Driver::Memory>(memory)->callbacks.emplace_back(function, user_data);
  return CL_SUCCESS;
}

void* SVMAlloc(cl_context context, cl_svm_mem_flags flags, size_t size, cl_uint alignment) {
  if (context == nullptr || size == 0 || size > Driver::kMostOneBuffer || alignment > 128 || (flags & ~kKnownFlags) != 0 || Fake().Fails())
    return nullptr;
  void* pointer = std::malloc(size);
  const std::lock_guard lock(Fake().mutex);
  Fake().svm[pointer] = {As<Driver::Context>(context), size};
  Fake().Count(*As<Driver::Context>(context), static_cast<std::int64_t>(size));
  return pointer;
}

void SVMFree(cl_context context, void* pointer) {
  if (context == nullptr || pointer == nullptr) return;
  {
    const std::lock_guard lock(Fake().mutex);
    const auto found = Fake().svm.find(pointer);
    if (found == Fake().svm.end()) return;
    Fake().Count(*found->second.first, -static_cast<std::int64_t>(found->second.second));
    Fake().svm.erase(found);
  }
  std::free(pointer);
}

// ---- programs -----------------------------------------------------------------------------------------------------------------------------------

cl_program NewProgram(cl_context context) {
  auto* made = new Driver::Program;
  made->table = As<Driver::Context>(context)->table;
  made->context = As<Driver::Context>(context);
  RetainContext(context);
  return From<cl_program>(made);
}

cl_program CreateProgramWithSource(cl_context context, cl_uint, const char**, const size_t*, cl_int* error) {
  if (context == nullptr) return Set(error, CL_INVALID_CONTEXT), nullptr;
  return Set(error, CL_SUCCESS), NewProgram(context);
}

void Build(Driver::Program& program) {
  Fake().Count(*program.context, static_cast<std::int64_t>(Fake().variables) - static_cast<std::int64_t>(program.variables));
  program.variables = Fake().variables;
}

cl_int BuildProgram(cl_program program, cl_uint, const cl_device_id*, const char*, void(CL_CALLBACK* notify)(cl_program, void*),
                    void* user_data) {
  if (program == nullptr) return CL_INVALID_PROGRAM;
  if (Fake().fail_builds) {
    if (notify != nullptr && Fake().call_back_on_error) notify(program, user_data);
    return CL_BUILD_PROGRAM_FAILURE;
  }
  Build(*As<Driver::Program>(program));
  if (notify != nullptr) notify(program, user_data);
  return CL_SUCCESS;
}

cl_program LinkProgram(cl_context context, cl_uint, const cl_device_id*, const char*, cl_uint, const cl_program*,
                       void(CL_CALLBACK* notify)(cl_program, void*), void* user_data, cl_int* error) {
  if (context == nullptr || Fake().fail_builds) return Set(error, CL_LINK_PROGRAM_FAILURE), nullptr;
  cl_program made = NewProgram(context);
  Build(*As<Driver::Program>(made));
  if (notify != nullptr) notify(made, user_data);
  return Set(error, CL_SUCCESS), made;
}

cl_int GetProgramInfo(cl_program program, cl_program_info name, size_t room, void* value, size_t* size_ret) {
  if (program == nullptr) return CL_INVALID_PROGRAM;
  const auto& object = *As<Driver::Program>(program);
  if (name == CL_PROGRAM_REFERENCE_COUNT) return GiveValue(object.references.load(), room, value, size_ret);
  if (name == CL_PROGRAM_DEVICES) return GetContextInfo(From<cl_context>(object.context), CL_CONTEXT_DEVICES, room, value, size_ret);
  return CL_INVALID_VALUE;
}

cl_int GetProgramBuildInfo(cl_program program, cl_device_id, cl_program_build_info name, size_t room, void* value, size_t* size_ret) {
  if (program == nullptr) return CL_INVALID_PROGRAM;
  if (name != CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE) return CL_INVALID_VALUE;
  return GiveValue(size_t{As<Driver::Program>(program)->variables}, room, value, size_ret);
}

cl_int RetainProgram(cl_program program) {
  ++As<Driver::Program>(program)->references;
  return CL_SUCCESS;
}

cl_int ReleaseProgram(cl_program program) {
  if (program == nullptr) return CL_INVALID_PROGRAM;
  Fake().LetGo(As<Driver::Program>(program));
  return CL_SUCCESS;
}

cl_kernel CreateKernel(cl_program program, const char*, cl_int* error) {
  if (program == nullptr) return Set(error, CL_INVALID_PROGRAM), nullptr;
  if (Fake().Fails()) return Set(error, CL_OUT_OF_RESOURCES), nullptr;
  auto* made = new Driver::Kernel;
  made->table = As<Driver::Program>(program)->table;
  made->program = As<Driver::Program>(program);
  RetainProgram(program);
  return Set(error, CL_SUCCESS), From<cl_kernel>(made);
}

cl_int CreateKernelsInProgram(cl_program program, cl_uint room, cl_kernel* list, cl_uint* count) {
  if (program == nullptr) return CL_INVALID_PROGRAM;
  if (list != nullptr && room < 2) return CL_INVALID_VALUE;
  if (count != nullptr) *count = 2;
  for (int i = 0; list != nullptr && i < 2; ++i) list[i] = CreateKernel(program, "", nullptr);
  return CL_SUCCESS;
}

cl_kernel CloneKernel(cl_kernel kernel, cl_int* error) {
  return CreateKernel(From<cl_program>(As<Driver::Kernel>(kernel)->program), "", error);
}

cl_int RetainKernel(cl_kernel kernel) {
  ++As<Driver::Kernel>(kernel)->references;
  return CL_SUCCESS;
}

cl_int ReleaseKernel(cl_kernel kernel) {
  auto* object = As<Driver::Kernel>(kernel);
  if (--object->references != 0) return CL_SUCCESS;
  Fake().LetGo(object->program);
  delete object;
  return CL_SUCCESS;
}

const cl_icd_dispatch& Table() {
  static const cl_icd_dispatch kTable = [] {
    cl_icd_dispatch made{};
    made.clGetPlatformInfo = GetPlatformInfo;
    made.clGetDeviceIDs = GetDeviceIDs;
    made.clGetDeviceInfo = GetDeviceInfo;
    made.clCreateSubDevices = CreateSubDevices;
    made.clCreateContext = CreateContext;
    made.clCreateContextFromType = CreateContextFromType;
    made.clRetainContext = RetainContext;
    made.clReleaseContext = ReleaseContext;
    made.clGetContextInfo = GetContextInfo;
    made.clSetContextDestructorCallback = SetContextDestructorCallback;
    made.clCreateBuffer = CreateBuffer;
    made.clCreateBufferWithProperties = CreateBufferWithProperties;
    made.clCreateSubBuffer = CreateSubBuffer;
    made.clCreateImage = CreateImage;
    made.clCreatePipe = CreatePipe;
    made.clCreateFromGLBuffer = CreateFromGLBuffer;
    made.clRetainMemObject = RetainMemObject;
    made.clReleaseMemObject = ReleaseMemObject;
    made.clGetMemObjectInfo = GetMemObjectInfo;
    made.clSetMemObjectDestructorCallback = SetMemObjectDestructorCallback;
    made.clSVMAlloc = SVMAlloc;
    made.clSVMFree = SVMFree;
    made.clCreateProgramWithSource = CreateProgramWithSource;
    made.clBuildProgram = BuildProgram;
    made.clLinkProgram = LinkProgram;
    made.clGetProgramInfo = GetProgramInfo;
    made.clGetProgramBuildInfo = GetProgramBuildInfo;
    made.clRetainProgram = RetainProgram;
    made.clReleaseProgram = ReleaseProgram;
    made.clCreateKernel = CreateKernel;
    made.clCreateKernelsInProgram = CreateKernelsInProgram;
    made.clCloneKernel = CloneKernel;
    made.clRetainKernel = RetainKernel;
    made.clReleaseKernel = ReleaseKernel;
    return made;
  }();
  return kTable;
}

}  // namespace

FakeDriver& FakeDriver::Get() {
  static auto* driver = new FakeDriver;  // for ever, like a driver
  return *driver;
}

FakeDriver::FakeDriver() {
  for (Object& each : platforms_) each.table = &Table();
  for (int i = 0; i < kDevices; ++i) {
    Device& each = devices_[static_cast<std::size_t>(i)];
    each.table = &Table();
    each.index = i;
    each.platform = platform();
  }
  remote_device_.table = &Table();
  remote_device_.index = -1;
  remote_device_.platform = remote_platform();
  AdoptNext(&Table(), kSlots, nullptr);
}

FakeDriver::Device* FakeDriver::NewPart(Device& parent) {
  const std::lock_guard lock(mutex);
  auto& part = parts_.emplace_back(std::make_unique<Device>(parent));
  part->parent = &parent;
  return part.get();
}

cl_platform_id FakeDriver::platform() { return From<cl_platform_id>(&platforms_[0]); }
cl_platform_id FakeDriver::remote_platform() { return From<cl_platform_id>(&platforms_[1]); }
cl_device_id FakeDriver::device(int index) { return From<cl_device_id>(&devices_[static_cast<std::size_t>(index)]); }
cl_device_id FakeDriver::remote_device() { return From<cl_device_id>(&remote_device_); }

void FakeDriver::Count(const Context& context, std::int64_t bytes) {
  for (cl_device_id handle : context.devices) {
    const int index = As<Device>(handle)->index;
    if (index < 0) continue;
    auto& allocated = allocated_[static_cast<std::size_t>(index)];
    auto& peak = peak_[static_cast<std::size_t>(index)];
    const std::uint64_t now = allocated.fetch_add(static_cast<std::uint64_t>(bytes)) + static_cast<std::uint64_t>(bytes);
    std::uint64_t seen = peak.load();
    while (bytes > 0 && seen < now && !peak.compare_exchange_weak(seen, now)) {
    }
  }
}

cl_mem FakeDriver::Make(cl_context context, std::uint64_t bytes, Memory* parent, cl_int* error) {
  if (Fails()) {
    Set(error, CL_OUT_OF_RESOURCES);
    return handle_with_error ? handle_of_an_error() : nullptr;
  }
  auto* made = new Memory;
  made->table = As<Context>(context)->table;
  made->context = As<Context>(context);
  made->bytes = bytes;
  made->parent = parent;
  RetainContext(context);
  if (parent != nullptr) ++parent->references;
  Count(*made->context, static_cast<std::int64_t>(bytes));
  Set(error, CL_SUCCESS);
  return From<cl_mem>(made);
}

void FakeDriver::LetGo(Memory* memory) {
  if (--memory->references != 0) return;
  if (destroy_late && !memory->callbacks.empty()) {  // what nobody wants to be told of is never late
    const std::lock_guard lock(mutex);
    pending_.push_back(memory);
  } else {
    Destroy(memory);
  }
}

void FakeDriver::Destroy(Memory* memory) {
  for (std::size_t i = memory->callbacks.size(); i-- > 0;) memory->callbacks[i].first(From<cl_mem>(memory), memory->callbacks[i].second);
  Count(*memory->context, -static_cast<std::int64_t>(memory->bytes));
  Memory* parent = memory->parent;
  ReleaseContext(From<cl_context>(memory->context));
  delete memory;
  if (parent != nullptr) LetGo(parent);
}

void FakeDriver::LetGo(Program* program) {
  if (--program->references != 0) return;
  Count(*program->context, -static_cast<std::int64_t>(program->variables));
  ReleaseContext(From<cl_context>(program->context));
  delete program;
}

void FakeDriver::Report(cl_context context, const char* text) {
  const auto& object = *As<Context>(context);
  if (object.report != nullptr) object.report(text, nullptr, 0, object.report_data);
}

void FakeDriver::DestroyPending() {
  for (;;) {
    std::vector<Memory*> now;
    {
      const std::lock_guard lock(mutex);
      now.swap(pending_);
    }
    if (now.empty()) return;
    for (Memory* each : now) Destroy(each);
  }
}

void FakeDriver::Reset() {
  fail_next = 0;
  destroy_late = refuse_callbacks = handle_with_error = call_back_on_error = fail_builds = false;
  padding = variables = 0;
  info_calls = 0;
  for (auto& peak : peak_) peak = 0;
}

}  // namespace flexai::opencl::testing
