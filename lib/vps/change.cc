// Admin::Set: what is changed of a VPS.
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/vps/admin.h"
#include "lib/vps/place.h"
#include "lib/vps/row.h"

namespace cvm::vps {
namespace {

using base::Error;
using base::ErrorCode;

struct Column {
  const char* name;
  db::Sql write;
};

// In the order of kNow and of WantedOf.
constexpr Column kColumns[] = {
    {"hostname", "UPDATE vpses SET hostname = ? WHERE id = ?"},
    {"ram", "UPDATE vpses SET guaranteed_ram = ? WHERE id = ?"},
    {"burst", "UPDATE vpses SET burstable_ram = NULLIF(?, '0') WHERE id = ?"},
    {"disk", "UPDATE vpses SET disk_space = ? WHERE id = ?"},
    {"cpus", "UPDATE vpses SET cpu_count = ? WHERE id = ?"},
    {"accounting", "UPDATE vpses SET accounting = ? WHERE id = ?"},
    {"traffic_in_limit", "UPDATE vpses SET traffic_in_limit = ? WHERE id = ?"},
    {"traffic_out_limit", "UPDATE vpses SET traffic_out_limit = ? WHERE id = ?"},
    {"traffic_limit", "UPDATE vpses SET traffic_limit = ? WHERE id = ?"},
    {"billing_day", "UPDATE vpses SET billing_day = ? WHERE id = ?"},
};
constexpr unsigned kColumnCount = static_cast<unsigned>(std::size(kColumns));

constexpr db::Sql kNow =
    "SELECT v.hostname, CAST(v.guaranteed_ram AS CHAR), CAST(COALESCE(v.burstable_ram, 0) AS CHAR), "
    "CAST(v.disk_space AS CHAR), CAST(v.cpu_count AS CHAR), v.accounting, CAST(v.traffic_in_limit AS CHAR), "
    "CAST(v.traffic_out_limit AS CHAR), CAST(v.traffic_limit AS CHAR), CAST(v.billing_day AS CHAR), "
    "n.name, v.ctid, v.state, v.stop_pending, v.user_id "
    "FROM vpses v JOIN nodes n ON n.id = v.node_id WHERE v.id = ?";

struct Now {
  std::vector<std::string> values;  // of kColumns
  std::string node, ctid;
  State state = State::kActive;
  bool stop_pending = false;
  std::uint64_t user_id = 0;
};

using Wanted = std::vector<std::optional<std::string>>;

std::optional<std::string> TextOf(const std::optional<std::uint64_t>& number) {
  return number ? std::optional(std::to_string(*number)) : std::nullopt;
}

Wanted WantedOf(const Changes& changes) {
  Wanted wanted = {changes.hostname, TextOf(changes.guaranteed_ram), TextOf(changes.burstable_ram),
                   TextOf(changes.disk_space), TextOf(changes.cpu_count)};
  if (const auto& traffic = changes.traffic) {
    wanted.insert(wanted.end(), {AccountingName(traffic->accounting), TextOf(traffic->in_limit),
                                 TextOf(traffic->out_limit), TextOf(traffic->limit)});
  } else {
    wanted.resize(wanted.size() + 4);
  }
  wanted.push_back(TextOf(changes.billing_day));
  return wanted;
}

// The row is locked until the end of the transaction.
std::optional<Now> LockNow(db::Session& session, std::uint64_t id) {
  std::optional<Now> now;
  if (!db::FindId(session, "SELECT id FROM vpses WHERE id = ? FOR UPDATE", {id})) return now;
  session.Query(kNow, {id}, [&](const db::Row& row) {
    now.emplace();
    for (unsigned i = 0; i < kColumnCount; ++i) now->values.push_back(row.Text(i));
    now->node = row.Text(kColumnCount);
    now->ctid = row.Text(kColumnCount + 1);
    now->state = ReadState(row, kColumnCount + 2);
    now->stop_pending = row.U64(kColumnCount + 3) != 0;
    now->user_id = row.U64(kColumnCount + 4);
  });
  return now;
}

void WriteColumns(db::Session& session, std::uint64_t id, const Now& now, const Wanted& wanted,
                  std::vector<Change>& changes) {
  for (unsigned i = 0; i < kColumnCount; ++i) {
    if (!wanted[i] || *wanted[i] == now.values[i]) continue;
    session.Execute(kColumns[i].write, {*wanted[i], id});
    changes.push_back({kColumns[i].name, now.values[i], *wanted[i]});
  }
}

// What is under way, or due, is so on the node where the container is.
base::Status CheckAtRest(db::Session& session, std::uint64_t id, const Now& now) {
  if (now.stop_pending) {
    return Error{ErrorCode::kConflict,
                 "a stop of its container is pending on node '" + now.node + "': suspend it again first"};
  }
  if (!audit::IsUnderWay(session, id) && audit::CountUnsettledStarts(session, id) == 0) return {};
  return Error{ErrorCode::kConflict, "an action on it is under way on node '" + now.node +
                                         "', or may still come to pass there: try again in ten minutes"};
}

// The counters' samples stay where the VPS moves to another node: its new life there counts from the first
// byte. Not so that it was looked for in vain: then nothing is known of the container there. Nor is anything
// of another CTID on the same node, which is another container.
base::Status WritePlace(db::Session& session, const audit::Actor& actor, std::uint64_t id, const Now& now,
                        const Changes& changes, std::vector<Change>& done) {
  const std::string node = changes.node.value_or(now.node);
  const auto ctid = changes.ctid ? changes.ctid : base::Ctid::Parse(now.ctid);
  if (!ctid) return Error{ErrorCode::kInvalid, "its CTID '" + now.ctid + "' is no number: give one"};
  if (node == now.node && ctid->text() == now.ctid) return {};
  if (auto at_rest = CheckAtRest(session, id, now); !at_rest) return at_rest;
  const auto node_id = TakePlace(session, actor, node, *ctid, id);
  if (!node_id) return node_id.error();
  const std::string text = ctid->text();
  session.Execute("UPDATE vpses SET node_id = ?, ctid = ? WHERE id = ?", {*node_id, text, id});
  node == now.node ? traffic::ForgetSamples(session, id) : traffic::ForgetSeenStopped(session, id);
  done.push_back({"container", now.ctid + " on " + now.node, text + " on " + node});
  return {};
}

// Locks in the order of a booking: the period, then the VPS.
base::Result<SetReport> Write(db::Session& session, const audit::Actor& actor, std::uint64_t id,
                              const Changes& changes) {
  SetReport report;
  const auto locked = traffic::LockPeriod(session, id);
  const auto now = locked ? LockNow(session, id) : std::nullopt;
  if (!now) {
    return Error{ErrorCode::kNotFound,
                 "no VPS has the ID '" + std::to_string(id) + "': see 'cvmctl vps list'"};
  }
  if (now->state == State::kTerminated) {
    return Error{ErrorCode::kConflict, "VPS " + std::to_string(id) + " is terminated"};
  }
  WriteColumns(session, id, *now, WantedOf(changes), report.changes);
  if (changes.node || changes.ctid) {
    const auto moved = WritePlace(session, actor, id, *now, changes, report.changes);
    if (!moved) return moved.error();
  }
  for (const Change& one : report.changes) {
    audit::Note(session, actor, "vps-set", {now->user_id, 0, id},
                one.what + ": " + one.before + " → " + one.after);
  }
  report.period = *traffic::LockPeriod(session, id);
  report.move = traffic::MovePeriod(session, id, report.period);
  return report;
}

}  // namespace

base::Result<SetReport> Admin::Set(std::uint64_t id, const Changes& changes, base::Deadline deadline) {
  auto report = pool_.Transact(
      deadline, [&](db::Session& session) { return Write(session, settings_.actor, id, changes); });
  if (report) traffic::Tell(id, report->move, report->period);
  return report;
}

}  // namespace cvm::vps
