#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/fds.hpp"
#include "device/probe.hpp"

namespace flexai::device {
namespace {

namespace fs = std::filesystem;

// A small /sys with the PCI devices of a server.
class SysfsProbeTest : public ::testing::Test {
 public:
  SysfsProbeTest() {
    root_ = (fs::temp_directory_path() / "flexai-sysfs-test-XXXXXX").string();
    EXPECT_NE(mkdtemp(root_.data()), nullptr);
  }
  ~SysfsProbeTest() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

 protected:
  void Device(const std::string& address, const char* pci_class, const char* vendor, const char* device, const char* driver = nullptr) {
    const fs::path folder = fs::path(root_) / "bus/pci/devices" / address;
    fs::create_directories(folder);
    std::ofstream(folder / "class") << pci_class << "\n";
    std::ofstream(folder / "vendor") << vendor << "\n";
    std::ofstream(folder / "device") << device << "\n";
    if (driver != nullptr) fs::create_symlink("../../drivers/" + std::string(driver), folder / "driver");
  }
  void Write(const std::string& address, const std::string& file, const std::string& text) {
    std::ofstream(fs::path(root_) / "bus/pci/devices" / address / file) << text;
  }
  std::vector<Xpu> Probe() {
    Pipe pipe = MakePipe().value();
    ProbeSysfs(ProbeReport(pipe.write_end.get()), root_);
    pipe.write_end.Reset();
    std::string text(1 << 16, '\0');
    text.resize(static_cast<std::size_t>(read(pipe.read_end.get(), text.data(), text.size())));
    std::vector<Xpu> xpus;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
      if (auto xpu = XpuFromDocument(Document::ParseJson(line).value()["xpu"])) xpus.push_back(*xpu);
    return xpus;
  }

  std::string root_;
};

TEST_F(SysfsProbeTest, FindsCardsAndPassesOverScreensAndBridges) {
  Device("0000:00:00.0", "0x060000", "0x8086", "0x1237");               // host bridge
  Device("0000:02:00.0", "0x030000", "0x1a03", "0x2000", "ast");        // a server's screen
  Device("0000:03:00.0", "0x030000", "0x19e5", "0x1711", "hibmc-drm");  // the same, by a vendor of NPUs
  Device("0000:3b:00.0", "0x030200", "0x10de", "0x2330", "nvidia");
  Device("0000:83:00.0", "0x038000", "0x1002", "0x74a1", "amdgpu");
  Device("0000:c1:00.0", "0x120000", "0x19e5", "0xd802");
  Write("0000:83:00.0", "mem_info_vram_total", "206141652992\n");

  const std::vector<Xpu> xpus = Probe();

  ASSERT_EQ(xpus.size(), 3u);
  EXPECT_EQ(xpus[0].id.view(), "nvidia-0000-3b-00.0");
  EXPECT_EQ(xpus[0].platform, "kernel driver nvidia");
  EXPECT_FALSE(xpus[0].memory);
  EXPECT_EQ(xpus[1].id.view(), "amd-0000-83-00.0");
  EXPECT_EQ(xpus[1].memory->value, 206141652992u);
  EXPECT_EQ(xpus[2].kind, XpuKind::kNpu);
  EXPECT_EQ(xpus[2].platform, "no kernel driver");
  EXPECT_EQ(xpus[2].model, "PCI device 19e5:d802");
}

TEST_F(SysfsProbeTest, AnAcceleratorOfAnUnknownVendorIsShown) {
  Device("0000:01:00.0", "0x120000", "0xabcd", "0x0001");

  const std::vector<Xpu> xpus = Probe();

  ASSERT_EQ(xpus.size(), 1u);
  EXPECT_EQ(xpus[0].vendor, "PCI vendor abcd");
  EXPECT_EQ(xpus[0].id.view(), "xpu-0000-01-00.0");
}

TEST_F(SysfsProbeTest, DamagedEntriesAndNoSysfsAreNoXpus) {
  Device("0000:01:00.0", "nonsense", "0x10de", "0x2330");
  EXPECT_TRUE(Probe().empty());
  root_ += "/nothing";
  EXPECT_TRUE(Probe().empty());
}

}  // namespace
}  // namespace flexai::device
