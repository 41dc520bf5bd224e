// Writes flexai's manual pages into a folder: flexai.1 and one per command. Run by the build.   flexai-write-manual FOLDER
#include <cstdio>
#include <fstream>
#include <string>

#include "cli/manual.hpp"

namespace {

bool Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  return static_cast<bool>(file.flush());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: flexai-write-manual FOLDER\n", stderr);
    return 2;
  }
  const std::string folder = std::string(argv[1]) + "/";
  bool written = Write(folder + "flexai.1", flexai::cli::GeneralManual());
  for (const flexai::cli::CommandSpec& command : flexai::cli::Commands())
    written = Write(folder + flexai::cli::ManualName(command) + ".1", flexai::cli::CommandManual(command)) && written;
  if (!written) std::fprintf(stderr, "flexai-write-manual: the pages cannot be written into %s\n", argv[1]);
  return written ? 0 : 1;
}
