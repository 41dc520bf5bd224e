// How a command talks. Results go to stdout; errors, warnings and progress to stderr, so that with `-o json` stdout is JSON and nothing else.
// Main thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/document.hpp"
#include "base/table.hpp"
#include "cli/args.hpp"

namespace flexai::cli {

enum class Format : std::uint8_t { kTable, kWide, kJson, kYaml };

/// The format `--output` names; kTable without it.
[[nodiscard]] Format FormatOf(const Args& args);

/// `flexai: <sentence>` on stderr. Control characters in it are replaced: names of files and drivers come from outside.
void Complain(std::string_view sentence);
/// `flexai: warning: <sentence>` on stderr.
void Warn(std::string_view sentence);
/// Complains and gives the exit code of the error.
[[nodiscard]] int FailWith(const Error& error);

/// `text` to stdout. False when nobody takes it (a closed pipe, a full disk): the command then exits with kFailed.
[[nodiscard]] bool Print(std::string_view text);
/// `document` to stdout in `format` (kJson or kYaml), with a line break.
[[nodiscard]] bool Print(const Document& document, Format format);

/// Width and colour of stdout.
[[nodiscard]] Table::Layout StdoutLayout(const Args& args);

}  // namespace flexai::cli
