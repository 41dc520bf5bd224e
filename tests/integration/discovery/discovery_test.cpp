// Discovery against drivers that work, hang, crash, lie or are missing. Real child processes, the real loader; fake vendor libraries.
#include "device/discovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace flexai::device {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class DiscoveryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* fakes = std::getenv("FLEXAI_FAKES_DIR");
    ASSERT_NE(fakes, nullptr) << "run through ctest, or set FLEXAI_FAKES_DIR to <build>/fakes";
    fakes_ = fakes;
    folder_ = (fs::temp_directory_path() / "flexai-discovery-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    fs::create_directory(folder_ + "/vendors");
    options_.self = fakes_ + "/discovery_child";
    options_.environment = EnvironmentList({"PATH=/usr/bin:/bin", "HOME=" + folder_, "TMPDIR=" + folder_});
    options_.vendors_folder = folder_ + "/vendors";
    options_.sysfs_root = folder_ + "/sys";
    options_.patience = 60 * kSecond;
  }
  void TearDown() override {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }

  void Install(const std::string& name, const std::string& content) { std::ofstream(options_.vendors_folder + "/" + name) << content; }
  void InstallFake(const std::string& mode) { Install(mode + ".icd", fakes_ + "/libfake_opencl_" + mode + ".so"); }
  void ShowVendorLibraries() { options_.environment.Set("LD_LIBRARY_PATH", fakes_ + "/nvml:" + fakes_ + "/dcmi"); }

  static std::vector<std::string> Ids(const Discovery& discovery) {
    std::vector<std::string> ids;
    for (const Xpu& xpu : discovery.xpus) ids.emplace_back(xpu.id.view());
    return ids;
  }
  static DriverReport Report(const Discovery& discovery, const std::string& name) {
    for (const DriverReport& report : discovery.drivers)
      if (report.name == name) return report;
    ADD_FAILURE() << "no report about " << name;
    return {};
  }

  std::string fakes_, folder_;
  DiscoveryOptions options_;
};

constexpr const char* kCard = "nvidia-1a2b3c4d5e6f708192a3b4c5d6e7f809";

TEST_F(DiscoveryTest, AMachineWithoutAnythingHasNoXpusAndNoTrouble) {
  const Discovery discovery = Discover(options_);

  EXPECT_TRUE(discovery.xpus.empty());
  for (const DriverReport& report : discovery.drivers) EXPECT_FALSE(report.IsBroken()) << report.name << ": " << report.trouble;
  EXPECT_EQ(Report(discovery, "NVML").state, DriverReport::State::kMissing);
}

TEST_F(DiscoveryTest, ReadsWhatADriverSaysOfItsDevice) {
  InstallFake("gpu");

  const Discovery discovery = Discover(options_);

  ASSERT_THAT(Ids(discovery), ElementsAre(kCard));
  const Xpu& xpu = discovery.xpus[0];
  EXPECT_EQ(xpu.kind, XpuKind::kGpu);
  EXPECT_EQ(xpu.model, "Fake H100");
  EXPECT_EQ(xpu.memory->value, 80ULL << 30);
  EXPECT_EQ(xpu.compute_units, 132u);
  EXPECT_EQ(xpu.driver_version, "570.1");
  EXPECT_EQ(xpu.platform, "Fake OpenCL");
  EXPECT_EQ(xpu.driver_library, fs::canonical(fakes_ + "/libfake_opencl_gpu.so").string());
  EXPECT_TRUE(xpu.HasOpenCl());
  EXPECT_THAT(discovery.opencl_loader, HasSubstr("libOpenCL.so.1"));
}

