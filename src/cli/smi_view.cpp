#include "cli/smi_view.hpp"

#include <algorithm>

#include "cli/values.hpp"

namespace flexai::cli {
namespace {

constexpr const char* kUnknown = "-";
constexpr const char* kIsolation = "soft";  // the only one this version admits, see SECURITY.md

std::string BytesOr(const std::optional<std::uint64_t>& bytes) { return bytes ? ShowBytes(*bytes) : kUnknown; }
std::string TextOr(const std::string& text) { return text.empty() ? kUnknown : text; }

Table XpuTable(const Inventory& inventory, bool wide) {
  std::vector<TableColumn> columns{{.heading = "XPU", .flexible = true},   {.heading = "KIND"},
                                   {.heading = "MODEL", .flexible = true}, {.heading = "MEMORY", .right = true},
                                   {.heading = "FREE", .right = true},     {.heading = "CORES FREE", .right = true},
                                   {.heading = "SLICES", .right = true},   {.heading = "ENFORCED", .flexible = true}};
  if (wide)
    for (const char* heading : {"UNITS", "VENDOR", "DRIVER", "PLATFORM", "STAMPS", "SEEN BY", "PCI"})
      columns.push_back({.heading = heading, .flexible = true});
  Table table(std::move(columns));
  for (const XpuEntry& entry : inventory.entries) {
    const device::Xpu none;
    const device::Xpu& xpu = entry.xpu ? *entry.xpu : none;
    const bool broken_region = !entry.region_trouble.empty();
    std::vector<TableCell> row{TableCell(std::string(entry.id.view())),
                               TableCell(std::string(KindName(entry.kind()))),
                               TextOr(!xpu.model.empty() ? xpu.model
                                      : entry.region     ? entry.region->model
                                                         : std::string()),
                               BytesOr(entry.memory_bytes()),
                               broken_region ? std::string(kUnknown) : BytesOr(entry.free_memory_bytes()),
                               broken_region ? std::string(kUnknown) : ShowPercent(entry.free_permille()) + "%",
                               broken_region ? std::string(kUnknown) : std::to_string(entry.region ? entry.region->slices.size() : 0),
                               entry.enforceable.possible ? TableCell("compute, memory", Style::kGood)
                                                          : TableCell("no: " + entry.enforceable.reason, Style::kWarning)};
    if (wide) {
      std::string sources;
      for (const std::string& source : xpu.sources) sources += (sources.empty() ? "" : ", ") + source;
      row.emplace_back(xpu.compute_units ? std::to_string(*xpu.compute_units) : kUnknown);
      row.emplace_back(TextOr(xpu.vendor));
      row.emplace_back(TextOr(!xpu.driver_version.empty() ? xpu.driver_version : entry.region ? entry.region->driver : std::string()));
      row.emplace_back(TextOr(xpu.platform));
      row.emplace_back(std::string(StampsName(entry.region ? entry.region->stamps : 0)));
      row.emplace_back(TextOr(sources));
      row.emplace_back(TextOr(xpu.pci_address));
    }
    table.AddRow(std::move(row));
  }
  return table;
}

bool Wanted(const std::vector<std::string>& names, const SliceSnapshot& slice) {
  return names.empty() || std::find(names.begin(), names.end(), slice.name) != names.end();
}

struct Span {
  Nanos over_ns = 0;
  bool any_since_begin = false, any_sampled = false;
};

Table SliceTable(const Inventory& inventory, const Baseline& before, bool wide, const std::vector<std::string>& names, Span& span) {
  std::vector<TableColumn> columns{{.heading = "SLICE", .flexible = true},
                                   {.heading = "XPU", .flexible = true},
                                   {.heading = "OWNER"},
                                   {.heading = "PIDS", .flexible = true},
                                   {.heading = "CORES", .right = true},
                                   {.heading = "MEASURED", .right = true},
                                   {.heading = "MEMORY"},
                                   {.heading = "PRIORITY"}};
  if (wide) {
    columns.push_back({.heading = "ISOLATION"});
    for (const char* heading : {"THINK", "OVERLAP", "WAITS", "COPIES", "COMMANDS", "PEAK", "REFUSED", "BYPASS"})
      columns.push_back({.heading = heading, .right = true});
    columns.push_back({.heading = "COMMAND", .flexible = true});
  }
  Table table(std::move(columns));
  for (const XpuEntry& entry : inventory.entries) {
    if (!entry.region) continue;
    for (const SliceSnapshot& slice : entry.region->slices) {
      if (!Wanted(names, slice)) continue;
      const auto measured = MeasureIn(before, *entry.region, slice);
      if (measured) {
        span.any_since_begin = span.any_since_begin || measured->since_begin;
        span.any_sampled = span.any_sampled || !measured->since_begin;
        if (!measured->since_begin) span.over_ns = measured->over_ns;
      }
      const auto percent = [&](std::uint32_t MeasuredShare::* part) {
        return measured ? PermilleText((*measured).*part) + "%" : std::string(kUnknown);
      };
      std::vector<TableCell> row{slice.name + (slice.is_gang ? " (gang)" : ""),
                                 std::string(entry.id.view()),
                                 UserName(slice.owner_uid),
                                 ProcessesText(slice),
                                 ShowCores(slice.request_permille, slice.limit_permille),
                                 percent(&MeasuredShare::permille) + (measured && measured->since_begin ? "*" : ""),
                                 MemoryText(slice),
                                 std::string(PriorityName(slice.priority))};
      if (wide) {
        row.emplace_back(kIsolation);
        row.emplace_back(percent(&MeasuredShare::think_permille));
        row.emplace_back(percent(&MeasuredShare::overlap_permille));
        row.emplace_back(percent(&MeasuredShare::wait_permille));
        row.emplace_back(slice.device_ns != 0 ? PermilleText(static_cast<std::uint32_t>(
                                                    std::min<std::uint64_t>(slice.copy_ns / (slice.device_ns / 1000 + 1), 1000))) +
                                                    "%"
                                              : std::string(kUnknown));
        row.emplace_back(std::to_string(slice.commands));
        row.emplace_back(ShowBytes(slice.memory_peak_bytes));
        row.emplace_back(std::to_string(slice.memory_refusals));
        row.emplace_back(std::to_string(slice.bypass_attempts));
        row.emplace_back(TextOr(slice.command));
      }
      table.AddRow(std::move(row));
    }
  }
  return table;
}

std::string MeasuredNote(const Span& span) {
  std::string note;
  if (span.any_sampled)
    note = "MEASURED: device time over the last " + PermilleText(static_cast<std::uint32_t>(span.over_ns / (100 * kMillisecond))) + " s";
  if (span.any_since_begin) note += std::string(note.empty() ? "MEASURED: " : "; ") + "*since the slice began";
  return note;
}

Document ProcessDocument(const ProcessSnapshot& process) {
  return Document::Of({{"pid", process.pid_is_ours ? Document(process.pid) : Document()},
                       {"command", process.comm},
                       {"user", UserName(process.uid)},
                       {"memory_held_bytes", process.held_bytes},
                       {"device_time_ns", process.device_ns},
                       {"commands", process.commands},
                       {"waiting", process.waits}});
}

Document SliceDocument(const XpuEntry& entry, const Baseline& before, const SliceSnapshot& slice) {
  const auto measured = MeasureIn(before, *entry.region, slice);
  Document processes = Document::EmptyArray();
  for (const ProcessSnapshot& process : slice.processes)
    if (!process.is_keeper) processes.Add(ProcessDocument(process));
  Document measured_document;
  if (measured)
    measured_document = Document::Of({{"permille", measured->permille},
                                      {"think_permille", measured->think_permille},
                                      {"overlap_permille", measured->overlap_permille},
                                      {"wait_permille", measured->wait_permille},
                                      {"over_ns", measured->over_ns},
                                      {"since_begin", measured->since_begin}});
  return Document::Of({{"name", slice.name},
                       {"xpu", entry.id.view()},
                       {"owner", UserName(slice.owner_uid)},
                       {"owner_uid", slice.owner_uid},
                       {"command", slice.command},
                       {"created_unix_s", slice.created_unix_s},
                       {"gang", slice.is_gang},
                       {"request_permille", slice.request_permille},
                       {"limit_permille", slice.limit_permille},
                       {"priority", PriorityName(slice.priority)},
                       {"isolation", kIsolation},
                       {"measured", std::move(measured_document)},
                       {"memory_reserved_bytes", slice.reserves_memory ? Document(slice.reserved_bytes) : Document()},
                       {"memory_held_bytes", slice.held_bytes},
                       {"memory_peak_bytes", slice.memory_peak_bytes},
                       {"memory_refusals", slice.memory_refusals},
                       {"device_time_ns", slice.device_ns},
                       {"copy_time_ns", slice.copy_ns},
                       {"think_time_ns", slice.think_ns},
                       {"overlap_time_ns", slice.overlap_ns},
                       {"wait_time_ns", slice.wait_ns},
                       {"commands", slice.commands},
                       {"bypass_attempts", slice.bypass_attempts},
                       {"valve_opened", slice.valve_opened},
                       {"processes", std::move(processes)}});
}

Document Nullable(const std::string& text) { return text.empty() ? Document() : Document(text); }

Document XpuDocument(const XpuEntry& entry, const Baseline& before) {
  const device::Xpu none;
  const device::Xpu& xpu = entry.xpu ? *entry.xpu : none;
  const bool readable = entry.region_trouble.empty();
  Document sources = Document::EmptyArray();
  for (const std::string& source : xpu.sources) sources.Add(source);
  Document others = Document::EmptyArray();
  for (const std::string& user : entry.other_users) others.Add(user);
  Document slices = Document::EmptyArray();
  if (entry.region)
    for (const SliceSnapshot& slice : entry.region->slices) slices.Add(SliceDocument(entry, before, slice));
  return Document::Of({{"id", entry.id.view()},
                       {"kind", KindName(entry.kind())},
                       {"vendor", Nullable(xpu.vendor)},
                       {"model", Nullable(!xpu.model.empty() ? xpu.model
                                          : entry.region     ? entry.region->model
                                                             : std::string())},
                       {"visible", entry.xpu.has_value()},
                       {"memory_bytes", entry.memory_bytes()},
                       {"memory_free_bytes", readable ? Document(entry.free_memory_bytes()) : Document()},
                       {"free_permille", readable ? Document(entry.free_permille()) : Document()},
                       {"compute_units", xpu.compute_units},
                       {"driver_version", Nullable(!xpu.driver_version.empty() ? xpu.driver_version
                                                   : entry.region              ? entry.region->driver
                                                                               : std::string())},
                       {"platform", Nullable(xpu.platform)},
                       {"uuid", Nullable(xpu.uuid)},
                       {"pci_address", Nullable(xpu.pci_address)},
                       {"seen_by", std::move(sources)},
                       {"enforceable", Document::Of({{"compute", entry.enforceable.possible},
                                                     {"memory", entry.enforceable.possible},
                                                     {"time_source", StampsName(entry.region ? entry.region->stamps : 0)},
                                                     {"reason", Nullable(entry.enforceable.reason)},
                                                     {"fix", Nullable(entry.enforceable.fix)}})},
                       {"region_trouble", Nullable(entry.region_trouble)},
                       {"other_users", std::move(others)},
                       {"slices", std::move(slices)}});
}

Document WarningsDocument(const Inventory& inventory) {
  Document warnings = Document::EmptyArray();
  for (const std::string& warning : Warnings(inventory)) warnings.Add(warning);
  return warnings;
}

}  // namespace

std::optional<MeasuredShare> MeasureIn(const Baseline& before, const RegionSnapshot& region, const SliceSnapshot& slice) {
  static const RegionSnapshot kNothingBefore;
  const auto found = std::find_if(before.begin(), before.end(), [&](const RegionSnapshot& other) { return other.xpu == region.xpu; });
  return Measure(found == before.end() ? kNothingBefore : *found, slice, region.taken_ns);
}

std::string PermilleText(std::uint32_t permille) { return std::to_string(permille / 10) + "." + std::to_string(permille % 10); }

std::string ProcessesText(const SliceSnapshot& slice) {
  std::string text;
  std::size_t elsewhere = 0;
  for (const ProcessSnapshot& process : slice.processes) {
    if (process.is_keeper) continue;
    if (!process.pid_is_ours) {
      ++elsewhere;
      continue;
    }
    text += (text.empty() ? "" : ", ") + std::to_string(process.pid) + " " + process.comm;
  }
  if (elsewhere != 0) text += (text.empty() ? "" : ", ") + std::to_string(elsewhere) + " in another PID namespace";
  return TextOr(text);
}

std::string MemoryText(const SliceSnapshot& slice) {
  return ShowBytes(slice.held_bytes) + (slice.reserves_memory ? " of " + ShowBytes(slice.reserved_bytes) : std::string());
}

std::string_view StampsName(std::uint32_t stamps) noexcept {
  switch (stamps) {
    case FLEXAI_STAMPS_AGREE: return "driver stamps";
    case FLEXAI_STAMPS_DISAGREE: return "host marks";
    default: return "unknown yet";
  }
}

std::vector<std::string> DriverWarnings(const Inventory& inventory) {
  std::vector<std::string> warnings;
  for (const device::DriverReport& driver : inventory.discovery.drivers)
    if (driver.IsBroken()) warnings.push_back("driver " + driver.name + ": " + driver.trouble);
  return warnings;
}

std::vector<std::string> OtherUserWarnings(const XpuEntry& entry) {
  std::vector<std::string> warnings;
  for (const std::string& user : entry.other_users)
    warnings.push_back(std::string(entry.id.view()) + " may also be in use by slices of " + user +
                       ", which are not counted here; an administrator can make /run/flexai for all users");
  return warnings;
}

std::vector<std::string> Warnings(const Inventory& inventory) {
  std::vector<std::string> warnings = DriverWarnings(inventory);
  if (!inventory.runtime_trouble.empty()) warnings.push_back(inventory.runtime_trouble);
  for (const XpuEntry& entry : inventory.entries) {
    if (!entry.region_trouble.empty()) warnings.push_back(entry.region_trouble);
    const auto others = OtherUserWarnings(entry);
    warnings.insert(warnings.end(), others.begin(), others.end());
  }
  return warnings;
}

std::string NothingHere(const Inventory& inventory) {
  const auto& drivers = inventory.discovery.drivers;
  if (inventory.discovery.opencl_loader.empty())
    return "no XPU is visible here, and there is no OpenCL loader; a CPU can serve as one: apt install ocl-icd-libopencl1 pocl-opencl-icd";
  if (std::any_of(drivers.begin(), drivers.end(), [](const device::DriverReport& driver) { return !driver.icd.empty(); }))
    return "no XPU is visible here, though OpenCL drivers are installed; `flexai doctor` says what each of them answers";
  return "no XPU is visible here; install the OpenCL driver of your card, or use the CPU as one: apt install pocl-opencl-icd";
}

std::string SlicesText(const Inventory& inventory, const Baseline& before, const SmiOptions& options,
                       const std::vector<std::string>& names) {
  Span span;
  const Table table = SliceTable(inventory, before, options.wide, names, span);
  if (table.empty()) return {};
  std::string text = table.Text(options.layout);
  if (const std::string note = MeasuredNote(span); !note.empty()) text += Styled(note, Style::kDim, options.layout.color) + "\n";
  return text;
}

std::string SmiText(const Inventory& inventory, const Baseline& before, const SmiOptions& options) {
  if (inventory.entries.empty()) return NothingHere(inventory) + "\n";
  std::string text = XpuTable(inventory, options.wide).Text(options.layout);
  if (const std::string slices = SlicesText(inventory, before, options, {}); !slices.empty()) text += "\n" + slices;
  return text;
}

Document SmiDocument(const Inventory& inventory, const Baseline& before) {
  Document xpus = Document::EmptyArray();
  for (const XpuEntry& entry : inventory.entries) xpus.Add(XpuDocument(entry, before));
  Document drivers = Document::EmptyArray();
  for (const device::DriverReport& driver : inventory.discovery.drivers)
    drivers.Add(Document::Of({{"name", driver.name},
                              {"state", device::StateName(driver.state)},
                              {"library", Nullable(driver.library)},
                              {"devices", driver.devices},
                              {"trouble", Nullable(driver.trouble)}}));
  return Document::Of({{"schema", "flexai.smi/1"},
                       {"runtime_directory", inventory.runtime ? Document(inventory.runtime->path) : Document()},
                       {"xpus", std::move(xpus)},
                       {"drivers", std::move(drivers)},
                       {"warnings", WarningsDocument(inventory)}});
}

Document SlicesDocument(const Inventory& inventory, const Baseline& before, const std::vector<std::string>& names) {
  Document slices = Document::EmptyArray();
  for (const XpuEntry& entry : inventory.entries) {
    if (!entry.region) continue;
    for (const SliceSnapshot& slice : entry.region->slices)
      if (Wanted(names, slice)) slices.Add(SliceDocument(entry, before, slice));
  }
  return Document::Of({{"schema", "flexai.slices/1"}, {"slices", std::move(slices)}, {"warnings", WarningsDocument(inventory)}});
}

}  // namespace flexai::cli
