// The memory wall: exact to the byte, whoever asks and however.
#include "fixture.hpp"

namespace flexai::testing {
namespace {

class MemoryWallTest : public OpenclMemoryTest {};
FLEXAI_ON_EVERY_DRIVER(MemoryWallTest);

TEST_P(MemoryWallTest, RefusesTheByteAfterTheQuota) {
  const auto shell = Start(MakeSlice(64 * kMiB));

  EXPECT_EQ(shell->Ask(Command("buffer", "most", 64 * kMiB - 1)), kOk);
  EXPECT_EQ(shell->Ask("buffer last 1"), kOk);
  EXPECT_EQ(Held(), 64 * kMiB);
  EXPECT_EQ(shell->Ask("buffer more 1"), kNoRoom);
  EXPECT_EQ(Held(), 64 * kMiB);

  EXPECT_EQ(shell->Ask("release last"), kOk);
  EXPECT_EQ(shell->Ask("buffer again 1"), kOk);
  EXPECT_EQ(shell->Ask("buffer more 1"), kNoRoom);
}

TEST_P(MemoryWallTest, SaysThatABufferIsTooLargeWhereTheDeviceSaysSo) {
  const auto shell = Start(MakeSlice(64 * kMiB));

  EXPECT_EQ(shell->Ask(Command("buffer", "b", 64 * kMiB + 1)), kTooLarge);
  EXPECT_EQ(shell->Ask(Command("buffer-props", "b", 64 * kMiB + 1)), kTooLarge);
  EXPECT_EQ(shell->Ask(Command("buffer", "b", 64 * kMiB)), kOk);
  EXPECT_EQ(shell->Ask(Command("buffer", "c", 64 * kMiB + 1)), kTooLarge) << "also when it is full";
}

TEST_P(MemoryWallTest, TakesSmallQuotas) {
  const auto shell = Start(MakeSlice(5000));

  EXPECT_NE(shell->Errors().find("32 MiB"), std::string::npos) << shell->Errors();
  EXPECT_EQ(shell->Ask("buffer a 5000"), kOk);
  EXPECT_EQ(shell->Ask("buffer b 1"), kNoRoom);
}

TEST_P(MemoryWallTest, SeesAChangedQuotaAtOnce) {
  const auto shell = Start(MakeSlice(64 * kMiB));
  EXPECT_EQ(shell->Ask(Command("buffer", "a", 64 * kMiB)), kOk);
  EXPECT_EQ(shell->Ask("buffer b 4096"), kNoRoom);

  slice::ShareChange change;
  change.set_memory = true;
  change.memory = Bytes{64 * kMiB + 4096};
  slice::Refusal why;
  ASSERT_EQ(slice::Change(world().region(driver().xpu), world().slot("memory", driver().xpu), change, why), Outcome::kOk);

  EXPECT_EQ(shell->Ask("buffer b 4096"), kOk);
  EXPECT_EQ(shell->Ask("buffer c 1"), kNoRoom);
}

TEST_P(MemoryWallTest, ASliceWithoutReservationMayTakeWhatOthersHaveNotReserved) {
  world().AddXpu(driver().xpu, 96 * kMiB);
  MakeSlice(64 * kMiB, "other");
  const auto shell = Start(world().MakeSlice("memory", {{.xpu = driver().xpu}}));

  EXPECT_EQ(shell->Ask(Command("buffer", "a", 32 * kMiB)), kOk);
  EXPECT_EQ(shell->Ask("buffer b 1"), kNoRoom);
}

TEST_P(MemoryWallTest, HoldsForEveryKindOfAllocation) {
  const std::uint64_t room = 1000;
  const auto shell = Start(MakeSlice(64 * kMiB));
  ASSERT_EQ(shell->Ask(Command("buffer", "most", 64 * kMiB - room)), kOk);

  EXPECT_EQ(shell->Ask("buffer b 1001"), kNoRoom);
  EXPECT_EQ(shell->Ask("buffer-props b 1001"), kNoRoom);
  EXPECT_EQ(shell->Ask("buffer b 1001 0x8 host"), kNoRoom) << "CL_MEM_USE_HOST_PTR";
  EXPECT_EQ(shell->Ask("buffer b 1001 0x10"), kNoRoom) << "CL_MEM_ALLOC_HOST_PTR";
  EXPECT_EQ(shell->Ask("buffer b 1001 0x20 host"), kNoRoom) << "CL_MEM_COPY_HOST_PTR";
  EXPECT_EQ(shell->Ask("image i 2d 16 16 0 0"), kNoRoom);
  EXPECT_EQ(shell->Ask("image i 2darray 8 8 0 4"), kNoRoom);
  EXPECT_EQ(shell->Ask("image i 3d 8 8 4 0"), kNoRoom);
  EXPECT_EQ(shell->Ask("image i 1d 251 0 0 0"), kNoRoom);
  EXPECT_EQ(shell->Ask("image i 1darray 64 0 0 4"), kNoRoom);
  EXPECT_EQ(shell->Ask("image2d i 16 16"), kNoRoom);
  EXPECT_EQ(shell->Ask("image3d i 8 8 4"), kNoRoom);
  EXPECT_EQ(shell->Ask("svm s 1001"), "null");
  EXPECT_EQ(shell->Ask("pipe p 16 100"), is("intel") ? kNoRoom : "-59") << "CL_INVALID_OPERATION where there are no pipes";
  EXPECT_EQ(Held(), 64 * kMiB - room);

  EXPECT_EQ(shell->Ask("buffer b 1000"), kOk) << "a refusal leaves nothing behind";
}

TEST_P(MemoryWallTest, LetsInWhatFitsAfterAnImageOfThatSize) {
  const auto shell = Start(MakeSlice(64 * kMiB));
  ASSERT_EQ(shell->Ask(Command("buffer", "most", 64 * kMiB - 1024)), kOk);

  EXPECT_EQ(shell->Ask("image i 2d 16 16 0 0"), kOk);
  EXPECT_EQ(shell->Ask("buffer b 1"), kNoRoom);
  EXPECT_EQ(shell->Ask("release i"), kOk);
  EXPECT_EQ(shell->Ask("buffer b 1024"), kOk);
}

TEST_P(MemoryWallTest, ManyThreadsAtTheLimitNeverPassItAndAlwaysComeBack) {
  const auto shell = Start(MakeSlice(64 * kMiB));

  const std::string answer = shell->Ask("race 4 500 " + std::to_string(20 * kMiB));

  EXPECT_EQ(answer.substr(answer.rfind(' ') + 1), "0") << answer;
  EXPECT_EQ(Held(), 0u);
  EXPECT_LE(world().account("memory", driver().xpu).memory_peak_bytes, 64 * kMiB);
  EXPECT_EQ(shell->Ask(Command("buffer", "all", 64 * kMiB)), kOk);
}

// Drivers free in threads of their own: what the application has let go of may be charged a moment longer, and then an allocation must wait, not fail.
TEST_P(MemoryWallTest, AProgramThatFreesAndAllocatesInTurnIsNeverRefused) {
  const auto shell = Start(MakeSlice(64 * kMiB));
  ASSERT_EQ(shell->Ask("program p 0"), kOk);

  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(shell->Ask("kernel k p"), kOk);
    ASSERT_EQ(shell->Ask(Command("buffer", "a", 64 * kMiB)), kOk) << "round " << i;
    ASSERT_EQ(shell->Ask("run a"), "0 0");
    ASSERT_EQ(shell->Ask("release a"), kOk);
    ASSERT_EQ(shell->Ask("release-kernel k"), kOk);
  }
}

}  // namespace
}  // namespace flexai::testing
