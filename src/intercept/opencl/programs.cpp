// Program-scope variables: device memory that a build takes without asking. It cannot be refused (the program is built already), so it is charged in any case
// and given back when the program is gone: when the application has let go of the program and of every kernel of it. The driver's own count does not tell,
// because some count a program's kernels in it (PoCL, rusticl) and some do not (Intel).
//
// Programs without such variables, nearly all of them, leave no trace here: their kernels cost one look at an empty table.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "intercept/common/handle_table.hpp"
#include "intercept/opencl/attach.hpp"
#include "intercept/opencl/callbacks.hpp"
#include "intercept/opencl/device_list.hpp"
#include "intercept/opencl/devices.hpp"
#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/memory_charge.hpp"
#include "slice/slice_file.hpp"

namespace flexai::opencl {
namespace {

constexpr std::uint32_t kMostTenants = slice::SliceFile::kMaxShares;

// What one program takes on each XPU of the slice.
struct Variables {
  std::uint64_t bytes[kMostTenants] = {};

  [[nodiscard]] bool any() const noexcept {
    for (const std::uint64_t amount : bytes) {
      if (amount != 0) return true;
    }
    return false;
  }
};

struct Program {
  Variables variables;
  std::uint32_t epoch = 0;
  std::uint32_t references = 0;  // the application's own
  std::uint32_t kernels = 0;     // that the application holds
};

struct Kernel {
  cl_program program = nullptr;
  std::uint32_t references = 1;
};

constinit intercept::HandleTable<Program> programs;
constinit intercept::HandleTable<Kernel> kernels;

void Settle(const Program& program) noexcept {
  for (std::uint32_t i = 0; i < kMostTenants; ++i) {
    if (program.variables.bytes[i] != 0) Release({program.variables.bytes[i], program.epoch, static_cast<std::uint16_t>(1u << i)});
  }
}

// What the driver says the program's variables take, after a build or a link.
Variables AskVariables(cl_program program) noexcept {
  Variables variables;
  DeviceList devices;
  if (devices.Fetch(program) != CL_SUCCESS) return variables;
  for (cl_device_id device : devices) {
    const slice::Tenant* tenant = TenantOfDevice(device);
    std::size_t bytes = 0;
    if (tenant != nullptr && Next().clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE, sizeof bytes,
                                                          &bytes, nullptr) == CL_SUCCESS) {
      variables.bytes[tenant - &slice::Membership::Process().tenant(0)] += bytes;
    }
  }
  return variables;
}

cl_uint ReferencesOf(cl_program program) noexcept {
  cl_uint references = 0;
  const cl_int status = Next().clGetProgramInfo(program, CL_PROGRAM_REFERENCE_COUNT, sizeof references, &references, nullptr);
  return status == CL_SUCCESS && references != 0 ? references : 1;
}

// Brings the account up to date with a finished build. `references`: the application's, for a program that had no variables yet.
void Account(cl_program program, cl_uint references) noexcept {
  const Variables now = AskVariables(program);
  Program known;
  bool had = programs.Find(program, known);
  if (had && known.references == 0) {
    // What the application let go of is built no more: another program has the address now.
    if (programs.Take(program, known)) Settle(known);
    known = {};
    had = false;
  }
  if (!had && !now.any()) return;
  Program next = known;
  next.variables = now;
  next.epoch = ProcessEpoch();
  if (!had) next.references = references;
  for (std::uint32_t i = 0; i < kMostTenants; ++i) {
    Charge charge{0, next.epoch, static_cast<std::uint16_t>(1u << i)};
    Force(charge, now.bytes[i]);
  }
  if (had) {
    Settle(known);
    programs.With(program, [&](Program& entry) {
      entry.variables = next.variables;
      entry.epoch = next.epoch;
    });
  } else if (!programs.Insert(program, next)) {
    Settle(next);  // no memory for the record: uncounted rather than charged for ever
  }
}

bool IsGone(const Program& program) noexcept { return program.references == 0 && program.kernels == 0; }

// ---- builds that end in a callback --------------------------------------------------------------------------------------------------------------

// Stands in for the application's callback of a build: the variables exist from here on. Drivers do not agree whether a call that fails still calls back
// (PoCL does, Intel does not), so the record ends when both the call has returned and the callback has run; a failure without a callback leaves it behind.
class FinishedBuild {
 public:
  using Function = void(CL_CALLBACK*)(cl_program, void*);

