#include <algorithm>
#include <string>
#include <vector>

#include "lib/base/ctid.h"
#include "lib/ctl/commands.h"
#include "lib/ctl/sync.h"
#include "lib/traffic/period.h"
#include "lib/vps/vps.h"

namespace cvm::ctl {
namespace {

vps::Traffic TrafficOf(const Arguments& arguments) {
  vps::Traffic traffic;
  if (const auto split = ParseBytePair(arguments.Text("--traffic-split"))) {
    traffic.accounting = vps::Accounting::kSplit;
    traffic.in_limit = split->first;
    traffic.out_limit = split->second;
  } else {
    traffic.accounting = vps::Accounting::kCombined;
    traffic.limit = arguments.Number("--traffic-total");
  }
  return traffic;
}

vps::NewVps NewVpsOf(const Arguments& arguments) {
  vps::NewVps added{
      arguments.Text("--node"),     arguments.Text("--user"),   *base::Ctid::Parse(arguments.Text("--ctid")),
      arguments.Text("--hostname"), arguments.Number("--ram"),  arguments.MaybeNumber("--burst"),
      arguments.Number("--disk"),   arguments.Number("--cpus"), arguments.MaybeNumber("--template"),
      TrafficOf(arguments)};
  return added;
}

vps::Changes ChangesOf(const Arguments& arguments) {
  vps::Changes changes;
  changes.hostname = arguments.Maybe("--hostname");
  changes.guaranteed_ram = arguments.MaybeNumber("--ram");
  changes.burstable_ram = arguments.MaybeNumber("--burst");
  changes.disk_space = arguments.MaybeNumber("--disk");
  changes.cpu_count = arguments.MaybeNumber("--cpus");
  if (arguments.Has("--traffic-split") || arguments.Has("--traffic-total"))
    changes.traffic = TrafficOf(arguments);
  changes.billing_day = arguments.MaybeNumber("--billing-day");
  changes.node = arguments.Maybe("--node");
  if (const auto ctid = arguments.Maybe("--ctid")) changes.ctid = base::Ctid::Parse(*ctid);
  return changes;
}

std::string TextOf(const std::vector<vps::Change>& changes) {
  if (changes.empty()) return "is so already";
  std::string text;
  for (const vps::Change& one : changes) {
    text += (text.empty() ? "" : ", ") + one.what + ": " + one.before + " → " + one.after;
  }
  return text;
}

Records RecordsOf(const std::vector<vps::Change>& changes) {
  Records records;
  for (const vps::Change& one : changes) {
    records.push_back({{"what", one.what}, {"before", one.before}, {"after", one.after}});
  }
  return records;
}

void WarnOfWhatWasLeft(Invocation& call, const traffic::Move& move) {
  if (!move.LeftSomething()) return;
  const traffic::Period& before = move.before;
  call.console.Warn("the opening balance (" + std::to_string(before.opening.in) + " bytes in, " +
                    std::to_string(before.opening.out) + " out) and credit (" +
                    std::to_string(before.credit.in) + " in, " + std::to_string(before.credit.out) +
                    " out) stay with the period that began on " + traffic::FormatDay(before.begins_on) +
                    ": book what belongs to the new one with 'cvmctl traffic adjust'");
}

void AppendTraffic(const vps::Traffic& traffic, Record& record) {
  const auto add = [&](const char* name, std::uint64_t bytes) {
    record.push_back({name, Figure(bytes), Shown::kInJson});
  };
  record.push_back({"accounting", std::string(vps::AccountingName(traffic.accounting)), Shown::kInJson});
  switch (traffic.accounting) {
    case vps::Accounting::kSplit:
      add("traffic_in_limit", traffic.in_limit);
      add("traffic_out_limit", traffic.out_limit);
      break;
    case vps::Accounting::kCombined:
      add("traffic_limit", traffic.limit);
      break;
  }
}

Record RecordOf(const vps::Listed& listed) {
  const vps::Vps& vps = listed.vps;
  Record record = {{"id", Figure(vps.id)},
                   {"user", listed.user},
                   {"node", listed.node},
                   {"ctid", vps.ctid},
                   {"hostname", vps.hostname},
                   {"state", std::string(vps::StateName(vps.state))},
                   {"stop_pending", vps.stop_pending},
                   {"guaranteed_ram", Figure(vps.guaranteed_ram), Shown::kInJson},
                   {"burstable_ram", Figure(vps.burstable_ram), Shown::kInJson},
                   {"disk_space", Figure(vps.disk_space), Shown::kInJson},
                   {"cpu_count", Figure(vps.cpu_count), Shown::kInJson},
                   {"template", Figure(vps.template_id), Shown::kInJson}};
  AppendTraffic(vps.traffic, record);
  return record;
}

// The billing day alone is nothing that a panel knows.
void WarnOfSync(Invocation& call, const std::vector<vps::Change>& changes) {
  const bool panels = std::any_of(changes.begin(), changes.end(),
                                  [](const vps::Change& one) { return one.what != "billing_day"; });
  if (panels) WarnOfSync(call, call.arguments.Number("ID"));
}

// The answer to a change of state. A stop that is pending is a warning: the state holds all the same.
void ReportState(Invocation& call, vps::State state, const vps::StopReport& report) {
  const std::string id = call.arguments.Text("ID");
  const std::string name = vps::StateName(state);
  if (report.stop_pending) {
    call.console.Warn("VPS " + id + " is " + name +
                      ", but its container is not known to be stopped: " + report.warning);
  } else if (!report.warning.empty()) {
    call.console.Warn("VPS " + id + " is " + name + "; " + report.warning);
  }
  call.output.Done("VPS " + id + " is " + name + (report.stop_pending ? ", stop pending" : ""),
                   {{"id", id}, {"state", name}, {"stop_pending", report.stop_pending}});
}

// Whether the person agrees, who is shown what the VPS is.
base::Status ConfirmTermination(Invocation& call) {
  if (call.arguments.Has("--yes")) return {};
  const std::uint64_t id = call.arguments.Number("ID");
  if (!call.console.terminal) {
    return base::Error{base::ErrorCode::kInvalid,
                       "a VPS cannot be brought back once it is terminated, and there is no terminal to ask "
                       "on: give --yes if it is meant"};
  }
  const auto all = call.services->vpses.List(DatabaseDeadline());
  if (!all) return all.error();
  const auto found =
      std::find_if(all->begin(), all->end(), [&](const auto& row) { return row.vps.id == id; });
  if (found == all->end()) {
    return base::Error{base::ErrorCode::kNotFound,
                       "there is no VPS " + std::to_string(id) + ": `cvmctl vps list` shows all"};
  }
  const std::string what = "VPS " + std::to_string(id) + " (" + found->vps.hostname + ", of " + found->user +
                           ", container " + found->vps.ctid + " on " + found->node + ")";
  if (call.console.Ask("Terminate " + ForTerminal(what) + " for good?")) return {};
  return base::Error{base::ErrorCode::kInternal, "not confirmed, nothing was changed"};
}

}  // namespace

Done VpsAdd(Invocation& call) {
  const vps::NewVps added = NewVpsOf(call.arguments);
  const auto id = call.services->vpses.Add(added, DatabaseDeadline());
  if (!id) return id.error();
  call.output.Done("VPS " + added.hostname + " added, ID " + std::to_string(*id),
                   {{"id", Figure(*id)},
                    {"node", added.node},
                    {"user", added.user},
                    {"ctid", added.ctid.text()},
                    {"hostname", added.hostname}});
  return ExitStatus::kOk;
}

Done VpsSet(Invocation& call) {
  const std::string id = call.arguments.Text("ID");
  if (!call.arguments.HasOption()) {
    return base::Error{base::ErrorCode::kInvalid, "nothing to change: give at least one option"};
  }
  const auto report =
      call.services->vpses.Set(call.arguments.Number("ID"), ChangesOf(call.arguments), DatabaseDeadline());
  if (!report) return report.error();
  WarnOfWhatWasLeft(call, report->move);
  WarnOfSync(call, report->changes);
  call.output.Done("VPS " + id + ": " + TextOf(report->changes),
                   {{"id", id}, {"changes", RecordsOf(report->changes)}});
  return ExitStatus::kOk;
}

Done VpsList(Invocation& call) {
  const auto vpses = call.services->vpses.List(DatabaseDeadline());
  if (!vpses) return vpses.error();
  Records records;
  for (const vps::Listed& listed : *vpses) records.push_back(RecordOf(listed));
  call.output.List(records);
  return ExitStatus::kOk;
}

Done VpsSuspend(Invocation& call) {
  const auto report = call.services->vpses.Suspend(call.arguments.Number("ID"), StopDeadline());
  if (!report) return report.error();
  WarnOfSync(call, call.arguments.Number("ID"));
  ReportState(call, vps::State::kSuspended, *report);
  return ExitStatus::kOk;
}

Done VpsUnsuspend(Invocation& call) {
  const auto status = call.services->vpses.Unsuspend(call.arguments.Number("ID"), DatabaseDeadline());
  if (!status) return status.error();
  WarnOfSync(call, call.arguments.Number("ID"));
  ReportState(call, vps::State::kActive, {});
  return ExitStatus::kOk;
}

Done VpsTerminate(Invocation& call) {
  WarnOfSync(call, call.arguments.Number("ID"));  // before the question whether it is meant for good
  if (const base::Status confirmed = ConfirmTermination(call); !confirmed) return confirmed.error();
  const auto report = call.services->vpses.Terminate(call.arguments.Number("ID"), StopDeadline());
  if (!report) return report.error();
  ReportState(call, vps::State::kTerminated, *report);
  return ExitStatus::kOk;
}

}  // namespace cvm::ctl
