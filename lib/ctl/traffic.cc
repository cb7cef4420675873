#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "lib/ctl/commands.h"
#include "lib/ctl/each.h"
#include "lib/ctl/progress.h"
#include "lib/ctl/sync.h"
#include "lib/ctl/terminal.h"
#include "lib/log/log.h"
#include "lib/node/node.h"
#include "lib/traffic/collect.h"
#include "lib/traffic/history.h"
#include "lib/traffic/period.h"

namespace cvm::ctl {
namespace {

constexpr std::size_t kNodesAtOnce = 16;
constexpr std::uint64_t kUsualDays = 30;
constexpr std::chrono::seconds kNodeTime{300};

using Collections = std::vector<std::optional<base::Result<traffic::Collected>>>;

base::Result<std::vector<node::Node>> NodesToCollect(Invocation& call) {
  const auto name = call.arguments.Maybe("--node");
  if (!name) return call.services->nodes.List(DatabaseDeadline());
  auto node = call.services->nodes.Find(*name, DatabaseDeadline());
  if (!node) return node.error();
  return std::vector<node::Node>{std::move(*node)};
}

// In the order of `nodes`, a few at a time.
Collections CollectAll(Invocation& call, const std::vector<node::Node>& nodes) {
  Services& services = *call.services;
  Collections collections(nodes.size());
  Progress progress(call.console, nodes.size(), "nodes");
  ForEach(nodes.size(), kNodesAtOnce, [&](std::size_t i) {
    collections[i] = traffic::CollectNode(services.pool, services.runner, nodes[i], services.traffic_settings,
                                          base::Deadline::In(kNodeTime));
    progress.Advance();
  });
  return collections;
}

Record RecordOf(const node::Node& node, const base::Result<traffic::Collected>& collected) {
  const traffic::Collected figures = collected ? *collected : traffic::Collected();
  return {{"name", node.name},
          {"ok", collected.ok()},
          {"containers", Figure(figures.containers)},
          {"overtaken", Figure(figures.overtaken), Shown::kInJson},
          {"error", collected ? Cell(nullptr) : Cell(collected.error().message)}};
}

// One line, whole: other threads may write to standard error too. A log that goes elsewhere is told besides.
void TellFailure(Invocation& call, const node::Node& node, const base::Error& error) {
  call.console.err << "cvmctl: node " + ForTerminal(node.name) +
                          ": traffic not collected: " + ForTerminal(error.message) + "\n";
  if (call.services->logs_to_stderr) return;
  log::Warning("traffic.collection_failed",
               {{"node", node.name}, {"kind", base::CodeName(error.code)}, {"error", error.message}});
}

// Without a terminal the failures alone are told: a timer's log has a line for each.
void ReportCollections(Invocation& call, const std::vector<node::Node>& nodes,
                       const Collections& collections) {
  Records records;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto& collected = *collections[i];
    records.push_back(RecordOf(nodes[i], collected));
    if (!collected) TellFailure(call, nodes[i], collected.error());
  }
  if (call.output.json() || call.console.terminal) call.output.List(records);
}

std::string UsedText(const traffic::Bytes& used) {
  return HumanBytes(used.in) + " in, " + HumanBytes(used.out) + " out";
}

std::string LimitText(std::uint64_t limit) {
  return limit == 0 ? "no limit" : HumanBytes(limit);
}

std::uint64_t Total(const traffic::Bytes& bytes) {
  return bytes.in > UINT64_MAX - bytes.out ? UINT64_MAX : bytes.in + bytes.out;
}

std::string AgeText(const std::optional<std::uint64_t>& age) {
  if (!age) return "never collected";
  if (*age < 120) return "collected " + std::to_string(*age) + " seconds ago";
  if (*age < 7200) return "collected " + std::to_string(*age / 60) + " minutes ago";
  return "collected " + std::to_string(*age / 3600) + " hours ago";
}

void DrawHead(std::ostream& out, const std::string& id, const traffic::History& history) {
  const traffic::Bytes used = history.period.Used();
  out << "VPS " << id << ", " << ForTerminal(history.hostname) << ", on node " << ForTerminal(history.node)
      << ", " << AgeText(history.age) << '\n'
      << "since " << traffic::FormatDay(history.period.begins_on) << ": " << UsedText(used);
  if (history.combined) {
    out << ", together " << HumanBytes(Total(used)) << " of " << LimitText(history.limit);
  } else {
    out << ", of " << LimitText(history.limits.in) << " in, " << LimitText(history.limits.out) << " out";
  }
  out << '\n';
  if (!history.failure.empty()) out << "the last try failed: " << ForTerminal(history.failure) << '\n';
}

void DrawDays(std::ostream& out, const traffic::History& history) {
  constexpr std::size_t kDate = 12;
  constexpr std::size_t kFigures = 30;
  const bool utf8 = TerminalHasUtf8();
  const std::size_t width = TerminalWidth();
  const std::size_t bar = width > kDate + kFigures + 10 ? width - kDate - kFigures : 10;
  std::uint64_t most = 0;
  for (const traffic::DayBytes& day : history.days) most = std::max(most, Total(day.bytes));
  for (const traffic::DayBytes& day : history.days) {
    out << traffic::FormatDay(day.day) << "  " << Bar(day.bytes.in, day.bytes.out, most, bar, utf8);
    if (Total(day.bytes) > 0) out << ' ' << UsedText(day.bytes);
    out << '\n';
  }
  out << "            " << (utf8 ? "█ in, ░ out" : "# in, - out") << "; days in UTC\n";
}

void DrawAnomalies(std::ostream& out, const traffic::History& history) {
  for (const traffic::Noticed& one : history.anomalies) {
    out << "! " << one.when << " UTC " << one.kind << " " << ForTerminal(one.interface) << ": "
        << UsedText(one.before) << ", then " << UsedText(one.after) << '\n';
  }
}

Records RecordsOf(const std::vector<traffic::DayBytes>& days) {
  Records records;
  for (const traffic::DayBytes& day : days) {
    records.push_back(
        {{"day", traffic::FormatDay(day.day)}, {"in", Figure(day.bytes.in)}, {"out", Figure(day.bytes.out)}});
  }
  return records;
}

Records RecordsOf(const std::vector<traffic::Noticed>& anomalies) {
  Records records;
  for (const traffic::Noticed& one : anomalies) {
    records.push_back({{"noticed_at", one.when},
                       {"kind", one.kind},
                       {"interface", one.interface},
                       {"old_in", Figure(one.before.in)},
                       {"old_out", Figure(one.before.out)},
                       {"new_in", Figure(one.after.in)},
                       {"new_out", Figure(one.after.out)}});
  }
  return records;
}

Record RecordOf(const std::string& id, const traffic::History& history) {
  const traffic::Period& period = history.period;
  const traffic::Bytes used = period.Used();
  return {{"id", id},
          {"hostname", history.hostname},
          {"node", history.node},
          {"accounting", std::string(history.combined ? "combined" : "split")},
          {"begins_on", traffic::FormatDay(period.begins_on)},
          {"used_in", Figure(used.in)},
          {"used_out", Figure(used.out)},
          {"counted_in", Figure(period.counted.in)},
          {"counted_out", Figure(period.counted.out)},
          {"opening_in", Figure(period.opening.in)},
          {"opening_out", Figure(period.opening.out)},
          {"credit_in", Figure(period.credit.in)},
          {"credit_out", Figure(period.credit.out)},
          {"collected_seconds_ago", Figure(history.age)},
          {"failure", history.failure},
          {"days", RecordsOf(history.days)},
          {"anomalies", RecordsOf(history.anomalies)}};
}

traffic::Correction CorrectionOf(const Arguments& arguments) {
  traffic::Correction correction;
  std::string bytes = arguments.Text("BYTES");
  correction.taken_away = bytes.front() == '-';
  if (bytes.front() == '-' || bytes.front() == '+') bytes.erase(0, 1);
  correction.bytes = base::ParseU64(bytes).value_or(0);
  if (arguments.Has("--in")) correction.direction = traffic::Direction::kIn;
  if (arguments.Has("--out")) correction.direction = traffic::Direction::kOut;
  correction.why = arguments.Text("--why");
  return correction;
}

}  // namespace