  /// `references`: the application's before the build; 0: a step that makes no variables. Null when there is no memory.
  [[nodiscard]] static FinishedBuild* New(Function function, void* user_data, cl_uint references) noexcept {
    void* room = std::malloc(sizeof(FinishedBuild));
    return room != nullptr ? new (room) FinishedBuild(function, user_data, references) : nullptr;
  }

  static void CL_CALLBACK Call(cl_program program, void* self) {
    auto* build = static_cast<FinishedBuild*>(self);
    if (program != nullptr && build->references_ != 0) Account(program, build->references_);
    {
      const DriverCallbackScope scope;
      build->function_(program, build->user_data_);
    }
    build->Drop();
  }

  /// The call has returned.
  void Returned(bool failed) noexcept {
    if (!failed || owners_.load(std::memory_order_acquire) == 1) return Drop();
    // Probably nobody will call back any more; a driver that does finds this record, for ever.
    next_ = abandoned.load(std::memory_order_relaxed);
    while (!abandoned.compare_exchange_weak(next_, this, std::memory_order_relaxed)) {
    }
  }

 private:
  void Drop() noexcept {
    if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) std::free(this);
  }

  FinishedBuild(Function function, void* user_data, cl_uint references) noexcept
      : function_(function), user_data_(user_data), references_(references) {}

  Function function_;
  void* user_data_;
  cl_uint references_;
  std::atomic<int> owners_{2};  // the call and the callback
  FinishedBuild* next_ = nullptr;
  static std::atomic<FinishedBuild*> abandoned;
};

constinit std::atomic<FinishedBuild*> FinishedBuild::abandoned{nullptr};

// ---- kernels ------------------------------------------------------------------------------------------------------------------------------------

void Remember(cl_kernel kernel, cl_program program) noexcept {
  if (programs.With(program, [](Program& known) { ++known.kernels; }) && !kernels.Insert(kernel, {program})) {
    programs.With(program, [](Program& known) { --known.kernels; });
  }
}

}  // namespace

