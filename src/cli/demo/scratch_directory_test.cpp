#include "cli/demo/scratch_directory.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

namespace flexai::cli {
namespace {

TEST(ScratchDirectoryTest, IsRemovedWithItsFile) {
  std::string path;
  {
    auto directory = ScratchDirectory::Make(testing::TempDir(), "model");
    ASSERT_TRUE(directory.has_value());
    path = directory->path();
    std::ofstream(path + "/model") << "1";
  }

  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ScratchDirectoryTest, IsRemovedWhenASignalEndsTheProcess) {
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto directory = ScratchDirectory::Make(testing::TempDir(), "model");
    std::ofstream(directory->path() + "/model") << "1";
    (void)!write(pipes[1], directory->path().c_str(), directory->path().size() + 1);
    raise(SIGTERM);
    _exit(0);
  }
  char path[4096] = "";
  ASSERT_GT(read(pipes[0], path, sizeof path - 1), 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  close(pipes[0]);
  close(pipes[1]);

  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  EXPECT_FALSE(std::filesystem::exists(path)) << path;
}

TEST(ScratchDirectoryTest, APlaceThatCannotBeWrittenIsAnErrorThatSaysWhatToDo) {
  const auto directory = ScratchDirectory::Make("/nowhere", "model");

  ASSERT_FALSE(directory.has_value());
  EXPECT_NE(directory.error().message.find("TMPDIR"), std::string::npos);
}

}  // namespace
}  // namespace flexai::cli
