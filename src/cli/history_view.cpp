#include "cli/history_view.hpp"

#include <algorithm>
#include <utility>

#include "cli/values.hpp"

namespace flexai::cli {
namespace {

constexpr const char* kUnknown = "-";

// One share of a slice, running or ended.
struct Past {
  const XpuEntry* entry;
  const SliceSnapshot* slice;
  const EndedSlice* ended = nullptr;  // nothing: it runs
};

std::vector<Past> PastOf(const Inventory& inventory, const std::vector<std::string>& names) {
  std::vector<Past> past;
  const auto wanted = [&](const SliceSnapshot& slice) {
    return names.empty() || std::find(names.begin(), names.end(), slice.name) != names.end();
  };
  for (const XpuEntry& entry : inventory.entries) {
    if (!entry.region) continue;
    for (const EndedSlice& ended : entry.region->ended)
      if (wanted(ended.slice)) past.push_back({&entry, &ended.slice, &ended});
    for (const SliceSnapshot& slice : entry.region->slices)
      if (wanted(slice)) past.push_back({&entry, &slice});
  }
  std::sort(past.begin(), past.end(), [](const Past& a, const Past& b) {
    return std::pair(a.slice->created_ns, a.slice->ref.slot) < std::pair(b.slice->created_ns, b.slice->ref.slot);
  });
  return past;
}

std::string SecondsOr(const std::optional<std::uint64_t>& nanos) { return nanos ? ShowSeconds(*nanos) : kUnknown; }

std::string EndText(const Past& past) {
  return past.ended != nullptr && past.ended->ended_unix_s ? ShowTime(*past.ended->ended_unix_s) : kUnknown;
}

}  // namespace

std::string HistoryText(const Inventory& inventory, const SmiOptions& options, const std::vector<std::string>& names) {
  std::vector<TableColumn> columns{{.heading = "SLICE", .flexible = true},
                                   {.heading = "XPU", .flexible = true},
                                   {.heading = "OWNER"},
                                   {.heading = "STATE"},
                                   {.heading = "BEGAN"},
                                   {.heading = "ENDED"},
                                   {.heading = "ASKED", .right = true},
                                   {.heading = "USED", .right = true},
                                   {.heading = "IDLE", .right = true},
                                   {.heading = "PEAK", .right = true}};
  if (options.wide)
    for (const char* heading : {"CORES", "THINK", "WAITS", "COMMANDS", "RESERVED", "REFUSED", "BYPASS"})
      columns.push_back({.heading = heading, .right = true});
  columns.push_back({.heading = "COMMAND", .flexible = true});
  Table table(std::move(columns));
  for (const Past& past : PastOf(inventory, names)) {
    const SliceSnapshot& slice = *past.slice;
    std::vector<TableCell> row{slice.name + (slice.is_gang ? " (gang)" : ""),
                               std::string(past.entry->id.view()),
                               UserName(slice.owner_uid),
                               past.ended != nullptr ? "ended" : TableCell("running", Style::kGood),
                               ShowTime(slice.created_unix_s),
                               EndText(past),
                               SecondsOr(slice.asked_ns),
                               ShowSeconds(slice.device_ns),
                               SecondsOr(slice.idle_ns),
                               ShowBytes(slice.memory_peak_bytes)};
    if (options.wide) {
      row.emplace_back(ShowCores(slice.request_permille, slice.limit_permille));
      row.emplace_back(ShowSeconds(slice.think_ns));
      row.emplace_back(ShowSeconds(slice.wait_ns));
      row.emplace_back(std::to_string(slice.commands));
      row.emplace_back(slice.reserves_memory ? ShowBytes(slice.reserved_bytes) : kUnknown);
      row.emplace_back(std::to_string(slice.memory_refusals));
      row.emplace_back(std::to_string(slice.bypass_attempts));
    }
    row.emplace_back(slice.command.empty() ? kUnknown : slice.command);
    table.AddRow(std::move(row));
  }
  if (table.empty()) return {};
  return table.Text(options.layout) +
         Styled("ASKED, USED, IDLE: seconds of the XPU guaranteed, charged, and guaranteed but unused", Style::kDim, options.layout.color) +
         "\n";
}

Document HistoryDocument(const Inventory& inventory, const std::vector<std::string>& names) {
  Document slices = Document::EmptyArray();
  for (const Past& past : PastOf(inventory, names)) {
    const SliceSnapshot& slice = *past.slice;
    slices.Add(Document::Of({{"name", slice.name},
                             {"xpu", past.entry->id.view()},
                             {"owner", UserName(slice.owner_uid)},
                             {"owner_uid", slice.owner_uid},
                             {"command", slice.command},
                             {"state", past.ended != nullptr ? "ended" : "running"},
                             {"created_unix_s", slice.created_unix_s},
                             {"ended_unix_s", past.ended != nullptr ? Document(past.ended->ended_unix_s) : Document()},
                             {"gang", slice.is_gang},
                             {"request_permille", slice.request_permille},
                             {"limit_permille", slice.limit_permille},
                             {"asked_time_ns", slice.asked_ns},
                             {"device_time_ns", slice.device_ns},
                             {"idle_booked_time_ns", slice.idle_ns},
                             {"copy_time_ns", slice.copy_ns},
                             {"think_time_ns", slice.think_ns},
                             {"overlap_time_ns", slice.overlap_ns},
                             {"wait_time_ns", slice.wait_ns},
                             {"commands", slice.commands},
                             {"memory_reserved_bytes", slice.reserves_memory ? Document(slice.reserved_bytes) : Document()},
                             {"memory_peak_bytes", slice.memory_peak_bytes},
                             {"memory_refusals", slice.memory_refusals},
                             {"bypass_attempts", slice.bypass_attempts},
                             {"valve_opened", slice.valve_opened}}));
  }
  Document warnings = Document::EmptyArray();
  for (const std::string& warning : Warnings(inventory)) warnings.Add(warning);
  return Document::Of({{"schema", "flexai.history/1"}, {"slices", std::move(slices)}, {"warnings", std::move(warnings)}});
}

bool IsRemembered(const Inventory& inventory, std::string_view name) {
  return std::any_of(inventory.entries.begin(), inventory.entries.end(), [&](const XpuEntry& entry) {
    return entry.region &&
           (std::any_of(entry.region->slices.begin(), entry.region->slices.end(), [&](const SliceSnapshot& s) { return s.name == name; }) ||
            std::any_of(entry.region->ended.begin(), entry.region->ended.end(), [&](const EndedSlice& e) { return e.slice.name == name; }));
  });
}

}  // namespace flexai::cli
