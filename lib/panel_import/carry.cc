#include "lib/panel_import/carry.h"

#include <cstdlib>
#include <string_view>

#include "lib/traffic/ledger.h"

namespace cvm::panel_import {
namespace {

using Do = Step::Do;

constexpr db::Sql kRevoke =
    "UPDATE api_tokens SET revoked_at = UTC_TIMESTAMP(3), import_revoked_at = UTC_TIMESTAMP(3) "
    "WHERE id = ? AND source = 'cvm' AND revoked_at IS NULL";
constexpr db::Sql kRevokeHere =
    "UPDATE api_tokens SET revoked_at = UTC_TIMESTAMP(3) WHERE id = ? AND source IS NULL AND revoked_at IS "
    "NULL";
// Not to be taken back, and yet known as what an import revoked: both have a date, and not the same.
constexpr db::Sql kRevokeForGood =
    "UPDATE api_tokens SET "
    "import_revoked_at = COALESCE(revoked_at, UTC_TIMESTAMP(3)) - INTERVAL 1 SECOND, "
    "revoked_at = COALESCE(revoked_at, UTC_TIMESTAMP(3)) WHERE id = ? AND source = 'cvm'";
constexpr db::Sql kRestore =
    "UPDATE api_tokens SET revoked_at = NULL, import_revoked_at = NULL "
    "WHERE id = ? AND source = 'cvm' AND revoked_at = import_revoked_at";
// Where it was revoked here since it was looked at, the token is held, and the import fails as a whole.
constexpr db::Sql kFree =
    "UPDATE api_tokens SET public_token = ? WHERE id = ? AND source = 'cvm' AND "
    "revoked_at = import_revoked_at";
// Nothing is sent to a node that was taken out of service here.
constexpr db::Sql kStop =
    "UPDATE vpses v JOIN nodes n ON n.id = v.node_id SET v.stop_pending = 1 "
    "WHERE v.id = ? AND v.source = 'cvm' AND n.retired_at IS NULL";
constexpr db::Sql kDrop = "UPDATE vpses SET stop_pending = 0 WHERE id = ?";
constexpr db::Sql kTerminate = "UPDATE vpses SET state = 'terminated' WHERE id = ? AND source = 'cvm'";

// With all that was counted for it. One that lives again since it was looked at stays, and the import fails.
constexpr db::Sql kPurge = "DELETE FROM vpses WHERE id = ? AND source = 'cvm' AND state = 'terminated'";
// With its networks, its last use and whatever was set for it here. One that was revoked here since it was
// looked at stays, and the import fails.
constexpr db::Sql kPurgeKey =
    "DELETE FROM api_tokens WHERE id = ? AND source = 'cvm' AND "
    "(revoked_at IS NULL OR revoked_at = import_revoked_at)";
constexpr db::Sql kLose = "UPDATE users SET source_id = NULL WHERE id = ? AND source = 'cvm'";
constexpr db::Sql kFind = "UPDATE users SET source_id = id WHERE id = ? AND source = 'cvm'";

db::Param ParamOf(const Text& text) {
  return text ? db::Param(std::string_view(*text)) : db::Param(nullptr);
}

void Insert(db::Session& session, const Table& table, const Record& record) {
  std::vector<db::Param> params = {record.id, record.id};
  for (const Text& value : record.values) params.push_back(ParamOf(value));
  session.Execute(table.insert, params);
}

void Update(db::Session& session, const Table& table, const Record& record) {
  std::vector<db::Param> params;
  for (const Text& value : record.values) params.push_back(ParamOf(value));
  params.emplace_back(record.id);
  session.Execute(table.update, params);
}

// The collector may add to the bytes at the same time: the opening follows from what they are now.
void SetOpening(db::Session& session, std::uint64_t id, const traffic::Bytes& used,
                std::vector<Moved>& moved) {
  auto period = traffic::LockPeriod(session, id);
  if (!period) return;  // purged meanwhile
  const traffic::Move move = traffic::MovePeriod(session, id, *period);
  period->opening = period->OpeningFor(used);
  traffic::WriteBalance(session, id, *period);
  if (move.why != traffic::Why::kIsRunning) moved.push_back({id, move, *period});
}

// The period is locked first, as by a booking: one that is under way would write its sample behind this. The
// import as a whole locks VPSes before periods too; where that meets a booking in a deadlock, one of the two
// runs again.
void Forget(db::Session& session, std::uint64_t id) {
  if (traffic::LockPeriod(session, id)) traffic::ForgetSamples(session, id);
}

void CarryStep(db::Session& session, const Step& step, std::vector<Moved>& moved) {
  const Table& table = TableOf(step.kind);
  const std::uint64_t id = step.record.id;
  const auto by_id = [&](db::Sql sql) { session.Execute(sql, {id}); };
  switch (step.what) {
    case Do::kRevoke:
      return by_id(kRevoke);
    case Do::kRevokeHere:
      return by_id(kRevokeHere);
    case Do::kRevokeForGood:
      return by_id(kRevokeForGood);
    case Do::kPurge:
      return by_id(step.kind == kTokens ? kPurgeKey : kPurge);
    case Do::kLose:
      return by_id(kLose);
    case Do::kFind:
      return by_id(kFind);
    case Do::kRestore:
      return by_id(kRestore);
    case Do::kTerminate:
      return by_id(kTerminate);
    case Do::kStop:
      return by_id(kStop);
    case Do::kDrop:
      return by_id(kDrop);
    case Do::kFree:
      session.Execute(kFree, {ParamOf(step.record.values[0]), id});
      return;
    case Do::kPark:
      return by_id(table.park);
    case Do::kUpdate:
      return Update(session, table, step.record);
    case Do::kInsert:
      return Insert(session, table, step.record);
    case Do::kOpening:
      return SetOpening(session, id, step.used, moved);
    case Do::kForget:
      return Forget(session, id);
  }
  std::abort();
}

// Since when a VPS is terminated: anew each time. No stop is due to one that is active.
void SettleStates(db::Session& session) {
  session.Execute(
      "UPDATE vpses SET terminated_at = NULL WHERE source = 'cvm' AND state <> 'terminated' AND "
      "terminated_at IS NOT NULL",
      {});
  session.Execute(
      "UPDATE vpses SET stop_pending = 0 WHERE source = 'cvm' AND state = 'active' AND stop_pending <> 0",
      {});
  session.Execute(
      "UPDATE vpses SET terminated_at = UTC_TIMESTAMP(3) WHERE source = 'cvm' AND state = 'terminated' AND "
      "terminated_at IS NULL",
      {});
}

}  // namespace

std::vector<Moved> Carry(db::Session& session, const Plan& plan) {
  std::vector<Moved> moved;
  SettleStates(session);  // a VPS that lives may have an old date still, which would be taken for a new one's
  for (const Step& step : plan.steps) CarryStep(session, step, moved);
  SettleStates(session);
  return moved;
}

}  // namespace cvm::panel_import