TEST_F(DiscoveryTest, BrokenDriversAreNamedAndTheOthersShow) {
  for (const char* mode : {"crash", "empty", "exits", "gpu", "hang"}) InstallFake(mode);
  Install("absent.icd", "libno_such_driver.so.7\n");
  Install("blank.icd", "\n");
  // The deadline comes when only the hanging driver has not answered: no time is measured.
  options_.progress = nullptr;
  bool only_hang = false;
  options_.progress = [&](std::span<const std::string> waiting, Nanos) { only_hang = waiting.size() == 1 && waiting[0] == "hang.icd"; };
  options_.give_up = [&] { return only_hang; };

  const Discovery discovery = Discover(options_);

  EXPECT_THAT(Ids(discovery), ElementsAre(kCard));
  EXPECT_EQ(Report(discovery, "gpu.icd").state, DriverReport::State::kOk);
  EXPECT_EQ(Report(discovery, "empty.icd").state, DriverReport::State::kEmpty);
  EXPECT_EQ(Report(discovery, "hang.icd").state, DriverReport::State::kHung);
  EXPECT_THAT(Report(discovery, "hang.icd").trouble, HasSubstr("did not answer"));
  EXPECT_EQ(Report(discovery, "crash.icd").state, DriverReport::State::kCrashed);
  EXPECT_THAT(Report(discovery, "crash.icd").trouble, HasSubstr("SIGSEGV"));
  EXPECT_EQ(Report(discovery, "exits.icd").state, DriverReport::State::kCrashed);
  EXPECT_THAT(Report(discovery, "exits.icd").trouble, HasSubstr("ended the process"));
  EXPECT_EQ(Report(discovery, "absent.icd").state, DriverReport::State::kFailed);
  EXPECT_THAT(Report(discovery, "absent.icd").trouble, HasSubstr("libno_such_driver.so.7"));
  EXPECT_EQ(Report(discovery, "blank.icd").state, DriverReport::State::kFailed);
}

TEST_F(DiscoveryTest, WhatADriverPrintsIsNotTakenForAnAnswer) {
  InstallFake("noisy");
  EXPECT_THAT(Ids(Discover(options_)), ElementsAre(kCard));
}

TEST_F(DiscoveryTest, OneCardSeenThroughThreeSourcesIsOneXpu) {
  InstallFake("gpu");
  InstallFake("twin");
  ShowVendorLibraries();

  const Discovery discovery = Discover(options_);

  EXPECT_THAT(Ids(discovery), UnorderedElementsAre(kCard, "nvidia-ffffffff5e6f708192a3b4c5d6e7f809",
                                                   "ascend-a0000000a0000001a0000002a0000003a0000004", "ascend-npu1"));
  const Xpu& card = discovery.xpus[0];
  EXPECT_EQ(card.id.view(), kCard);
  EXPECT_THAT(card.sources, ElementsAre("gpu.icd", "twin.icd", "NVML"));
  EXPECT_EQ(card.pci_address, "0000:3b:00.0");  // NVML knows what the OpenCL driver does not say
}

TEST_F(DiscoveryTest, ReadsCardsThatOnlyTheVendorsLibraryShows) {
  ShowVendorLibraries();

  const Discovery discovery = Discover(options_);

  for (const Xpu& xpu : discovery.xpus) EXPECT_FALSE(xpu.HasOpenCl());
  const auto npu =
      std::find_if(discovery.xpus.begin(), discovery.xpus.end(), [](const Xpu& xpu) { return xpu.pci_address == "0000:c1:00.0"; });
  ASSERT_NE(npu, discovery.xpus.end());
  EXPECT_EQ(npu->model, "Ascend 910B3");
  EXPECT_EQ(npu->memory->value, 64ULL << 30);
  EXPECT_EQ(npu->driver_version, "24.1.0");
  EXPECT_EQ(npu->compute_units, 20u);
}

TEST_F(DiscoveryTest, ALostCardDoesNotHideTheOthers) {
  ShowVendorLibraries();
  options_.environment.Set("FAKE_NVML", "lost");

  const Discovery discovery = Discover(options_);

  EXPECT_THAT(Ids(discovery), ::testing::Contains(kCard));
  EXPECT_THAT(Report(discovery, "NVML").trouble, HasSubstr("has fallen off the bus"));
}

TEST_F(DiscoveryTest, FollowsTheVariablesTheLoaderFollows) {
  InstallFake("crash");
  options_.environment.Set("OCL_ICD_VENDORS", fakes_ + "/libfake_opencl_gpu.so");
  EXPECT_THAT(Ids(Discover(options_)), ElementsAre(kCard));

  options_.environment.Set("OCL_ICD_VENDORS", folder_);  // a folder without drivers
  EXPECT_TRUE(Discover(options_).xpus.empty());
}

TEST_F(DiscoveryTest, LeavesNothingBehind) {
  InstallFake("gpu");
  (void)Discover(options_);

  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder_)) left.push_back(entry.path().filename().string());
  EXPECT_THAT(left, ElementsAre("vendors"));
}

TEST_F(DiscoveryTest, AProgramThatCannotBeStartedIsNoCrash) {
  options_.self = "/nonexistent/flexai";
  const Discovery discovery = Discover(options_);

  EXPECT_TRUE(discovery.xpus.empty());
  EXPECT_TRUE(Report(discovery, "NVML").IsBroken());
}

}  // namespace
}  // namespace flexai::device
