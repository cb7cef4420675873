// Admin's suspend, unsuspend and terminate, and the stops that are due for them.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include "lib/base/backoff.h"
#include "lib/log/log.h"
#include "lib/node/store.h"
#include "lib/traffic/halt.h"
#include "lib/vps/admin.h"
#include "lib/vps/row.h"

namespace cvm::vps {
namespace {

using base::Error;
using base::ErrorCode;

// Between two looks at what another process does.
constexpr std::chrono::milliseconds kFirstWait{20};
constexpr std::chrono::milliseconds kMostWait{1000};

constexpr db::Sql kPlaced =
    "SELECT " CVM_VPS_COLUMNS ", " CVM_NODE_COLUMNS
    " FROM vpses v JOIN nodes n ON n.id = v.node_id LEFT JOIN node_host_keys k ON k.node_id = n.id "
    "LEFT JOIN traffic_period p ON p.vps_id = v.id WHERE v.id = ?";

Error NoSuchVps(std::uint64_t id) {
  return {ErrorCode::kNotFound, "no VPS has the ID '" + std::to_string(id) + "': see 'cvmctl vps list'"};
}

Error AlreadyTerminated(std::uint64_t id) {
  return {ErrorCode::kConflict, "VPS " + std::to_string(id) + " is terminated: that cannot be taken back"};
}

// What is known of a VPS whose row is locked until the end of the transaction.
struct Locked {
  State state;
  bool stop_pending;
  std::uint64_t user_id;
  std::uint64_t node_id;
  std::string ctid;
};

std::optional<Locked> Lock(db::Session& session, std::uint64_t id) {
  std::optional<Locked> locked;
  session.Query("SELECT state, stop_pending, user_id, node_id, ctid FROM vpses WHERE id = ? FOR UPDATE", {id},
                [&](const db::Row& row) {
                  locked = {ReadState(row, 0), row.U64(1) != 0, row.U64(2), row.U64(3), row.Text(4)};
                });
  return locked;
}

base::Result<Placed> Find(db::Session& session, std::uint64_t id) {
  std::optional<Placed> placed;
  session.Query(kPlaced, {id}, [&](const db::Row& row) { AddPlacedRow(row, 0, placed); });
  if (!placed) return NoSuchVps(id);
  return std::move(*placed);
}

// Of a container that the node lacks: nothing is left of it that a terminated VPS could run. A suspended
// one's may have been moved by hand and run elsewhere, which only the operator can tell.
std::string WhyMissing(State state) {
  if (state == State::kTerminated) return "";
  return "the node has no such container: where it was destroyed, 'cvmctl vps terminate'; where it was "
         "moved, "
         "'cvmctl vps unsuspend', 'cvmctl vps set' with its new place, and suspend it again";
}

// Why the container of a VPS in that state is not known to be stopped after an attempt to stop it; empty
// where the node said that it is.
std::string WhyNotStopped(const base::Result<node::Outcome>& outcome, State state) {
  if (!outcome) return outcome.error().message;
  switch (*outcome) {
    case node::Outcome::kDone:
      return "";
    case node::Outcome::kFailed:
    case node::Outcome::kDownAfterRestart:
      return "the node could not stop it (its words are in the log)";
    case node::Outcome::kMissing:
      return WhyMissing(state);
    case node::Outcome::kLocked:
    case node::Outcome::kLockedAsAsked:
      return "another vzctl is at work on it";
  }
  std::abort();
}

// The same after the node was asked.
std::string WhyNotStopped(const base::Result<std::optional<node::Container>>& container, State state) {
  if (!container) return container.error().message;
  if (!*container) return WhyMissing(state);
  return (*container)->running ? "it runs again" : "";
}

// The action's name in records.
const char* HaltName(State state) {
  return state == State::kTerminated ? "terminate" : "suspend";
}

// Why the stop of a VPS was given up, and what is left to do. A termination that is repeated sends nothing.
std::string OutOfService(State state, const std::string& ctid) {
  const std::string what =
      "its node is out of service: no stop was sent, and whether its container runs is not known; should the "
      "node come back, ";
  if (state != State::kTerminated) return what + "suspend it again";
  return what + "run 'vzctl stop " + ctid + "' there, unless that is another VPS's container by then";
}

// Why no stop of it is due, where it was not stopped: its node was taken out of service.
std::string WhyNotDue(const Placed& placed) {
  if (placed.vps.state == State::kActive || !placed.node.retired) return "";
  return OutOfService(placed.vps.state, placed.vps.ctid);
}

// What a transaction found to be done: the record of a stop that is due (else 0), and why one was given up.
struct Halted {
  std::uint64_t record = 0;
  std::string given_up;
};

}  // namespace

audit::Intent Admin::IntentOf(std::uint64_t id, std::uint64_t user_id, std::string_view action) const {
  audit::Intent intent;
  intent.actor = settings_.actor;
  intent.user_id = user_id;
  intent.vps_id = id;
  intent.action = action;
  return intent;
}

base::Result<StopReport> Admin::Suspend(std::uint64_t id, base::Deadline deadline) {
  return HaltAndStop(id, State::kSuspended, deadline);
}

base::Result<StopReport> Admin::Terminate(std::uint64_t id, base::Deadline deadline) {
  return HaltAndStop(id, State::kTerminated, deadline);
}

base::Status Admin::Unsuspend(std::uint64_t id, base::Deadline deadline) {
  return pool_.Transact(deadline, [&](db::Session& session) -> base::Status {
    const auto vps = Lock(session, id);
    if (!vps) return NoSuchVps(id);
    if (vps->state == State::kTerminated) return AlreadyTerminated(id);
    session.Execute("UPDATE vpses SET state = 'active', stop_pending = 0 WHERE id = ?", {id});
    audit::Note(session, settings_.actor, "unsuspend", {vps->user_id, 0, id});
    return {};
  });
}

base::Result<StopReport> Admin::HaltAndStop(std::uint64_t id, State state, base::Deadline deadline) {
  const auto halted = pool_.Transact(deadline, [&](db::Session& session) -> base::Result<Halted> {
    const auto vps = Lock(session, id);
    if (!vps) return NoSuchVps(id);
    if (vps->state == State::kTerminated && state != State::kTerminated) return AlreadyTerminated(id);
    const std::uint64_t record = audit::Begin(session, IntentOf(id, vps->user_id, HaltName(state)));
    // A suspended VPS's container may run again by whatever hand, so its node is asked each time; a
    // terminated one's may be another VPS's by now.
    const bool was_terminated = vps->state == State::kTerminated;
    if (!was_terminated) {
      session.Execute(
          "UPDATE vpses SET state = ?, stop_pending = 1, terminated_at = IF(state = 'terminated', "
          "UTC_TIMESTAMP(3), NULL) WHERE id = ?",
          {std::string_view(StateName(state)), id});
    }
    const bool dropped = node::DropStop(session, settings_.actor, id);
    if (!dropped && (!was_terminated || vps->stop_pending)) return Halted{record, ""};
    audit::End(session, record, audit::Outcome::kDone);
    return Halted{0, dropped ? OutOfService(state, vps->ctid) : ""};
  });
  if (!halted) return halted.error();
  if (halted->record == 0) return StopReport{false, halted->given_up};
  AwaitIntents(id, halted->record, deadline.Within(settings_.intent_wait));
  auto report = Stop(id, deadline);
  EndRecord(halted->record, 0, report && !report->stop_pending, deadline);
  return report;
}

void Admin::EndRecord(std::uint64_t record, std::uint64_t retried, bool done, base::Deadline deadline) {
  const audit::Outcome outcome = done ? audit::Outcome::kDone : audit::Outcome::kFailed;
  const auto ended = pool_.Run(deadline, [&](db::Session& session) {
    if (retried == 0) return audit::End(session, record, outcome);
    audit::EndTry(session, record, retried, outcome);
  });
  if (!ended) log::Error("audit.intent_left_open", {{"record", record}, {"error", ended.error().message}});
}

// The VPS's state lets no new ones begin; those that began once it was active again may wait for the record's
// end. What is still open in the end keeps the stop pending.
void Admin::AwaitIntents(std::uint64_t id, std::uint64_t record, base::Deadline deadline) {
  base::Backoff backoff(kFirstWait, kMostWait);
  while (!deadline.Passed()) {
    const auto open = pool_.Run(
        deadline, [&](db::Session& session) { return audit::CountOpenBefore(session, id, record); });
    if (!open) {
      log::Warning("vps.intents_not_read", {{"vps", id}, {"error", open.error().message}});
      return;
    }
    if (*open == 0) return;
    std::this_thread::sleep_for(std::min(backoff.Next(), deadline.Remaining()));
  }
}

// What one stop is sent by. Read one after the other, so of three moments, and that is enough: all are before
// the stop. A start that begins after the first is one since the last record; of the others one that has not
// ended is unsettled, and the command of one that has was over before the stop was sent.
struct Admin::Due {
  std::uint64_t last_record;
  Placed placed;
  std::uint64_t unsettled_starts;
};

// Looks again before each command: meanwhile the VPS may have been unsuspended, its stop done by another, or
// its container become another VPS's, by a sync from a panel. What is left is such a change while the command
// is on its way: the reading of the counters, and the driver's tries at another vzctl's lock
// (ActingSettings::lock_retry, half a minute). No row is locked for so long; the one who got the container
// finds it stopped then, and starts it.
base::Result<StopReport> Admin::Stop(std::uint64_t id, base::Deadline deadline) {
  base::Backoff backoff(kFirstWait, kMostWait);
  const auto give_up = deadline.Within(settings_.intent_wait);
  bool told = false;
  for (;;) {
    const auto due = pool_.Run(deadline, [&](db::Session& session) -> base::Result<Due> {
      const std::uint64_t last_record = audit::LastRecord(session, id);
      auto placed = Find(session, id);
      if (!placed) return placed.error();
      return Due{last_record, *std::move(placed), audit::CountUnsettledStarts(session, id)};
    });
    if (!due) return due.error();
    const Vps& vps = due->placed.vps;
    if (!vps.stop_pending) return StopReport{false, WhyNotDue(due->placed)};
    const auto ctid = CtidOf(vps);
    if (!ctid) return StopReport{true, "its CTID '" + vps.ctid + "' is no number"};
    const node::Node& node = due->placed.node;
    traffic::BeforeHalt counting(pool_, id, node.id, *ctid, settings_.traffic, deadline);
    const auto outcome =
        hypervisor_.ActCounted(node, *ctid, node::Action::kStop, deadline, counting, nullptr);
    if (outcome && *outcome == node::Outcome::kLockedAsAsked && !give_up.Passed()) {
      if (!told) log::Warning("vps.stop_waits", {{"vps", id}, {"node", node.name}, {"ctid", ctid->text()}});
      told = true;
      std::this_thread::sleep_for(std::min(backoff.Next(), give_up.Remaining()));
      continue;
    }
    if (const std::string why = WhyNotStopped(outcome, vps.state); !why.empty()) return StopReport{true, why};
    const auto container = hypervisor_.Inspect(node, *ctid, deadline);
    if (const std::string why = WhyNotStopped(container, vps.state); !why.empty()) {
      return StopReport{true, why};
    }
    return Settle(*due, deadline);
  }
}

// The container is stopped. Whether that is for good depends on the starts from before the stop was sent, on
// none having begun since, and on its being the VPS's container still. Nor does a suspension that has begun
// since rest on this: the container may have been started by hand before that, and after it was looked at.
base::Result<StopReport> Admin::Settle(const Due& before, base::Deadline deadline) {
  if (before.unsettled_starts > 0) {
    return StopReport{true,
                      "it is stopped, but a start from before may still be under way: repeat this in ten "
                      "minutes"};
  }
  const std::uint64_t id = before.placed.vps.id;
  return pool_.Transact(deadline, [&](db::Session& session) -> base::Result<StopReport> {
    const auto vps = Lock(session, id);
    if (!vps) return NoSuchVps(id);
    if (vps->state == State::kActive) return StopReport{};
    if (vps->node_id != before.placed.node.id || vps->ctid != before.placed.vps.ctid) {
      return StopReport{true, "it became another container meanwhile: repeat this"};
    }
    const auto begun = audit::ReadBegunSince(session, id, before.last_record);
    if (begun.starts > 0) {
      return StopReport{true, "it was unsuspended and started meanwhile"};
    }
    if (begun.halts > 0) {
      return StopReport{true, "it was suspended or terminated once more meanwhile, which stops it again"};
    }
    session.Execute("UPDATE vpses SET stop_pending = 0 WHERE id = ?", {id});
    return StopReport{};
  });
}

base::Result<StopReport> Admin::RetryStop(std::uint64_t id, const audit::Actor& actor,
                                          base::Deadline deadline) {
  const auto due = pool_.Transact(deadline, [&](db::Session& session) -> base::Result<Halted> {
    const auto vps = Lock(session, id);
    if (!vps) return NoSuchVps(id);
    if (node::DropStop(session, actor, id)) return Halted{0, OutOfService(vps->state, vps->ctid)};
    audit::Intent intent = IntentOf(id, vps->user_id, "stop-retry");
    intent.actor = actor;
    return Halted{audit::Begin(session, intent), ""};
  });
  if (!due) return due.error();
  if (due->record == 0) return StopReport{false, due->given_up};
  auto report = Stop(id, deadline);
  EndRecord(due->record, id, report && !report->stop_pending, deadline);
  return report;
}

base::Result<RetryReport> Admin::RetryPending(const audit::Actor& actor, base::Deadline deadline) {
  const auto due = pool_.Run(deadline, [](db::Session& session) {
    std::vector<std::uint64_t> ids;
    session.Query("SELECT id FROM vpses WHERE stop_pending = 1 AND state <> 'active' ORDER BY id", {},
                  [&](const db::Row& row) { ids.push_back(row.U64(0)); });
    return ids;
  });
  if (!due) return due.error();
  RetryReport report;
  for (const std::uint64_t id : *due) {
    const auto stopped =
        deadline.Passed() ? StopReport{true, "no time is left"} : RetryStop(id, actor, deadline);
    if (!stopped && stopped.error().code == ErrorCode::kNotFound) continue;  // removed meanwhile
    if (!stopped) return stopped.error();
    ++(stopped->stop_pending ? report.pending : report.stopped);
    log::Info("vps.stop_retried",
              {{"vps", id}, {"stopped", stopped->warning.empty() ? "yes" : "no"}, {"why", stopped->warning}});
  }
  return report;
}

}  // namespace cvm::vps