Done TrafficCollect(Invocation& call) {
  const auto nodes = NodesToCollect(call);
  if (!nodes) return nodes.error();
  const Collections collections = CollectAll(call, *nodes);
  ReportCollections(call, *nodes, collections);
  const auto failed = std::find_if(collections.begin(), collections.end(),
                                   [](const auto& collected) { return !collected->ok(); });
  return failed == collections.end() ? ExitStatus::kOk : StatusFor((*failed)->error().code);
}

Done TrafficShow(Invocation& call) {
  const std::string id = call.arguments.Text("VPS");
  const auto days = call.arguments.MaybeNumber("--days").value_or(kUsualDays);
  const auto history =
      traffic::ReadHistory(call.services->pool, call.arguments.Number("VPS"), days, DatabaseDeadline());
  if (!history) return history.error();
  if (call.output.json()) {
    call.output.One(RecordOf(id, *history));
    return ExitStatus::kOk;
  }
  DrawHead(call.console.out, id, *history);
  DrawDays(call.console.out, *history);
  DrawAnomalies(call.console.out, *history);
  return ExitStatus::kOk;
}

Done TrafficAdjust(Invocation& call) {
  const std::string id = call.arguments.Text("VPS");
  const auto used = traffic::Correct(call.services->pool, call.arguments.Number("VPS"),
                                     CorrectionOf(call.arguments), call.services->actor, DatabaseDeadline());
  if (!used) return used.error();
  WarnOfSync(call, call.arguments.Number("VPS"));
  call.output.Done("VPS " + id + ": used in this period are " + UsedText(*used),
                   {{"id", id}, {"used_in", Figure(used->in)}, {"used_out", Figure(used->out)}});
  return ExitStatus::kOk;
}

}  // namespace cvm::ctl
