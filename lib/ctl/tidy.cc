// What is removed for good: user purge, vps purge and tidy.
#include "lib/ctl/commands.h"

namespace cvm::ctl {
namespace {

// Whether it is meant: by --yes, or by the word of the person at the terminal.
base::Status Confirm(Invocation& call, const std::string& what) {
  if (call.arguments.Has("--yes")) return {};
  if (!call.console.terminal) {
    return base::Error{
        base::ErrorCode::kInvalid,
        "what is purged cannot be brought back, and there is no terminal to ask on: give --yes "
        "if it is meant"};
  }
  if (call.console.Ask("Remove " + ForTerminal(what) + " for good?")) return {};
  return base::Error{base::ErrorCode::kInternal, "not confirmed, nothing was changed"};
}

// Whose deed it is.
audit::Actor ActorOf(const Invocation& call) {
  if (call.arguments.Has("--timer")) return {audit::ActorKind::kTimer, ""};
  return call.services->actor;
}

Record RecordOf(const vps::Tidied& tidied, const vps::RetryReport& stops) {
  return {{"stops_done", Figure(stops.stopped)},
          {"stops_pending", Figure(stops.pending)},
          {"tokens", Figure(tidied.tokens)},
          {"vpses", Figure(tidied.vpses)},
          {"traffic_days", Figure(tidied.traffic_daily)},
          {"records", Figure(tidied.action_log)}};
}

}  // namespace

Done UserPurge(Invocation& call) {
  const std::string name = call.arguments.Text("NAME");
  const auto confirmed = Confirm(call, "user " + name + " with all token pairs and terminated VPSes");
  if (!confirmed) return confirmed.error();
  const auto purged = call.services->purger.PurgeUser(name, DatabaseDeadline());
  if (!purged) return purged.error();
  call.output.Done("user " + name + " is removed", {{"name", name}, {"purged", true}});
  return ExitStatus::kOk;
}

Done VpsPurge(Invocation& call) {
  const std::string id = call.arguments.Text("ID");
  if (const auto confirmed = Confirm(call, "VPS " + id + " with its traffic"); !confirmed) {
    return confirmed.error();
  }
  const auto purged = call.services->purger.PurgeVps(call.arguments.Number("ID"), DatabaseDeadline());
  if (!purged) return purged.error();
  call.output.Done("VPS " + id + " is removed", {{"id", id}, {"purged", true}});
  return ExitStatus::kOk;
}

// A stop that stays pending is no failure: the next call tries again, and `vps list` shows it.
Done Tidy(Invocation& call) {
  Services& services = *call.services;
  const audit::Actor actor = ActorOf(call);
  vps::Purger purger(services.pool, actor);
  if (call.arguments.Has("--dry-run")) {
    const auto old = purger.CountOld(services.retention, DatabaseDeadline());
    if (!old) return old.error();
    call.output.One(RecordOf(*old, {}));
    return ExitStatus::kOk;
  }
  const auto stops = services.vpses.RetryPending(actor, StopDeadline());
  if (!stops) return stops.error();
  const auto tidied = purger.Tidy(services.retention, TidyDeadline());
  if (!tidied) return tidied.error();
  call.output.One(RecordOf(*tidied, *stops));
  return ExitStatus::kOk;
}

}  // namespace cvm::ctl
