// Service::Act: a customer's start, stop or restart.
#include <chrono>
#include <cstdlib>
#include <optional>
#include <utility>

#include "lib/log/log.h"
#include "lib/traffic/halt.h"
#include "lib/vps/row.h"
#include "lib/vps/service.h"

namespace cvm::vps {
namespace {

// For a look at the records of others: an action waits no longer for a database that was there a moment ago.
constexpr std::chrono::milliseconds kPatience{2000};

// A state in which nothing is done.
std::optional<ActionResult> RefusalOf(State state) {
  switch (state) {
    case State::kSuspended:
      return ActionResult::kSuspended;
    case State::kTerminated:
      return ActionResult::kTerminated;
    case State::kActive:
      return std::nullopt;
  }
  std::abort();
}

ActionResult ResultOf(node::Outcome outcome) {
  switch (outcome) {
    case node::Outcome::kDone:
    case node::Outcome::kLockedAsAsked:
      return ActionResult::kDone;
    case node::Outcome::kFailed:
      return ActionResult::kFailed;
    case node::Outcome::kDownAfterRestart:
      return ActionResult::kDownAfterRestart;
    case node::Outcome::kMissing:
      return ActionResult::kMissing;
    case node::Outcome::kLocked:
      return ActionResult::kLocked;
  }
  std::abort();
}

ActionResult ResultOf(base::ErrorCode code) {
  if (code == base::ErrorCode::kUnavailable) return ActionResult::kUnreachable;
  return code == base::ErrorCode::kOverloaded ? ActionResult::kOverloaded : ActionResult::kOutcomeUnknown;
}

// How the record of an action ends.
audit::Outcome EndOf(ActionResult result) {
  switch (result) {
    case ActionResult::kDone:
      return audit::Outcome::kDone;
    case ActionResult::kFailed:
    case ActionResult::kDownAfterRestart:
    case ActionResult::kMissing:
      return audit::Outcome::kFailed;
    case ActionResult::kSuspended:
    case ActionResult::kTerminated:
    case ActionResult::kLocked:
    case ActionResult::kNotInTurn:
      return audit::Outcome::kRefused;
    case ActionResult::kUnreachable:
    case ActionResult::kOverloaded:
      return audit::Outcome::kUnreachable;
    case ActionResult::kOutcomeUnknown:
      return audit::Outcome::kUnknown;
  }
  std::abort();
}

ActionResult Failed(const Placed& placed, Action action, const base::Error& error) {
  log::Error("vps.action_failed", {{"vps", placed.vps.id},
                                   {"node", placed.node.name},
                                   {"action", node::ActionName(action)},
                                   {"kind", base::CodeName(error.code)},
                                   {"error", error.message}});
  return ResultOf(error.code);
}

// An open intent: ends as unknown where nothing else was said.
class OpenIntent {
 public:
  OpenIntent(audit::Closer& closer, std::uint64_t id) : closer_(closer), id_(id) {}
  OpenIntent(const OpenIntent&) = delete;
  OpenIntent& operator=(const OpenIntent&) = delete;
  ~OpenIntent() { closer_.End(id_, outcome_); }
  void EndsAs(audit::Outcome outcome) { outcome_ = outcome; }

 private:
  audit::Closer& closer_;
  const std::uint64_t id_;
  audit::Outcome outcome_ = audit::Outcome::kUnknown;
};

// What the state that holds now allows: an intent, or a refusal.
struct Decision {
  std::optional<ActionResult> refusal;
  std::uint64_t intent = 0;
};

// The row is locked against a change of state or place until the intent is committed. A VPS that is gone was
// terminated before; one that has another container than it had a moment ago is being worked on.
Decision Decide(db::Session& session, const Placed& placed, const audit::Intent& intent) {
  State state = State::kTerminated;
  bool moved = false;
  session.Query("SELECT state, node_id <> ? OR ctid <> ? FROM vpses WHERE id = ? LOCK IN SHARE MODE",
                {placed.node.id, placed.vps.ctid, placed.vps.id}, [&](const db::Row& row) {
                  state = ReadState(row, 0);
                  moved = row.U64(1) != 0;
                });
  if (const auto refusal = RefusalOf(state)) return {refusal, 0};
  if (moved) return {ActionResult::kNotInTurn, 0};
  return {std::nullopt, audit::Begin(session, intent)};
}

// The others on a VPS, by their records. One that has ended since the last look counts too: it may have
// changed the state after the node told it.
class OtherActions : public node::Others {
 public:
  OtherActions(db::Pool& pool, std::uint64_t vps_id, std::uint64_t record, base::Deadline deadline)
      : pool_(pool), vps_id_(vps_id), record_(record), deadline_(deadline) {}

  bool WereAtWork() override {
    const auto others = pool_.Run(deadline_.Within(kPatience), [this](db::Session& session) {
      return audit::ReadOthers(session, vps_id_, record_);
    });
    if (!others) {
      log::Warning("vps.intents_not_read", {{"vps", vps_id_}, {"error", others.error().message}});
      return true;
    }
    const bool ended = std::exchange(ended_, others->ended) != others->ended;
    return ended || others->unsettled > 0;
  }

 private:
  db::Pool& pool_;
  const std::uint64_t vps_id_;
  const std::uint64_t record_;
  const base::Deadline deadline_;
  std::uint64_t ended_ = 0;
};

audit::Intent IntentOf(const Placed& placed, Action action, const Origin& origin) {
  audit::Intent intent;
  intent.actor.kind = audit::ActorKind::kCustomer;
  intent.user_id = origin.user_id;
  intent.token_id = origin.token_id;
  intent.client_address = origin.client_address;
  intent.vps_id = placed.vps.id;
  intent.action = node::ActionName(action);
  intent.request_id = origin.request_id;
  return intent;
}

}  // namespace

base::Result<ActionResult> Service::Act(const Placed& placed, Action action, const Origin& origin,
                                        base::Deadline deadline) {
  if (const auto refusal = RefusalOf(placed.vps.state)) return *refusal;
  const auto ctid = CtidOf(placed.vps);
  if (!ctid) return ActionResult::kFailed;
  const auto place = hypervisor_.Admit(placed.node);
  if (!place) return Failed(placed, action, place.error());
  const auto turn = turns_.Take(placed.vps.id, deadline.Within(turn_wait_));
  if (!turn) return ActionResult::kNotInTurn;
  const audit::Intent intent = IntentOf(placed, action, origin);
  const auto decision =
      pool_.Transact(deadline, [&](db::Session& session) { return Decide(session, placed, intent); });
  if (!decision) {
    // An intent of which is not known whether it was committed is one that leads to nothing.
    const bool lost = decision.error().code == base::ErrorCode::kBroken;
    return base::Error{lost ? base::ErrorCode::kUnavailable : decision.error().code,
                       decision.error().message};
  }
  if (decision->refusal) return *decision->refusal;
  OpenIntent open(closer_, decision->intent);
  const ActionResult result = ActOnNode(placed, *ctid, action, decision->intent, deadline);
  open.EndsAs(EndOf(result));
  return result;
}

ActionResult Service::ActOnNode(const Placed& placed, base::Ctid ctid, Action action, std::uint64_t record,
                                base::Deadline deadline) {
  traffic::BeforeHalt counting(pool_, placed.vps.id, placed.node.id, ctid, traffic_, deadline);
  OtherActions others(pool_, placed.vps.id, record, deadline);
  const auto outcome = hypervisor_.ActCounted(placed.node, ctid, action, deadline, counting, &others);
  return outcome ? ResultOf(*outcome) : Failed(placed, action, outcome.error());
}

}  // namespace cvm::vps
