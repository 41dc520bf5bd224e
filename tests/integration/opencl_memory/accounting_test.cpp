// What each object costs while it lives, and that nothing is left when it is gone.
#include "fixture.hpp"

namespace flexai::testing {
namespace {

class MemoryAccountingTest : public OpenclMemoryTest {};
FLEXAI_ON_EVERY_DRIVER(MemoryAccountingTest);

TEST_P(MemoryAccountingTest, BuffersCostTheirSizeUntilTheLastReference) {
  const auto shell = Start(MakeSlice(64 * kMiB));

  EXPECT_EQ(shell->Ask("buffer a 12345"), kOk);
  EXPECT_EQ(Held(), 12345u);
  EXPECT_EQ(shell->Ask("retain a"), kOk);
  EXPECT_EQ(shell->Ask("release a"), kOk);
  EXPECT_EQ(Held(), 12345u);
  EXPECT_EQ(shell->Ask("release a"), kOk);
  EXPECT_EQ(Held(), 0u);
}

TEST_P(MemoryAccountingTest, HostMemoryCostsLikeAnyOther) {
  const auto shell = Start(MakeSlice(64 * kMiB));

  EXPECT_EQ(shell->Ask("buffer a 8192 0x8 host"), kOk);
  EXPECT_EQ(Held(), 8192u);
  EXPECT_EQ(shell->Ask("release a"), kOk);
  EXPECT_EQ(Held(), 0u);
}

TEST_P(MemoryAccountingTest, PartsOfABufferCostNothingAndKeepIt) {
  const auto shell = Start(MakeSlice(64 * kMiB));
  ASSERT_EQ(shell->Ask("buffer a 65536"), kOk);

  EXPECT_EQ(shell->Ask("subbuffer part a 4096 4096"), kOk);
  EXPECT_EQ(Held(), 65536u);
  EXPECT_EQ(shell->Ask("release a"), kOk);
  EXPECT_EQ(Held(), 65536u) << "its part is still in use";
  EXPECT_EQ(shell->Ask("release part"), kOk);
  EXPECT_EQ(Held(), 0u);
}

TEST_P(MemoryAccountingTest, ImagesOfABuffersMemoryCostNothing) {
  const auto shell = Start(MakeSlice(64 * kMiB));
  ASSERT_EQ(shell->Ask("buffer a 65536"), kOk);

  if (shell->Ask("bufferimage i a 64 64") != kOk) GTEST_SKIP() << "the driver makes no 2D image of a buffer";
  EXPECT_EQ(Held(), 65536u);
  EXPECT_EQ(shell->Ask("release i"), kOk);
  EXPECT_EQ(Held(), 65536u);
  EXPECT_EQ(shell->Ask("release a"), kOk);
  EXPECT_EQ(Held(), 0u);
}

TEST_P(MemoryAccountingTest, ImagesCostWhatTheDriverSays) {
  const auto shell = Start(MakeSlice(64 * kMiB));
  struct Case {
    const char* command;
    std::uint64_t least;
  };
  for (const Case& image :
       {Case{"image i 2d 33 17 0 0", 2244}, Case{"image i 3d 33 17 5 0", 11220}, Case{"image i 2darray 33 17 0 3", 6732},
        Case{"image i 1d 1001 0 0 0", 4004}, Case{"image i 1darray 100 0 0 7", 2800}, Case{"image i 2d 16 16 0 0 8 256", 1024},
        Case{"image i 2d 30 20 0 0 1 0 0x10B0 0x10DE", 2400}}) {
    const std::string made = shell->Ask(image.command);
    if (made != kOk) {
      EXPECT_EQ(Held(), 0u) << image.command;
      continue;
    }
    const std::string size = shell->Ask("size i");
    EXPECT_EQ(Held(), std::stoull(size.substr(2))) << image.command << ": " << size;
    EXPECT_GE(Held(), image.least) << image.command;
    EXPECT_EQ(shell->Ask("release i"), kOk);
    EXPECT_EQ(Held(), 0u) << image.command;
  }
}

TEST_P(MemoryAccountingTest, PipesCostWhatTheDriverSays) {
  const auto shell = Start(MakeSlice(64 * kMiB));

  if (shell->Ask("pipe p 16 1000") != kOk) {
    EXPECT_EQ(Held(), 0u);
    GTEST_SKIP() << "the driver has no pipes";
  }
  EXPECT_GE(Held(), 16000u);
  EXPECT_EQ(shell->Ask("size p"), "0 " + std::to_string(Held()));
  EXPECT_EQ(shell->Ask("release p"), kOk);
  EXPECT_EQ(Held(), 0u);
}

TEST_P(MemoryAccountingTest, SharedVirtualMemoryCostsItsSizeHoweverItIsFreed) {
  const auto shell = Start(MakeSlice(64 * kMiB));
  if (shell->Ask("svm s 5000") != "some") {
    EXPECT_EQ(Held(), 0u);
    GTEST_SKIP() << "the driver has no SVM";
  }
  EXPECT_EQ(Held(), 5000u);
  EXPECT_EQ(shell->Ask("svmbuffer b s 5000"), kOk);
  EXPECT_EQ(Held(), 5000u) << "a buffer of memory that is paid for";
  EXPECT_EQ(shell->Ask("release b"), kOk);
  EXPECT_EQ(Held(), 5000u);
  EXPECT_EQ(shell->Ask("svmfree s"), kOk);
  EXPECT_EQ(Held(), 0u);

  EXPECT_EQ(shell->Ask("svm s 6000"), "some");
  EXPECT_EQ(shell->Ask("svmenqueue s"), "0 0");
  EXPECT_EQ(Held(), 0u) << "freed by a command";

  EXPECT_EQ(shell->Ask("svm s 7000"), "some");
  EXPECT_EQ(shell->Ask("svmenqueue-own s"), "0 0");
  EXPECT_EQ(Held(), 0u) << "freed by the application's function in a command";
}

TEST_P(MemoryAccountingTest, AnEndIsTheDriversNotTheApplications) {
  const auto shell = Start(MakeSlice(64 * kMiB));
  ASSERT_EQ(shell->Ask("buffer a 4096"), kOk);

  EXPECT_EQ(shell->Ask("callbacks a 3"), kOk);
  EXPECT_EQ(shell->Ask("release a"), kOk);

  EXPECT_EQ(shell->Ask("called"), "210") << "the application's destructor callbacks, in reverse order";
  EXPECT_EQ(Held(), 0u);
}

TEST_P(MemoryAccountingTest, FailedCallsCostNothing) {
  const auto shell = Start(MakeSlice(64 * kMiB));

  for (const char* command : {"buffer b 0", "buffer b 100 6", "buffer b 100 0x20", "buffer b 100 1 host", "image i 2d 0 16 0 0",
                              "image i 2d 16 16 0 0 6", "image i 2d 16 16 0 0 1 0 0x1 0x1", "pipe p 0 0", "svm s 0"}) {
    const std::string answer = shell->Ask(command);
    EXPECT_TRUE(answer.starts_with("-") || answer == "null") << command << ": " << answer;
    EXPECT_EQ(Held(), 0u) << command;
  }
}

}  // namespace
}  // namespace flexai::testing
