// A program whose only command is the hidden one of `flexai` that asks drivers: discovery is tested without the rest of `flexai`.
#include "device/probe.hpp"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty() || arguments.front() != flexai::device::kDiscoverCommand) return 2;
  flexai::device::RunProbe(std::span(arguments).subspan(1));
}
