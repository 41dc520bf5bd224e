#include "cli/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_code.hpp"

namespace flexai::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Level = Finding::Level;
using State = device::DriverReport::State;

// A machine on which everything is as it should be.
Inventory Healthy() {
  Inventory inventory;
  inventory.discovery.opencl_loader = "/usr/lib/libOpenCL.so.1";
  inventory.discovery.drivers = {{.name = "pocl.icd",
                                  .icd = "/etc/OpenCL/vendors/pocl.icd",
                                  .library = "/usr/lib/libpocl.so.2",
                                  .state = State::kOk,
                                  .platforms = {"Portable Computing Language"},
                                  .devices = 1},
                                 {.name = "NVML", .state = State::kMissing}};
  device::Xpu xpu;
  xpu.id = XpuId::Parse("pocl-0").value();
  xpu.kind = XpuKind::kCpu;
  xpu.driver_library = "/usr/lib/libpocl.so.2";
  xpu.extensions = "cl_khr_icd cl_khr_fp64 cl_khr_command_buffer";
  inventory.discovery.xpus = {xpu};
  inventory.layer = "/usr/lib/flexai/libflexai_opencl.so";
  inventory.machine = {.possible = true};
  inventory.runtime = Runtime{.path = "/dev/shm/flexai-1000"};
  inventory.entries = {{.id = xpu.id, .xpu = xpu, .enforceable = {.possible = true}}};
  return inventory;
}

Symptoms NoSymptoms() {
  Symptoms symptoms;
  symptoms.robust_futexes = {.possible = true};
  symptoms.layer = {.possible = true};
  symptoms.layer_tried = true;
  symptoms.runtime_free_bytes = 1ULL << 30;
  return symptoms;
}

std::vector<Finding> Bad(const std::vector<Finding>& findings) {
  std::vector<Finding> bad;
  for (const Finding& finding : findings)
    if (finding.level == Level::kWarning || finding.level == Level::kBroken) bad.push_back(finding);
  return bad;
}

std::vector<Finding> BadOf(const Inventory& inventory, const Symptoms& symptoms, const EnvironmentList& environment = {}) {
  return Bad(Judge(inventory, symptoms, environment));
}

TEST(DoctorTest, AHealthyMachineHasNothingToFix) {
  const auto findings = Judge(Healthy(), NoSymptoms(), {});

  EXPECT_THAT(Bad(findings), IsEmpty());
  EXPECT_EQ(DoctorStatus(Healthy(), findings), kOk);
  EXPECT_TRUE(DoctorDocument(Healthy(), findings)["enforceable"].AsBool().value());
}

TEST(DoctorTest, SaysWhichExtensionsASliceDoesNotShow) {
  const auto findings = Judge(Healthy(), NoSymptoms(), {});

  EXPECT_THAT(findings, Contains(Field(&Finding::text, HasSubstr("pocl-0: not shown in slices: cl_khr_command_buffer"))));
  EXPECT_THAT(WithheldExtensions("cl_khr_fp64 cl_khr_icd"), IsEmpty());
  EXPECT_THAT(DoctorText(findings, false, false), Not(HasSubstr("cl_khr_command_buffer")));
  EXPECT_THAT(DoctorText(findings, true, false), HasSubstr("cl_khr_command_buffer"));
}

TEST(DoctorTest, AHungDriverIsBrokenAndNamed) {
  Inventory inventory = Healthy();
  inventory.discovery.drivers.push_back({.name = "hang.icd",
                                         .icd = "/etc/OpenCL/vendors/hang.icd",
                                         .state = State::kHung,
                                         .trouble = "did not answer within 10 s (clGetDeviceIDs)"});
  const auto bad = BadOf(inventory, NoSymptoms());

  ASSERT_EQ(bad.size(), 1u);
  EXPECT_EQ(bad[0].level, Level::kBroken);
  EXPECT_THAT(bad[0].text, HasSubstr("hang.icd did not answer within 10 s (clGetDeviceIDs)"));
  EXPECT_THAT(bad[0].fix, HasSubstr("remove /etc/OpenCL/vendors/hang.icd"));
  EXPECT_EQ(DoctorStatus(inventory, bad), kFailed);
}

TEST(DoctorTest, AnIcdFileWithoutItsLibraryIsAWarning) {
  Inventory inventory = Healthy();
  inventory.discovery.drivers.push_back(
      {.name = "gone.icd", .icd = "/etc/OpenCL/vendors/gone.icd", .state = State::kFailed, .trouble = "libgone.so: cannot open"});
  const auto bad = BadOf(inventory, NoSymptoms());

  ASSERT_EQ(bad.size(), 1u);
  EXPECT_EQ(bad[0].level, Level::kWarning);
  EXPECT_EQ(DoctorStatus(inventory, bad), kOk);
}

TEST(DoctorTest, RusticlIsToldHowToShowItsDevices) {
  Inventory inventory = Healthy();
  inventory.discovery.drivers.push_back(
      {.name = "rusticl.icd", .icd = "/etc/OpenCL/vendors/rusticl.icd", .state = State::kEmpty, .platforms = {"rusticl"}});

  EXPECT_THAT(Judge(inventory, NoSymptoms(), {}), Contains(Field(&Finding::fix, HasSubstr("RUSTICL_ENABLE"))));
  EXPECT_THAT(Judge(inventory, NoSymptoms(), EnvironmentList({"RUSTICL_ENABLE=iris"})),
              Not(Contains(Field(&Finding::fix, HasSubstr("RUSTICL_ENABLE")))));
}

