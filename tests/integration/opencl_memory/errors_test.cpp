// The same calls to a bare program and to one in a slice: the same answers, also where the slice is full. Errors in arguments win over the quota.
#include "fixture.hpp"

namespace flexai::testing {
namespace {

class ErrorCodesTest : public OpenclMemoryTest {};
FLEXAI_ON_EVERY_DRIVER(ErrorCodesTest);

const char* const kWrongCalls[] = {
    "buffer b 0",
    "buffer b 4096 6",           // READ_ONLY | WRITE_ONLY
    "buffer b 4096 0x80000000",  // no such flag
    "buffer b 4096 0x20",        // COPY_HOST_PTR without a pointer
    "buffer b 4096 0x8",         // USE_HOST_PTR without a pointer
    "buffer b 4096 0x1 host",    // a pointer without a flag
    "buffer b 4096 0x28 host",   // USE and COPY together
    "buffer b 0xffffffffffffffff",
    "buffer b 0x7fffffffffffffff",
    "buffer-props b 0",
    "buffer-props b 4096 6",
    "image i 2d 0 16 0 0",
    "image i 2d 16 0 0 0",
    "image i 2d 1048576 1048576 0 0",  // wider than any device can
    "image i 2d 1048576 4 0 0",
    "image i 3d 16 16 0 0",
    "image i 3d 1048576 16 16 0",
    "image i 2darray 16 16 0 0",
    "image i 2d 16 16 0 0 6",
    "image i 2d 16 16 0 0 1 0 0x1 0x1",  // no such format
    "image i 2d 64 16 0 0 8 100",        // rows longer than the pitch
    "image i 2d 64 16 0 0 8 257",        // a pitch that is no multiple of a pixel
    "image2d i 0 16",
    "image3d i 16 16 0",
    "pipe p 0 16",
    "pipe p 16 0",
    "pipe p 0xffffffff 1",
    "svm s 0",
    "svm s 4096 6",
    "subbuffer s nothing 0 16",
};

// What one driver takes for wrong another lets pass: then a full slice has no room for it, and an empty one makes it.
void ExpectTheSame(Shell& sliced, Shell& bare) {
  for (const std::string command : kWrongCalls) {
    const std::string wanted = bare.Ask(command);
    const std::string answer = sliced.Ask(command);
    EXPECT_TRUE(answer == wanted || (wanted == kOk && answer == kNoRoom)) << command << ": bare " << wanted << ", in a slice " << answer;
    std::string name = command.substr(command.find(' ') + 1);
    name = name.substr(0, name.find(' '));
    if (answer == kOk) sliced.Ask("release " + name);
    if (wanted == kOk) bare.Ask("release " + name);
  }
}

TEST_P(ErrorCodesTest, AreTheDriversOwnInAnEmptySlice) {
  const auto bare = StartBare();
  const auto sliced = Start(MakeSlice(64 * kMiB));

  ExpectTheSame(*sliced, *bare);
  EXPECT_EQ(Held(), 0u);
}

TEST_P(ErrorCodesTest, AreTheDriversOwnInAFullSlice) {
  const auto bare = StartBare();
  const auto sliced = Start(MakeSlice(64 * kMiB));
  ASSERT_EQ(sliced->Ask(Command("buffer", "all", 64 * kMiB)), kOk);

  ExpectTheSame(*sliced, *bare);
  EXPECT_EQ(Held(), 64 * kMiB);
}

TEST_P(ErrorCodesTest, AQuestionAboutADeviceIsAnsweredByTheSameRules) {
  const auto bare = StartBare();
  const auto sliced = Start(MakeSlice(64 * kMiB));

  for (const char* command :
       {"info 0x101F 7", "info 0x1010 4", "info 0x1030 3", "info 0x1060 8", "info 0x4039 16", "info 0xffff 8", "infosize 0x101F",
        "infosize 0x1010", "infosize 0xffff", "info 0x102B 1", "infosize 0x102B", "info 0x1002 8", "infosize 0x4039"}) {
    EXPECT_EQ(sliced->Ask(command), bare->Ask(command)) << command;
  }
}

TEST_P(ErrorCodesTest, ListsOfDevicesObeyTheSameRules) {
  const auto bare = StartBare();
  const auto sliced = Start(MakeSlice(64 * kMiB));

  for (const char* type : {"1", "2", "4", "8", "0x10", "0xFFFFFFFF", "3", "6", "0", "0x100"}) {
    for (const char* entries : {"0", "1", "2"}) {
      const std::string command = std::string("devices ") + type + " " + entries;
      EXPECT_EQ(sliced->Ask(command), bare->Ask(command)) << command;
    }
  }
}

TEST_P(ErrorCodesTest, ContextsOfATypeAreMadeByTheSameRules) {
  const auto bare = StartBare();
  const auto sliced = Start(MakeSlice(64 * kMiB));

  for (const char* type : {"1", "2", "4", "8", "0xFFFFFFFF", "0", "0x100"}) {
    const std::string command = std::string("context-type t ") + type;
    EXPECT_EQ(sliced->Ask(command), bare->Ask(command)) << command;
  }
}

}  // namespace
}  // namespace flexai::testing
