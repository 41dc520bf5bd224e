#include "cli/command_table.hpp"

#include "cli/commands.hpp"

namespace flexai::cli {
namespace {

OptionSpec Output() {
  return {.name = "output",
          .letter = 'o',
          .value = "FORMAT",
          .help = "table, wide, json or yaml",
          .choices = {"table", "wide", "json", "yaml"}};
}

std::vector<CommandSpec> MakeCommands() {
  std::vector<CommandSpec> commands;
  commands.push_back({
      .name = "smi",
      .summary = "show the XPUs of this machine and who has which slice of them",
      .details = "With slices there, what they really used is measured over --interval and shown beside what they asked for. A value "
                 "nobody knows is `-` in\n"
                 "tables and null in JSON. The JSON form is described in docs/smi.md.",
      .options = {Output(),
                  {.name = "watch", .letter = 'w', .help = "go on showing, until interrupted"},
                  {.name = "interval", .letter = '\0', .value = "SECONDS", .help = "measure for this long (0.1 to 60, default 1)"}},
      .run = RunSmi,
  });
  commands.push_back({
      .name = "top",
      .summary = "watch slices live, and change them",
      .details = "On a terminal: a picture that changes, and keys (? shows them). Elsewhere, or with --once, -n or -o: one frame after "
                 "--interval, as text or\n"
                 "a document per line, and the end. What is shown: docs/top.md.",
      .options = {{.name = "output", .letter = 'o', .value = "FORMAT", .help = "table, json or yaml", .choices = {"table", "json", "yaml"}},
                  {.name = "interval", .letter = 'd', .value = "SECONDS", .help = "between looks (0.1 to 60, default 1)"},
                  {.name = "frames", .letter = 'n', .value = "N", .help = "print so many frames (0: until interrupted)"},
                  {.name = "once", .letter = '\0', .help = "the same as -n 1"}},
      .run = RunTop,
  });
  commands.push_back({
      .name = "run",
      .summary = "run a program in a slice",
      .details = "Without --cores the slice is guaranteed 1 % and may use what others leave idle. `--cores 30` guarantees and caps 30 %, "
                 "`--cores 30:100`\n"
                 "guarantees 30 % and may use idle capacity, `--cores 0:50` uses only idle capacity, up to half. Without --memory nothing "
                 "is reserved: the\n"
                 "program may take what others have not reserved. Several --xpu give the program all of them at once.\n"
                 "\n"
                 "Exit status: the program's (128+n for signal n); 126 when it cannot be executed, 127 when it is not found; 2 wrong "
                 "usage, 3 not enough\n"
                 "resources, 4 not enforceable here, 125 flexai itself failed: each of these with a line that begins with `flexai:`.",
      .options =
          {{.name = "xpu",
            .letter = 'x',
            .value = "XPU",
            .help = "an id from `flexai smi`, or the beginning of one, or gpu, npu, fpga, cpu",
            .repeats = true,
            .names = Names::kXpus},
           {.name = "cores", .letter = 'c', .value = "N[:M]", .help = "guaranteed percent of each XPU, and the cap"},
           {.name = "memory", .letter = 'm', .value = "SIZE", .help = "device memory reserved on each XPU, and the cap: 4Gi, 512Mi, 30%"},
           {.name = "priority",
            .letter = 'p',
            .value = "LEVEL",
            .help = "who comes first: low, normal or high",
            .choices = {"low", "normal", "high"}},
           {.name = "isolation",
            .letter = '\0',
            .value = "MODE",
            .help = "soft (default), hard or partition",
            .choices = {"soft", "hard", "partition"}},
           {.name = "remote", .letter = '\0', .value = "HOST[:PORT]", .help = "use XPUs of another machine", .repeats = true},
           {.name = "name", .letter = 'n', .value = "NAME", .help = "the slice's name in listings"}},
      .takes_command = true,
      .run = RunRun,
  });
  commands.push_back({
      .name = "slice ls",
      .summary = "list slices",
      .details = "--history lists the slices that run and those that ended, with the device time each asked for (its guarantee over its "
                 "life), used, and left\n"
                 "idle although it was guaranteed; all in seconds of the XPU. It is kept in the XPU's region, in memory: at least as many "
                 "slices as 128 less those\n"
                 "that run, the longest ended go first. It is gone after a reboot, and when the region's files are removed. `-` is "
                 "unknown: an older version of\n"
                 "flexai had a part in that slice.",
      .options = {Output(),
                  {.name = "history", .letter = '\0', .help = "also those that ended; what each asked for, used and left idle"},
                  {.name = "interval", .letter = '\0', .value = "SECONDS", .help = "measure for this long (0.1 to 60, default 1)"}},
      .operands = {{.name = "NAME", .help = "only these slices", .required = false, .repeats = true, .names = Names::kSlices}},
      .run = RunSliceLs,
  });
  commands.push_back({
      .name = "slice set",
      .summary = "change a slice while its programs run",
      .details = "Acts within 20 ms plus what is already submitted. Refused when the guarantees of all slices would pass the XPU, or the "
                 "memory what is held.",
      .options =
          {{.name = "xpu",
            .letter = 'x',
            .value = "XPU",
            .help = "only its share of this XPU (default: of all it has)",
            .repeats = true,
            .names = Names::kXpus},
           {.name = "cores", .letter = 'c', .value = "N[:M]", .help = "guaranteed percent, and the cap"},
           {.name = "memory", .letter = 'm', .value = "SIZE", .help = "reserved device memory; for slices that began with --memory"},
           {.name = "priority", .letter = 'p', .value = "LEVEL", .help = "low, normal or high", .choices = {"low", "normal", "high"}}},
      .operands = {{.name = "NAME", .help = "the slice, as `flexai smi` names it", .names = Names::kSlices}},
      .run = RunSliceSet,
  });
  commands.push_back({
      .name = "slice rm",
      .summary = "end slices",
      .details = "A slice ends by itself when its last program does. One that is in use is refused, unless --kill ends its programs first.",
      .options = {{.name = "kill", .letter = '\0', .help = "end its programs: SIGTERM, and SIGKILL to those left after 5 seconds"}},
      .operands = {{.name = "NAME", .help = "the slice, as `flexai smi` names it", .repeats = true, .names = Names::kSlices}},
      .run = RunSliceRm,
  });
  commands.push_back({
      .name = "doctor",
      .summary = "check this machine and say how to fix what is wrong",
      .details = "Exit status: 0 slices are enforceable on every XPU that an OpenCL driver shows; 1 something is broken; 4 nothing can be "
                 "enforced here.",
      .options = {Output()},
      .run = RunDoctor,
  });
  commands.push_back({
      .name = "bench",
      .summary = "measure how well slices are kept on this machine",
      .details = "Share and cap errors, overhead, latency, memory and crash behaviour, each against its goal; bare and sliced in the same "
                 "run. Takes about\n"
                 "15 minutes for an XPU; a quiet machine is needed for numbers worth keeping: the load of others is printed beside each. "
                 "What is measured\n"
                 "how: bench/README.md.",
      .options = {{.name = "output", .letter = 'o', .value = "FORMAT", .help = "table, json or yaml", .choices = {"table", "json", "yaml"}},
                  {.name = "xpu",
                   .letter = 'x',
                   .value = "XPU",
                   .help = "only this one (default: all that OpenCL drivers show)",
                   .repeats = true,
                   .names = Names::kXpus},
                  {.name = "row",
                   .letter = 'r',
                   .value = "ROW",
                   .help = "only this measurement",
                   .choices = {"shares", "sync", "caps", "ten", "overhead", "contended", "calls", "priority", "elastic", "memory", "kills",
                               "attach"},
                   .repeats = true},
                  {.name = "seconds", .letter = 's', .value = "N", .help = "length of one measurement of shares and caps (default 10)"},
                  {.name = "repeats", .letter = '\0', .value = "N", .help = "how often bare and sliced are compared (default 5)"},
                  {.name = "percent", .letter = '\0', .value = "N", .help = "of a million allocations and a thousand kills (default 3)"}},
      .operands = {{.name = "WHAT", .help = "slicing", .required = false, .choices = {"slicing"}}},
      .run = RunBench,
  });
  commands.push_back({
      .name = "demo",
      .summary = "show on this machine what slices do, in a minute and a half",
      .details = "Three real AI jobs one after another and together: time, utilisation, shares asked and measured; a memory wall, a change "
                 "of size, a "
                 "kill in\n"
                 "the middle of a turn, two vendors' drivers at once. Needs no card: OpenCL drivers that compute on the CPU do. Writes a "
                 "report as HTML. "
                 "Exit\n"
                 "status: 0 all acts went as they must, 1 not.",
      .options =
          {Output(),
           {.name = "xpu", .letter = 'x', .value = "XPU", .help = "on this one (default: the one `run` would take)", .names = Names::kXpus},
           {.name = "html", .letter = '\0', .value = "FILE", .help = "where the report is written (default: flexai-demo.html here)"},
           {.name = "with", .letter = '\0', .value = "PROGRAM,...", .help = "show programs of others too: tinygrad, leela-zero"},
           {.name = "quick", .letter = '\0', .help = "shorter acts, as in tests"}},
      .run = RunDemo,
  });
  commands.push_back({
      .name = "completion",
      .summary = "print the script that completes flexai's command line in a shell",
      .details = "Packages and `make install` put the scripts where shells look. By hand: `source <(flexai completion bash)`, the same for "
                 "zsh after compinit,\n"
                 "and `flexai completion fish | source`.",
      .options = {{.name = "names",
                   .letter = '\0',
                   .value = "NOUN",
                   .help = "instead, the names that a word can be now, a line each: slices or xpus",
                   .choices = {"slices", "xpus"}}},
      .operands = {{.name = "SHELL", .help = "bash, zsh or fish", .required = false, .choices = {"bash", "zsh", "fish"}}},
      .run = RunCompletion,
  });
  commands.push_back({
      .name = "support-bundle",
      .summary = "collect what a bug report needs into a file, without secrets",
      .details =
          "A tar.gz that only you can read, with a MANIFEST of what is in it and what was left out. Names of people and paths outside of "
          "system folders\n"
          "are replaced, programs' arguments and values of unknown variables left out; names of slices and programs stay. Look through "
          "it before you send\n"
          "it. Nothing is sent anywhere, and a file that is there is not overwritten.",
      .options = {{.name = "file",
                   .letter = 'f',
                   .value = "FILE",
                   .help = "where to write it (default: flexai-support-TIME.tar.gz in this folder)"}},
      .run = RunSupportBundle,
  });
  commands.push_back({
      .name = "version",
      .summary = "show the version",
      .details = "",
      .options = {Output()},
      .run = RunVersion,
  });
  return commands;
}

}  // namespace

std::span<const CommandSpec> Commands() {
  static const std::vector<CommandSpec> kCommands = MakeCommands();
  return kCommands;
}

std::span<const OptionSpec> CommonOptions() {
  static const std::vector<OptionSpec> kOptions{{.name = "help", .letter = 'h', .help = "show this help"}};
  return kOptions;
}

}  // namespace flexai::cli