TEST(DoctorTest, PoclIsToldWhatItNeeds) {
  Inventory inventory = Healthy();
  inventory.discovery.drivers[0].state = State::kEmpty;

  EXPECT_THAT(Judge(inventory, NoSymptoms(), {}), Contains(Field(&Finding::fix, HasSubstr("POCL_CACHE_DIR"))));
}

TEST(DoctorTest, ALayerThatIsNotLoadedMakesNothingEnforceable) {
  Symptoms symptoms = NoSymptoms();
  symptoms.layer_trial = "version `GLIBC_2.99' not found";
  const auto bad = BadOf(Healthy(), symptoms);

  ASSERT_EQ(bad.size(), 1u);
  EXPECT_THAT(bad[0].text, HasSubstr("GLIBC_2.99"));
  EXPECT_EQ(DoctorStatus(Healthy(), bad), kNotEnforceable);
}

TEST(DoctorTest, AMachineWithoutOpenClIsNotEnforceable) {
  Inventory inventory = Healthy();
  inventory.discovery = {};
  inventory.entries.clear();
  Symptoms symptoms = NoSymptoms();
  symptoms.layer = CanLoadLayer(inventory.layer, "");
  const auto bad = BadOf(inventory, symptoms);

  EXPECT_THAT(bad, Contains(Field(&Finding::fix, HasSubstr("apt install ocl-icd-libopencl1"))));
  EXPECT_THAT(bad, Contains(Field(&Finding::text, HasSubstr("no XPU is visible here"))));
  EXPECT_EQ(DoctorStatus(inventory, bad), kNotEnforceable);
}

TEST(DoctorTest, FindsWhatIsWrongWithTheRuntimeDirectory) {
  Symptoms symptoms = NoSymptoms();
  symptoms.runtime_in_memory = false;
  symptoms.runtime_free_bytes = 1000;
  EXPECT_THAT(BadOf(Healthy(), symptoms),
              ElementsAre(Field(&Finding::text, HasSubstr("is on a disk")), Field(&Finding::text, HasSubstr("is full"))));

  Inventory inventory = Healthy();
  inventory.runtime.reset();
  inventory.runtime_trouble = "the runtime directory belongs to another user";
  EXPECT_THAT(BadOf(inventory, NoSymptoms()), ElementsAre(Field(&Finding::level, Level::kBroken)));
}

TEST(DoctorTest, FindsWhatIsWrongWithRegions) {
  Inventory inventory = Healthy();
  inventory.entries[0].region_trouble = "the region of pocl-0 is damaged";
  inventory.entries[0].other_users = {"alice"};
  Symptoms symptoms = NoSymptoms();
  symptoms.orphans = {{"/dev/shm/flexai-1000/xpu-pocl-0.state", 4711}};
  symptoms.stuck_locks = {{"pocl-0", 42}, {"intel-0", 0}};
  const auto bad = BadOf(inventory, symptoms);

  EXPECT_THAT(bad, Contains(Field(&Finding::text, HasSubstr("pocl-0 is damaged"))));
  EXPECT_THAT(bad, Contains(Field(&Finding::text, HasSubstr("slices of alice"))));
  EXPECT_THAT(bad, Contains(Field(&Finding::text, HasSubstr("pid 4711 runs in a slice whose region was deleted"))));
  EXPECT_THAT(bad, Contains(Field(&Finding::fix, HasSubstr("kill -CONT 42"))));
  EXPECT_THAT(bad, Contains(Field(&Finding::text, HasSubstr("another PID namespace"))));
}

TEST(DoctorTest, FindsWhatIsWrongWithTheSurroundings) {
  Symptoms symptoms = NoSymptoms();
  symptoms.forbidden_devices = {"/dev/dri/renderD128"};
  const auto bad = BadOf(Healthy(), symptoms, EnvironmentList({"OPENCL_LAYERS=/usr/lib/flexai/libflexai_opencl.so"}));

  EXPECT_THAT(bad, ElementsAre(Field(&Finding::text, HasSubstr("OPENCL_LAYERS names flexai's layer")),
                               Field(&Finding::text, HasSubstr("/dev/dri/renderD128"))));
  symptoms.inside_slice = "train";
  EXPECT_THAT(Judge(Healthy(), symptoms, {}), Contains(Field(&Finding::text, HasSubstr("inside the slice train"))));
}

TEST(DoctorTest, DocumentsEveryFindingWithItsFix) {
  Symptoms symptoms = NoSymptoms();
  symptoms.forbidden_devices = {"/dev/kfd"};
  const Document document = DoctorDocument(Healthy(), Judge(Healthy(), symptoms, {}));
  const Document& last = document["findings"].Items().back();

  EXPECT_EQ(last["check"].AsText(), "device");
  EXPECT_EQ(last["level"].AsText(), "warning");
  EXPECT_THAT(std::string(last["fix"].AsText().value()), HasSubstr("group"));
  EXPECT_TRUE(document["findings"].Items().front()["fix"].IsNull());
}

}  // namespace
}  // namespace flexai::cli
