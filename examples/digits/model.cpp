#include "digits/model.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "digits/embedded.hpp"

namespace example {
namespace {

constexpr float kSteps = 4096;
constexpr int kMost = 1 << 22;  // steps: every one of them is a float of its own
constexpr std::string_view kHeading = "digits-model 1";

struct Block {
  std::string_view name;
  size_t lines, width;
};
constexpr Block kBlocks[] = {{"first", kFirst, kTaps}, {"second", kSecond* kFirst, kTaps}, {"dense", kClasses* kSecond, kPixels}};

int Steps(float parameter) {
  return static_cast<int>(std::lround(std::clamp(parameter * kSteps, -static_cast<float>(kMost), static_cast<float>(kMost))));
}

std::string HeadingOf(const Block& block) { return std::string(block.name) + ' ' + std::to_string(block.lines); }

// The text up to the next end of line, which is taken off; a last line without one counts as damaged: files are cut off there.
bool TakeLine(std::string_view& text, std::string_view& line) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return false;
  line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

// `width` whole numbers with one blank between them.
bool TakeNumbers(std::string_view line, size_t width, Parameters& parameters) {
  for (size_t i = 0; i < width; ++i) {
    if (i > 0) {
      if (!line.starts_with(' ')) return false;
      line.remove_prefix(1);
    }
    int steps = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), steps);
    if (error != std::errc() || steps < -kMost || steps > kMost) return false;
    parameters.push_back(static_cast<float>(steps) / kSteps);
    line.remove_prefix(static_cast<size_t>(end - line.data()));
  }
  return line.empty();
}

[[noreturn]] void EndFor(int status, const char* what, const std::string& path) {
  std::fprintf(stderr, "%s %s: %s\n", what, path.c_str(), std::strerror(errno));
  std::exit(status);
}

std::string ReadFile(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "r");
  if (file == nullptr) EndFor(2, "Cannot read the model", path);
  std::string text;
  char part[1 << 14];
  for (size_t got = 0; (got = std::fread(part, 1, sizeof part, file)) > 0;) text.append(part, got);
  if (std::ferror(file) != 0) EndFor(2, "Cannot read the model", path);
  std::fclose(file);
  return text;
}

}  // namespace

Parameters Rounded(std::span<const float> parameters) {
  Parameters rounded(parameters.size());
  std::transform(parameters.begin(), parameters.end(), rounded.begin(),
                 [](float value) { return static_cast<float>(Steps(value)) / kSteps; });
  return rounded;
}

std::string FormatModel(std::span<const float> parameters) {
  std::string text = std::string(kHeading) + '\n';
  auto next = parameters.begin();
  for (const Block& block : kBlocks) {
    text += HeadingOf(block) + '\n';
    for (size_t line = 0; line < block.lines; ++line)
      for (size_t i = 0; i < block.width; ++i) text += std::to_string(Steps(*next++)) + (i + 1 < block.width ? ' ' : '\n');
  }
  return text;
}

ParsedModel ParseModel(std::string_view text) {
  ParsedModel parsed;
  size_t number = 0;
  std::string_view line;
  const auto wrong = [&](const std::string& wanted) {
    parsed.problem = "line " + std::to_string(number) + " is not " + wanted;
    return parsed;
  };
  const auto take = [&] { return ++number, TakeLine(text, line); };

  if (!take() || line != kHeading) return wrong("'" + std::string(kHeading) + "'");
  for (const Block& block : kBlocks) {
    if (!take() || line != HeadingOf(block)) return wrong("'" + HeadingOf(block) + "'");
    for (size_t i = 0; i < block.lines; ++i)
      if (!take() || !TakeNumbers(line, block.width, parsed.parameters)) return wrong(std::to_string(block.width) + " whole numbers");
  }
  ++number;
  if (!text.empty()) return wrong("the end");
  return parsed;
}

void WriteModel(const std::string& path, std::span<const float> parameters) {
  const std::string text = FormatModel(parameters);
  // Beside the file, because only a rename within a file system is one step.
  const std::string fresh = path + ".new." + std::to_string(getpid());
  std::FILE* const file = std::fopen(fresh.c_str(), "w");
  if (file == nullptr) EndFor(1, "Cannot write the model", fresh);
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0 && fsync(fileno(file)) == 0;
  if (std::fclose(file) != 0 || !written || std::rename(fresh.c_str(), path.c_str()) != 0) {
    const int error = errno;
    std::remove(fresh.c_str());
    errno = error;
    EndFor(1, "Cannot write the model", path);
  }
}

Parameters LoadModel(const std::string& path) {
  ParsedModel parsed = path.empty() ? ParseModel(kModelText) : ParseModel(ReadFile(path));
  if (!parsed.problem.empty()) {
    std::fprintf(stderr, "%s is not a model of this network: %s. flexai-example-train --model FILE writes one.\n",
                 path.empty() ? "What is compiled in" : path.c_str(), parsed.problem.c_str());
    std::exit(2);
  }
  return std::move(parsed.parameters);
}

}  // namespace example
