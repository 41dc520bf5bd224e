#include "base/fds.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace flexai {
namespace {

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFdTest, ClosesOnceAndOnlyWhatItOwns) {
  int raw = -1;
  {
    Pipe pipe = MakePipe().value();
    raw = pipe.read_end.get();
    UniqueFd moved = std::move(pipe.read_end);
    EXPECT_EQ(moved.get(), raw);
    EXPECT_TRUE(IsOpen(raw));
  }
  EXPECT_FALSE(IsOpen(raw));
}

TEST(UniqueFdTest, ClosingKeepsErrno) {
  UniqueFd fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
  errno = ENOSPC;
  fd.Reset();
  EXPECT_EQ(errno, ENOSPC);
}

TEST(ReadFileTest, TellsAMissingFileFromOtherTrouble) {
  EXPECT_EQ(ReadFile("/nonexistent/file").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(ReadFile("/proc").error().code, ErrorCode::kIo);
}

TEST(ReadFileTest, RefusesMoreThanTheLimit) {
  EXPECT_EQ(ReadFile("/dev/zero", 1000).error().message, "reading /dev/zero: longer than 1000 bytes");
}

TEST(WriteAllTest, WritesMoreThanAPipeHoldsOnceSomebodyReads) {
  Pipe pipe = MakePipe().value();
  const pid_t child = fork();
  if (child == 0) {
    pipe.write_end.Reset();
    std::size_t total = 0;
    char block[4096];
    for (ssize_t n; (n = read(pipe.read_end.get(), block, sizeof block)) > 0;) total += static_cast<std::size_t>(n);
    _exit(total == 300'000 ? 0 : 1);
  }
  EXPECT_TRUE(WriteAll(pipe.write_end.get(), std::string(300'000, 'x')));
  pipe.write_end.Reset();
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(WriteAllTest, SaysWhenTheReaderIsGone) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe = MakePipe().value();
  pipe.read_end.Reset();
  EXPECT_FALSE(WriteAll(pipe.write_end.get(), "x"));
}

}  // namespace
}  // namespace flexai