namespace hook {

cl_int clBuildProgram(cl_program program, cl_uint num_devices, const cl_device_id* device_list, const char* options,
                      void(CL_CALLBACK* pfn_notify)(cl_program program, void* user_data), void* user_data) {
  if (pfn_notify == nullptr) {
    const cl_int status = Next().clBuildProgram(program, num_devices, device_list, options, nullptr, user_data);
    if (program != nullptr && (status == CL_SUCCESS || !programs.empty())) Account(program, ReferencesOf(program));
    return status;
  }
  if (program == nullptr) return Next().clBuildProgram(program, num_devices, device_list, options, pfn_notify, user_data);
  auto* build = FinishedBuild::New(pfn_notify, user_data, ReferencesOf(program));
  if (build == nullptr) return CL_OUT_OF_HOST_MEMORY;
  const cl_int status = Next().clBuildProgram(program, num_devices, device_list, options, build->Call, build);
  build->Returned(status != CL_SUCCESS);
  return status;
}

cl_int clCompileProgram(cl_program program, cl_uint num_devices, const cl_device_id* device_list, const char* options,
                        cl_uint num_input_headers, const cl_program* input_headers, const char** header_include_names,
                        void(CL_CALLBACK* pfn_notify)(cl_program program, void* user_data), void* user_data) {
  auto* build = pfn_notify != nullptr ? FinishedBuild::New(pfn_notify, user_data, 0) : nullptr;
  if (pfn_notify != nullptr && build == nullptr) return CL_OUT_OF_HOST_MEMORY;
  const cl_int status =
      Next().clCompileProgram(program, num_devices, device_list, options, num_input_headers, input_headers, header_include_names,
                              build != nullptr ? build->Call : nullptr, build != nullptr ? build : user_data);
  if (build != nullptr) build->Returned(status != CL_SUCCESS);
  return status;
}

cl_program clLinkProgram(cl_context context, cl_uint num_devices, const cl_device_id* device_list, const char* options,
                         cl_uint num_input_programs, const cl_program* input_programs,
                         void(CL_CALLBACK* pfn_notify)(cl_program program, void* user_data), void* user_data, cl_int* errcode_ret) {
  // A program that a link makes has one reference, the application's.
  auto* build = pfn_notify != nullptr ? FinishedBuild::New(pfn_notify, user_data, 1) : nullptr;
  if (pfn_notify != nullptr && build == nullptr) {
    if (errcode_ret != nullptr) *errcode_ret = CL_OUT_OF_HOST_MEMORY;
    return nullptr;
  }
  cl_program linked = Next().clLinkProgram(context, num_devices, device_list, options, num_input_programs, input_programs,
                                           build != nullptr ? build->Call : nullptr, build != nullptr ? build : user_data, errcode_ret);
  if (build != nullptr) {
    build->Returned(linked == nullptr);
  } else if (linked != nullptr) {
    Account(linked, 1);
  }
  return linked;
}

cl_int clRetainProgram(cl_program program) {
  const cl_int status = Next().clRetainProgram(program);
  if (status == CL_SUCCESS) programs.With(program, [](Program& known) { ++known.references; });
  return status;
}

cl_int clReleaseProgram(cl_program program) {
  Program gone;
  const bool last = programs.TakeIf(program, gone, [](Program& known) {
    if (known.references != 0) --known.references;
    return IsGone(known);
  });
  const cl_int status = Next().clReleaseProgram(program);
  if (last) Settle(gone);
  return status;
}

cl_int clSetProgramReleaseCallback(cl_program program, void(CL_CALLBACK* pfn_notify)(cl_program program, void* user_data),
                                   void* user_data) {
  if (pfn_notify == nullptr) return Next().clSetProgramReleaseCallback(program, nullptr, user_data);
  auto* wrapped = UserCallback<cl_program>::New(pfn_notify, user_data);
  if (wrapped == nullptr) return CL_OUT_OF_HOST_MEMORY;
  const cl_int status = Next().clSetProgramReleaseCallback(program, wrapped->Once, wrapped);
  if (status != CL_SUCCESS) wrapped->Discard();
  return status;
}

cl_kernel clCreateKernel(cl_program program, const char* kernel_name, cl_int* errcode_ret) {
  cl_kernel kernel = Next().clCreateKernel(program, kernel_name, errcode_ret);
  if (kernel != nullptr) Remember(kernel, program);
  return kernel;
}

cl_int clCreateKernelsInProgram(cl_program program, cl_uint num_kernels, cl_kernel* made, cl_uint* num_kernels_ret) {
  cl_uint count = 0;
  const cl_int status = Next().clCreateKernelsInProgram(program, num_kernels, made, &count);
  if (status != CL_SUCCESS) return status;
  if (num_kernels_ret != nullptr) *num_kernels_ret = count;
  for (cl_uint i = 0; made != nullptr && i < count && i < num_kernels; ++i) Remember(made[i], program);
  return status;
}

cl_kernel clCloneKernel(cl_kernel source_kernel, cl_int* errcode_ret) {
  cl_kernel clone = Next().clCloneKernel(source_kernel, errcode_ret);
  Kernel source;
  if (clone != nullptr && kernels.Find(source_kernel, source)) Remember(clone, source.program);
  return clone;
}

cl_int clRetainKernel(cl_kernel kernel) {
  const cl_int status = Next().clRetainKernel(kernel);
  if (status == CL_SUCCESS) kernels.With(kernel, [](Kernel& known) { ++known.references; });
  return status;
}

cl_int clReleaseKernel(cl_kernel kernel) {
  Kernel gone;
  const bool last = kernels.TakeIf(kernel, gone, [](Kernel& known) {
    --known.references;
    return known.references == 0;
  });
  const cl_int status = Next().clReleaseKernel(kernel);
  if (!last) return status;
  Program program;
  const bool gone_too = programs.TakeIf(gone.program, program, [](Program& known) {
    if (known.kernels != 0) --known.kernels;
    return IsGone(known);
  });
  if (gone_too) Settle(program);
  return status;
}

}  // namespace hook
}  // namespace flexai::opencl
