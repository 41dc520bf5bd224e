#include <filesystem>
#include <system_error>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/report.hpp"
#include "cli/run_admission.hpp"
#include "cli/run_selection.hpp"
#include "cli/smi_view.hpp"
#include "cli/supervisor.hpp"
#include "cli/values.hpp"
#include "device/opencl_drivers.hpp"

namespace flexai::cli {
namespace {

struct Request {
  std::vector<std::string> xpus;
  SliceRequest slice;
};

Result<Request> ReadRequest(const Args& args) {
  Request request;
  request.xpus = args.Values("xpu");
  if (args.Has("cores")) {
    FLEXAI_TRY(request.slice.wish.cores, ReadCores(args.Value("cores")));
  }
  if (args.Has("memory")) {
    FLEXAI_TRY(request.slice.wish.memory, ReadMemory(args.Value("memory")));
  }
  if (args.Has("name")) {
    FLEXAI_TRY(request.slice.name, ReadSliceName(args.Value("name")));
  }
  request.slice.priority = ParsePriority(args.Value("priority")).value_or(Priority::kNormal);
  request.slice.command = args.command();
  if (request.slice.command.empty() || request.slice.command.front().empty())
    return Fail(ErrorCode::kInvalid, "the program to run is missing: flexai run [OPTION]... -- COMMAND...");
  return request;
}

Status CheckModes(const Args& args) {
  if (args.Has("remote"))
    return Fail(ErrorCode::kUnenforceable,
                "--remote: this version of flexai cannot use XPUs of other machines; run the program on " + args.Value("remote"));
  if (args.Value("isolation") == "hard")
    return Fail(ErrorCode::kUnenforceable,
                "--isolation hard: this version of flexai enforces inside the program's own process only, which a program can get around "
                "on purpose; use --isolation "
                "soft for programs you trust that far");
  if (args.Value("isolation") == "partition")
    return Fail(ErrorCode::kUnenforceable,
                "--isolation partition: this version of flexai cannot cut an XPU with the hardware's own means; use --isolation soft");
  return {};
}

Status CheckOutsideOfSlices(const EnvironmentList& environment) {
  const std::string path(environment.Get("FLEXAI_SLICE"));
  if (path.empty()) return {};
  slice::SliceFile file;
  const bool readable = slice::ReadSliceFile(path.c_str(), file) == Outcome::kOk;
  return Fail(ErrorCode::kUnenforceable,
              "this is inside the slice " + (readable ? std::string(file.name) : path) +
                  " already, and slices are not cut from slices; start the program directly, it shares that slice");
}

// OpenCL's drivers as discovery found them, and the interfaces that vendors offer beside OpenCL, where they are installed.
std::vector<std::string> DriverFiles(const Inventory& inventory, const EnvironmentList& environment) {
  std::vector<std::string> files;
  for (const device::DriverReport& driver : inventory.discovery.drivers)
    if (!driver.library.empty()) files.push_back(driver.library);
  for (const char* name : {"libcuda.so.1", "libze_intel_gpu.so.1", "libamdhip64.so", "libhsa-runtime64.so.1", "libascendcl.so"})
    if (std::string path = device::FindLibrary(name, environment.Get("LD_LIBRARY_PATH")); !path.empty()) files.push_back(std::move(path));
  return files;
}

// Ours stands first in OPENCL_LAYERS: loaders put the first layer nearest the driver, so that other people's layers see what the slice lets through.
EnvironmentList EnvironmentFor(const EnvironmentList& caller, const std::string& layer, const HeldSlice& slice) {
  EnvironmentList environment = caller;
  const std::string others = device::WithoutOurLibraries(environment.Get("OPENCL_LAYERS"), ":", ':');
  environment.Set("OPENCL_LAYERS", others.empty() ? layer : layer + ":" + others);
  environment.Set("FLEXAI_SLICE", slice.file());
  return environment;
}

// What is no refusal (2, 3, 4) must not look like the program's own status 1.
int Refuse(const Error& error) {
  const int status = FailWith(error);
  return status == kFailed ? kRunInternal : status;
}

}  // namespace

int RunRun(const Args& args) {
  const EnvironmentList& environment = args.surroundings().environment;
  const auto request = ReadRequest(args);
  if (!request) return Refuse(request.error());
  if (const auto status = CheckModes(args); !status) return Refuse(status.error());
  if (const auto status = CheckOutsideOfSlices(environment); !status) return Refuse(status.error());

  const Inventory inventory = TakeInventory(args.surroundings());
  for (const std::string& warning : DriverWarnings(inventory)) Warn(warning);
  if (!inventory.runtime) {
    Complain(inventory.runtime_trouble);
    return kRunInternal;
  }
  const auto xpus = SelectXpus(inventory, request->xpus, request->slice.wish);
  if (!xpus) return Refuse(xpus.error());
  for (const XpuEntry* entry : *xpus)
    for (const std::string& warning : OtherUserWarnings(*entry)) Warn(warning);

  auto slice = HeldSlice::Admit(*inventory.runtime, *xpus, request->slice);
  if (!slice) return Refuse(slice.error());
  const int status = Supervise({.command = request->slice.command,
                                .environment = EnvironmentFor(environment, inventory.layer, *slice),
                                .drivers = DriverFiles(inventory, environment),
                                .self = args.surroundings().self});
  slice->Leave();
  return status;
}

}  // namespace flexai::cli
