#include "cli/demo/page.hpp"

#include "cli/demo/svg.hpp"

namespace flexai::cli {
namespace {

constexpr char kStyle[] = R"(
body { font: 16px/1.45 system-ui, sans-serif; max-width: 50em; margin: 2em auto; padding: 0 1em; color: #222; background: #fff; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25em .8em .25em 0; border-bottom: 1px solid #ccc; vertical-align: top; }
pre { font: 13px/1.4 ui-monospace, monospace; background: #f5f5f5; padding: .8em; overflow-x: auto; }
svg { width: 100%; height: auto; margin: .6em 0; border: 1px solid #ddd; }
.FAILED { font-weight: bold; text-decoration: underline; }
@media print { body { margin: 0; max-width: none; } section { break-inside: avoid; } }
)";

std::string Cell(std::string_view tag, std::string_view text) {
  return "<" + std::string(tag) + ">" + EscapeMarkup(text) + "</" + std::string(tag) + ">";
}

std::string Anchor(std::size_t act) { return "act" + std::to_string(act + 1); }

std::string Section(const ActResult& act, std::size_t number) {
  std::string html = "<section id=\"" + Anchor(number) + "\">\n" + Cell("h2", act.heading) + "\n<pre>";
  for (const std::string& line : act.story) html += EscapeMarkup(line) + "\n";
  html += "</pre>\n";
  for (const Figure& figure : act.figures) html += DrawSvg(figure);
  return html + "</section>\n";
}

}  // namespace

std::string DemoPage(const DemoReport& report) {
  const std::string verdict =
      std::string(report.passed ? "All acts passed" : "Not all acts passed") + " in " + std::to_string(report.seconds) + " seconds.";
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" "
      "content=\"width=device-width\"/>\n<title>flexai demo: " +
      EscapeMarkup(verdict) + "</title>\n<style>" + kStyle + "</style>\n</head>\n<body>\n<h1>flexai demo</h1>\n<p><strong>" +
      EscapeMarkup(verdict) + "</strong></p>\n<table>\n<tr><th>act</th><th>asked</th><th>measured</th><th>result</th></tr>\n";
  for (std::size_t i = 0; i < report.acts.size(); ++i) {
    const ActResult& act = report.acts[i];
    const std::string result = std::string(act.word()) + (act.left_out.empty() ? "" : ": " + act.left_out);
    html += "<tr><td><a href=\"#" + Anchor(i) + "\">" + EscapeMarkup(act.name) + "</a></td>" + Cell("td", act.asked) +
            Cell("td", act.measured) + "<td class=\"" + (act.failed() ? "FAILED" : "right") + "\">" + EscapeMarkup(result) + "</td></tr>\n";
  }
  html += "</table>\n";
  for (std::size_t i = 0; i < report.acts.size(); ++i) html += Section(report.acts[i], i);
  html += "<section>\n<h2>Where this was measured</h2>\n<table>\n";
  for (const auto& [name, value] : report.facts) html += "<tr>" + Cell("th", name) + Cell("td", value) + "</tr>\n";
  html += "</table>\n</section>\n<section>\n<h2>Every number</h2>\n<details><summary>as JSON</summary>\n<pre>" +
          EscapeMarkup(DemoDocument(report).ToPrettyJson()) + "</pre></details>\n</section>\n</body>\n</html>\n";
  return html;
}

Document DemoDocument(const DemoReport& report) {
  Document facts = Document::EmptyObject();
  for (const auto& [name, value] : report.facts) facts.Add(name, value);
  Document acts = Document::EmptyArray();
  for (const ActResult& act : report.acts)
    acts.Add(Document::Of({{"act", act.name},
                           {"asked", act.asked},
                           {"measured", act.measured},
                           {"result", act.passed     ? "passed"
                                      : act.failed() ? "failed"
                                                     : "left out"},
                           {"reason", act.left_out.empty() ? Document() : Document(act.left_out)},
                           {"details", act.details}}));
  return Document::Of({{"schema", "flexai.demo/2"},
                       {"passed", report.passed},
                       {"seconds", report.seconds},
                       {"facts", std::move(facts)},
                       {"acts", std::move(acts)}});
}

}  // namespace flexai::cli
