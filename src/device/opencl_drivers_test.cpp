#include "device/opencl_drivers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace flexai::device {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OpenClDriversTest : public ::testing::Test {
 public:
  OpenClDriversTest() {
    folder_ = (fs::temp_directory_path() / "flexai-icd-test-XXXXXX").string();
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  }
  ~OpenClDriversTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

 protected:
  std::string Write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ + "/" + name) << content;
    return folder_ + "/" + name;
  }
  static std::vector<std::string> Libraries(const std::vector<OpenClDriver>& drivers) {
    std::vector<std::string> libraries;
    for (const OpenClDriver& driver : drivers) libraries.push_back(driver.library);
    return libraries;
  }

  std::string folder_;
};

TEST_F(OpenClDriversTest, ReadsTheFirstLineOfEveryIcdFileInOrder) {
  Write("pocl.icd", "libpocl.so.2.10.0");  // Debian's has no line break
  Write("intel.icd", "  /opt/intel/libintelocl.so \r\nignored\n");
  Write("readme.txt", "libnot.so\n");

  EXPECT_THAT(Libraries(ListOpenClDrivers({}, folder_)), ElementsAre("/opt/intel/libintelocl.so", "libpocl.so.2.10.0"));
}

TEST_F(OpenClDriversTest, SaysWhatIsWrongWithAFile) {
  Write("blank.icd", "\n\n");
  fs::create_directory(folder_ + "/folder.icd");

  const auto drivers = ListOpenClDrivers({}, folder_);

  ASSERT_EQ(drivers.size(), 2u);
  EXPECT_THAT(drivers[0].trouble, HasSubstr("names no library"));
  EXPECT_THAT(drivers[1].trouble, HasSubstr("folder.icd"));
  EXPECT_TRUE(drivers[0].library.empty() && drivers[1].library.empty());
}

TEST_F(OpenClDriversTest, AFolderThatIsNotThereHasNoDrivers) { EXPECT_TRUE(ListOpenClDrivers({}, folder_ + "/nothing").empty()); }

TEST_F(OpenClDriversTest, TheVendorsVariableMeansAFolderAFileOrALibrary) {
  const std::string file = Write("one.icd", "libone.so\n");
  const std::string other = folder_ + "/other";
  fs::create_directory(other);
  std::ofstream(other + "/two.icd") << "libtwo.so\n";

  EXPECT_THAT(Libraries(ListOpenClDrivers({.ocl_icd_vendors = other}, folder_)), ElementsAre("libtwo.so"));
  EXPECT_THAT(Libraries(ListOpenClDrivers({.ocl_icd_vendors = file}, "/nonexistent")), ElementsAre("libone.so"));
  EXPECT_THAT(Libraries(ListOpenClDrivers({.ocl_icd_vendors = "one.icd"}, folder_)), ElementsAre("libone.so"));
  EXPECT_THAT(Libraries(ListOpenClDrivers({.ocl_icd_vendors = "/opt/x/libthree.so"}, folder_)), ElementsAre("/opt/x/libthree.so"));
}

TEST_F(OpenClDriversTest, MoreFilesComeOnTop) {
  const std::string file = Write("one.icd", "libone.so\n");
  EXPECT_THAT(Libraries(ListOpenClDrivers({.ocl_icd_vendors = folder_, .ocl_icd_filenames = "/opt/x/libthree.so:" + file}, "/nonexistent")),
              ElementsAre("libone.so", "/opt/x/libthree.so", "libone.so"));
}

TEST_F(OpenClDriversTest, FindsALibraryWhereTheLoaderWould) {
  Write("libreal.so.1.0", "");
  fs::create_symlink("libreal.so.1.0", folder_ + "/libreal.so.1");

  EXPECT_EQ(FindLibrary("libreal.so.1", "/nonexistent:" + folder_), fs::canonical(folder_ + "/libreal.so.1.0").string());
  EXPECT_EQ(FindLibrary(folder_ + "/libreal.so.1", ""), fs::canonical(folder_ + "/libreal.so.1.0").string());
  EXPECT_EQ(FindLibrary("libreal.so.1", ""), "");
  EXPECT_EQ(FindLibrary("", folder_), "");
  EXPECT_NE(FindLibrary("libc.so.6", ""), "");
}

}  // namespace
}  // namespace flexai::device
