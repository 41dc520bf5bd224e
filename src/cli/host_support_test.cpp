#include "cli/host_support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "api/region/region.h"

namespace flexai::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class HostSupportTest : public ::testing::Test {
 public:
  HostSupportTest() {
    folder_ = (fs::temp_directory_path() / "flexai-host-test-XXXXXX").string();
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  }
  ~HostSupportTest() override {
    std::error_code ignored;
    fs::permissions(folder_, fs::perms::owner_all, ignored);
    fs::remove_all(folder_, ignored);
  }

 protected:
  std::string Write(const std::string& name, const std::string& content) {
    fs::create_directories(fs::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name) << content;
    return folder_ + "/" + name;
  }
  std::string folder_;
};

TEST_F(HostSupportTest, FindsTheLayerInABuildFolderAndInAnInstallation) {
  EXPECT_EQ(FindLayer(folder_ + "/bin/flexai"), "");
  Write("lib/flexai/libflexai_opencl.so", "x");
  EXPECT_EQ(FindLayer(folder_ + "/bin/flexai"), fs::canonical(folder_ + "/lib/flexai/libflexai_opencl.so").string());
  Write("lib/libflexai_opencl.so", "x");
  EXPECT_EQ(FindLayer(folder_ + "/bin/flexai"), fs::canonical(folder_ + "/lib/libflexai_opencl.so").string());
  EXPECT_EQ(FindLayer(""), "");
}

TEST_F(HostSupportTest, NamesTheLayerWithoutItsVersionSoThatAnUpgradeLeavesTheNameValid) {
  Write("lib/flexai/libflexai_opencl.so.1.2.3", "x");
  fs::create_symlink("libflexai_opencl.so.1.2.3", folder_ + "/lib/flexai/libflexai_opencl.so");

  EXPECT_EQ(FindLayer(folder_ + "/bin/flexai"), fs::canonical(folder_).string() + "/lib/flexai/libflexai_opencl.so");
}

TEST_F(HostSupportTest, ALoaderMustKnowLayers) {
  const std::string layer = Write("lib/libflexai_opencl.so", "x");
  const std::string good = Write("good.so", std::string("\x7f"
                                                        "ELF\0OPENCL_LAYERS\0",
                                                        19));
  const std::string old = Write("old.so",
                                "\x7f"
                                "ELF OCL_ICD_VENDORS");

  EXPECT_TRUE(CanLoadLayer(layer, good).possible);
  EXPECT_THAT(CanLoadLayer(layer, old).reason, HasSubstr("does not load layers"));
  EXPECT_THAT(CanLoadLayer(layer, "").fix, HasSubstr("apt install ocl-icd-libopencl1"));
  EXPECT_THAT(CanLoadLayer("", good).reason, HasSubstr("not beside this program"));
  EXPECT_THAT(CanLoadLayer("/opt/a:b/libflexai_opencl.so", good).reason, HasSubstr("contains ':'"));
}

TEST_F(HostSupportTest, ACardWithoutOpenClIsNotEnforceableAndSaysWhatToInstall) {
  device::Xpu xpu;
  xpu.id = XpuId::Parse("nvidia-1a2b").value();
  EXPECT_THAT(CanEnforceOn(xpu, {.possible = true}).fix, HasSubstr("nvidia-opencl-icd"));
  xpu.driver_library = "/usr/lib/libnvidia-opencl.so.1";
  EXPECT_TRUE(CanEnforceOn(xpu, {.possible = true}).possible);
  EXPECT_EQ(CanEnforceOn(xpu, {.reason = "why"}).reason, "why");
}

TEST_F(HostSupportTest, TheRuntimeDirectoryThatIsNamedMustBeUsable) {
  const auto find = [](const std::string& path) { return FindRuntime(EnvironmentList({"FLEXAI_RUNTIME_DIR=" + path})); };

  EXPECT_EQ(find(folder_)->path, folder_);
  EXPECT_THAT(find(folder_ + "/nothing").error().message, HasSubstr("does not exist"));
  EXPECT_THAT(find(Write("file", "")).error().message, HasSubstr("Not a directory"));
  EXPECT_EQ(find("/" + std::string(600, 'x')).error().code, ErrorCode::kInvalid);
}

TEST_F(HostSupportTest, ADirectoryThatMayNotBeReadIsRefused) {
  fs::permissions(folder_, fs::perms::none);
  const pid_t child = fork();  // as somebody who may not read everything, which root may
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
    const auto runtime = FindRuntime(EnvironmentList({"FLEXAI_RUNTIME_DIR=" + folder_}));
    _exit(!runtime && runtime.error().message.find("Permission denied") != std::string::npos ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(HostSupportTest, SeesThatAnotherUserHasARegion) {
  EXPECT_THAT(OtherUsersOf("pocl-0", folder_, ""), IsEmpty());
  EXPECT_THAT(OtherUsersOf("pocl-0", folder_ + "/nothing", ""), IsEmpty());
  Write("run/xpu-intel-0.quota", "");
  EXPECT_THAT(OtherUsersOf("intel-0", folder_, folder_ + "/run"), ElementsAre("everybody in " + folder_ + "/run"));
  EXPECT_THAT(OtherUsersOf("pocl-0", folder_, folder_ + "/run"), IsEmpty());
  Write("flexai-" + std::to_string(geteuid()) + "/xpu-pocl-0.quota", "");
  Write("flexai-x/xpu-pocl-0.quota", "");
  Write("flexai-4000000001/xpu-pocl-0.quota", "");  // a directory of that name that is ours: a trap
  EXPECT_THAT(OtherUsersOf("pocl-0", folder_, ""), IsEmpty());
  if (geteuid() != 0) return;  // only root can make another user's directory
  Write("flexai-4000000002/xpu-pocl-0.quota", "");
  ASSERT_EQ(chown((folder_ + "/flexai-4000000002").c_str(), 4000000002u, 0), 0);
  EXPECT_THAT(OtherUsersOf("pocl-0", folder_, ""), ElementsAre("4000000002"));
  EXPECT_THAT(OtherUsersOf("intel-0", folder_, ""), IsEmpty());
}

TEST_F(HostSupportTest, ARegionThatNamesNoSliceIsNobodysUse) {
  auto file = std::make_unique<flexai_quota_file>();
  file->header.magic = FLEXAI_REGION_QUOTA_MAGIC;
  file->header.abi_major = FLEXAI_REGION_ABI_MAJOR;
  const auto write = [&] { Write("run/xpu-pocl-0.quota", {reinterpret_cast<const char*>(file.get()), sizeof *file}); };

  write();
  EXPECT_THAT(OtherUsersOf("pocl-0", folder_, folder_ + "/run"), IsEmpty());
  file->shares[5].state = FLEXAI_SLOT_ACTIVE;
  write();
  EXPECT_THAT(OtherUsersOf("pocl-0", folder_, folder_ + "/run"), ElementsAre("everybody in " + folder_ + "/run"));
}

TEST_F(HostSupportTest, NamesUsersByNumberWhereTheyHaveNoName) {
  EXPECT_EQ(UserName(0), "root");
  EXPECT_EQ(UserName(4000000002u), "4000000002");
}

TEST(HasRobustFutexesTest, ThisKernelHasThem) { EXPECT_TRUE(HasRobustFutexes().possible); }

}  // namespace
}  // namespace flexai::cli
