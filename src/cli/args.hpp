// What a command gets: the options and operands of its command line, and the surroundings it runs in. Plain values; main thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment_list.hpp"

namespace flexai::cli {

/// Where the program runs. The environment is read here and nowhere else: main passes it in.
struct Surroundings {
  EnvironmentList environment;
  std::string self;  // absolute path of this program; empty when the system does not say
};

class Args {
 public:
  Args() = default;
  explicit Args(const Surroundings& surroundings) : surroundings_(&surroundings) {}

  [[nodiscard]] const Surroundings& surroundings() const noexcept { return *surroundings_; }

  [[nodiscard]] bool Has(std::string_view option) const { return options_.contains(option); }
  /// The value, or an empty string where the option was not given.
  [[nodiscard]] std::string Value(std::string_view option) const {
    const auto found = options_.find(option);
    return found == options_.end() || found->second.empty() ? std::string() : found->second.back();
  }
  [[nodiscard]] std::vector<std::string> Values(std::string_view option) const {
    const auto found = options_.find(option);
    return found == options_.end() ? std::vector<std::string>() : found->second;
  }
  [[nodiscard]] const std::vector<std::string>& operands() const noexcept { return operands_; }
  /// What stands after `--`: the program of `flexai run`.
  [[nodiscard]] const std::vector<std::string>& command() const noexcept { return command_; }

  // For the parser, and for tests of commands.
  void Set(std::string_view option, std::vector<std::string> values) { options_.insert_or_assign(std::string(option), std::move(values)); }
  void SetOperands(std::vector<std::string> operands) { operands_ = std::move(operands); }
  void SetCommand(std::vector<std::string> command) { command_ = std::move(command); }

 private:
  const Surroundings* surroundings_ = nullptr;
  std::map<std::string, std::vector<std::string>, std::less<>> options_;
  std::vector<std::string> operands_, command_;
};

}  // namespace flexai::cli
