#include "lib/audit/audit.h"

#include <cstdlib>

namespace cvm::audit {
namespace {

constexpr std::size_t kMostActor = 190;  // the columns' widths
constexpr std::size_t kMostRequestId = 64;
constexpr std::size_t kMostAddress = 45;
constexpr std::size_t kMostDetail = 1000;

constexpr db::Sql kBegin =
    "INSERT INTO action_log (actor_kind, actor, user_id, token_id, client_address, vps_id, action, "
    "request_id, detail, begun_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))";

constexpr db::Sql kNote =
    "INSERT INTO action_log (actor_kind, actor, user_id, token_id, vps_id, action, detail, begun_at, "
    "ended_at, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 'done')";

constexpr db::Sql kEnd =
    "UPDATE action_log SET ended_at = UTC_TIMESTAMP(3), outcome = ? WHERE id = ? AND ended_at IS NULL";

constexpr db::Sql kEarlierTry =
    "SELECT e.id FROM action_log r JOIN action_log e ON e.vps_id = r.vps_id AND e.id < r.id AND "
    "e.action = r.action WHERE r.id = ? AND r.vps_id = ? AND e.begun_at >= UTC_DATE() AND e.outcome = ? "
    "LIMIT 1";

constexpr db::Sql kCountOpenBefore =
    "SELECT COUNT(*) FROM action_log WHERE vps_id = ? AND id < ? AND ended_at IS NULL "
    "AND action IN ('start', 'stop', 'restart') AND begun_at > UTC_TIMESTAMP(3) - INTERVAL ? SECOND";

constexpr db::Sql kUnderWay =
    "SELECT 1 FROM action_log WHERE vps_id = ? AND ended_at IS NULL AND action IN ('start', 'stop', "
    "'restart', 'suspend', 'terminate', 'stop-retry') AND begun_at > UTC_TIMESTAMP(3) - INTERVAL ? SECOND "
    "LIMIT 1";

constexpr db::Sql kLastRecord = "SELECT COALESCE(MAX(id), 0) FROM action_log WHERE vps_id = ?";

constexpr db::Sql kUnsettledStarts =
    "SELECT COUNT(*) FROM action_log WHERE vps_id = ? AND begun_at > UTC_TIMESTAMP(3) - INTERVAL ? SECOND "
    "AND action IN ('start', 'restart') AND (ended_at IS NULL OR outcome = 'unknown')";

constexpr db::Sql kBegunSince =
    "SELECT COUNT(CASE WHEN action IN ('start', 'restart') THEN 1 END), "
    "COUNT(CASE WHEN action IN ('suspend', 'terminate') THEN 1 END) "
    "FROM action_log WHERE vps_id = ? AND id > ?";

// A suspension waits for the actions that began before it, which must not wait for its end. Nor must two
// actions of one kind wait for each other's: a start or stop does not end what another asked for, and of two
// restarts the older one's new life is what the younger one may have seen.
constexpr db::Sql kOthers =
    "SELECT COUNT(CASE WHEN o.ended_at IS NULL OR o.outcome = 'unknown' THEN 1 END), "
    "COUNT(CASE WHEN o.ended_at >= own.begun_at THEN 1 END) "
    "FROM action_log own JOIN action_log o ON o.vps_id = own.vps_id AND o.id <> own.id "
    "WHERE own.id = ? AND own.vps_id = ? AND o.begun_at > UTC_TIMESTAMP(3) - INTERVAL ? SECOND "
    "AND ((o.action IN ('start', 'stop', 'restart', 'stop-retry') "
    "AND (o.id < own.id OR o.action <> own.action)) "
    "OR (o.action IN ('suspend', 'terminate') AND o.id < own.id))";

db::Param NumberOrNull(std::uint64_t number) {
  return number == 0 ? db::Param(nullptr) : db::Param(number);
}

db::Param TextOrNull(std::string_view text, std::size_t most) {
  return text.empty() ? db::Param(nullptr) : db::Param(text.substr(0, most));
}

std::uint64_t Seconds(std::chrono::seconds span) {
  return static_cast<std::uint64_t>(span.count());
}

// Cut to whole characters of UTF-8.
std::string_view Cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U) --most;
  return text.substr(0, most);
}

}  // namespace

