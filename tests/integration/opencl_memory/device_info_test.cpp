// The sliced device looks like a smaller card.
#include "fixture.hpp"

namespace flexai::testing {
namespace {

class DeviceInfoTest : public OpenclMemoryTest {};
FLEXAI_ON_EVERY_DRIVER(DeviceInfoTest);

std::uint64_t Number(const std::string& answer) { return std::stoull(answer.substr(answer.rfind(' ') + 1)); }

TEST_P(DeviceInfoTest, ItsMemoryIsTheQuota) {
  const auto shell = Start(MakeSlice(64 * kMiB));

  EXPECT_EQ(shell->Ask("info 0x101F 8"), "0 8 " + std::to_string(64 * kMiB)) << "CL_DEVICE_GLOBAL_MEM_SIZE";
  EXPECT_EQ(shell->Ask("info 0x1010 8"), "0 8 " + std::to_string(64 * kMiB)) << "CL_DEVICE_MAX_MEM_ALLOC_SIZE";
  EXPECT_LE(Number(shell->Ask("info 0x1020 8")), 64 * kMiB) << "CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE";
}

TEST_P(DeviceInfoTest, TheLargestAllocationStaysTheDriversUnderALargeQuota) {
  const auto bare = StartBare();
  const std::uint64_t most = Number(bare->Ask("info 0x1010 8"));
  const std::uint64_t all = Number(bare->Ask("info 0x101F 8"));
  world().AddXpu(driver().xpu, all);
  const auto shell = Start(MakeSlice(all));

  EXPECT_EQ(Number(shell->Ask("info 0x1010 8")), most);
  EXPECT_EQ(Number(shell->Ask("info 0x101F 8")), all);
}

TEST_P(DeviceInfoTest, FollowsAChangeOfTheRunningSlice) {
  const auto shell = Start(MakeSlice(64 * kMiB));
  ASSERT_EQ(Number(shell->Ask("info 0x101F 8")), 64 * kMiB);

  slice::ShareChange change;
  change.set_memory = true;
  change.memory = Bytes{80 * kMiB};
  slice::Refusal why;
  ASSERT_EQ(slice::Change(world().region(driver().xpu), world().slot("memory", driver().xpu), change, why), Outcome::kOk);

  EXPECT_EQ(Number(shell->Ask("info 0x101F 8")), 80 * kMiB);
  EXPECT_EQ(Number(shell->Ask("info 0x1010 8")), 80 * kMiB);
}

TEST_P(DeviceInfoTest, AllElseIsTheDriversOwn) {
  const auto bare = StartBare();
  const auto sliced = Start(MakeSlice(64 * kMiB));

  int answered = 0;
  for (unsigned param = 0x1000; param < 0x1080; ++param) {
    // Memory, the profile's limits made of it, extensions, and handles.
    if (param == 0x101F || param == 0x1010 || param == 0x1020 || param == 0x104D || param == 0x1050 || param == 0x1030 || param == 0x1060 ||
        param == 0x1031 || param == 0x1042) {
      continue;
    }
    const std::string command = "info " + std::to_string(param) + " 65536";
    const std::string wanted = bare->Ask(command);
    answered += wanted.starts_with("0 ");
    EXPECT_EQ(sliced->Ask(command), wanted) << std::hex << param;
  }
  EXPECT_GT(answered, 40) << "the driver answered hardly anything: nothing was compared";
}

}  // namespace
}  // namespace flexai::testing