const char* ActorKindName(ActorKind kind) {
  switch (kind) {
    case ActorKind::kCustomer:
      return "customer";
    case ActorKind::kOperator:
      return "operator";
    case ActorKind::kPanel:
      return "panel";
    case ActorKind::kTimer:
      return "timer";
  }
  std::abort();
}

const char* OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone:
      return "done";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kRefused:
      return "refused";
    case Outcome::kUnreachable:
      return "unreachable";
    case Outcome::kUnknown:
      return "unknown";
  }
  std::abort();
}

std::uint64_t Begin(db::Session& session, const Intent& intent) {
  session.Execute(
      kBegin, {std::string_view(ActorKindName(intent.actor.kind)), Cut(intent.actor.name, kMostActor),
               NumberOrNull(intent.user_id), NumberOrNull(intent.token_id),
               TextOrNull(intent.client_address, kMostAddress), NumberOrNull(intent.vps_id), intent.action,
               TextOrNull(intent.request_id, kMostRequestId), Cut(intent.detail, kMostDetail)});
  return session.LastInsertId();
}

void End(db::Session& session, std::uint64_t id, Outcome outcome) {
  session.Execute(kEnd, {std::string_view(OutcomeName(outcome)), id});
}

void EndTry(db::Session& session, std::uint64_t id, std::uint64_t vps_id, Outcome outcome) {
  bool repeated = false;
  if (outcome != Outcome::kDone) {
    session.Query(kEarlierTry, {id, vps_id, std::string_view(OutcomeName(outcome))},
                  [&](const db::Row&) { repeated = true; });
  }
  if (!repeated) return End(session, id, outcome);
  session.Execute("DELETE FROM action_log WHERE id = ? AND ended_at IS NULL", {id});
}

void Note(db::Session& session, const Actor& actor, std::string_view action, const Subject& subject,
          std::string_view detail) {
  session.Execute(kNote, {std::string_view(ActorKindName(actor.kind)), Cut(actor.name, kMostActor),
                          NumberOrNull(subject.user_id), NumberOrNull(subject.token_id),
                          NumberOrNull(subject.vps_id), action, Cut(detail, kMostDetail)});
}

std::uint64_t CountOpenBefore(db::Session& session, std::uint64_t vps_id, std::uint64_t id) {
  std::uint64_t open = 0;
  session.Query(kCountOpenBefore, {vps_id, id, Seconds(kLongestIntent)},
                [&](const db::Row& row) { open = row.U64(0); });
  return open;
}

bool IsUnderWay(db::Session& session, std::uint64_t vps_id) {
  bool under_way = false;
  session.Query(kUnderWay, {vps_id, Seconds(kLongestIntent)}, [&](const db::Row&) { under_way = true; });
  return under_way;
}

Others ReadOthers(db::Session& session, std::uint64_t vps_id, std::uint64_t id) {
  Others others;
  session.Query(kOthers, {id, vps_id, Seconds(kLongestUnknown)}, [&](const db::Row& row) {
    others = {row.U64(0), row.U64(1)};
  });
  return others;
}

std::uint64_t LastRecord(db::Session& session, std::uint64_t vps_id) {
  std::uint64_t last = 0;
  session.Query(kLastRecord, {vps_id}, [&](const db::Row& row) { last = row.U64(0); });
  return last;
}

std::uint64_t CountUnsettledStarts(db::Session& session, std::uint64_t vps_id) {
  std::uint64_t unsettled = 0;
  session.Query(kUnsettledStarts, {vps_id, Seconds(kLongestUnknown)},
                [&](const db::Row& row) { unsettled = row.U64(0); });
  return unsettled;
}

Begun ReadBegunSince(db::Session& session, std::uint64_t vps_id, std::uint64_t id) {
  Begun begun;
  session.Query(kBegunSince, {vps_id, id}, [&](const db::Row& row) { begun = {row.U64(0), row.U64(1)}; });
  return begun;
}

}  // namespace cvm::audit
