#include "lib/vps/retention.h"

#include <optional>
#include <vector>

namespace cvm::vps {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::uint64_t kBatch = 500;     // rows that one transaction removes
constexpr std::uint64_t kFewThings = 20;  // VPSes, each with all that hangs on it

// While an import goes on its rows must not go: the next sync would bring them back, in force.
#define CVM_NOT_IN_SYNC \
  "(source IS NULL OR source NOT IN (SELECT i.source FROM imports i WHERE i.ended_at IS NULL))"

// Dates begin in the year 1000, so a cutoff further back finds nothing, as it should.
#define CVM_OLD_TOKENS                                                                                      \
  " FROM api_tokens WHERE ((revoked_at IS NOT NULL AND revoked_at < UTC_TIMESTAMP(3) - INTERVAL ? DAY) OR " \
  "(expires_at IS NOT NULL AND expires_at < UTC_TIMESTAMP(3) - INTERVAL ? DAY)) AND " CVM_NOT_IN_SYNC
constexpr db::Sql kOldTokens = "SELECT id, user_id, public_token" CVM_OLD_TOKENS " ORDER BY id LIMIT ?";
constexpr db::Sql kDeleteDeadToken =
    "DELETE FROM api_tokens WHERE id = ? AND (revoked_at IS NOT NULL OR expires_at <= UTC_TIMESTAMP(3))";
constexpr db::Sql kCountOldTokens = "SELECT COUNT(*)" CVM_OLD_TOKENS;

constexpr db::Sql kOldVpses =
    "SELECT id FROM vpses WHERE state = 'terminated' AND stop_pending = 0 AND terminated_at < "
    "UTC_TIMESTAMP(3) - INTERVAL ? DAY ORDER BY id LIMIT ?";
constexpr db::Sql kCountOldVpses =
    "SELECT COUNT(*) FROM vpses WHERE state = 'terminated' AND stop_pending = 0 AND terminated_at < "
    "UTC_TIMESTAMP(3) - INTERVAL ? DAY";

// A VPS at a time, by the table's key: the day alone has no index.
constexpr db::Sql kNextVpses = "SELECT id FROM vpses WHERE id > ? ORDER BY id LIMIT ?";
constexpr db::Sql kDeleteDaily =
    "DELETE FROM traffic_daily WHERE vps_id = ? AND day < UTC_DATE() - INTERVAL ? DAY";
constexpr db::Sql kCountDaily = "SELECT COUNT(*) FROM traffic_daily WHERE day < UTC_DATE() - INTERVAL ? DAY";

constexpr db::Sql kDeleteRecords =
    "DELETE FROM action_log WHERE begun_at < UTC_TIMESTAMP(3) - INTERVAL ? DAY AND ended_at IS NOT NULL "
    "ORDER BY begun_at LIMIT ?";
constexpr db::Sql kCountRecords =
    "SELECT COUNT(*) FROM action_log WHERE begun_at < UTC_TIMESTAMP(3) - INTERVAL ? DAY AND ended_at IS NOT "
    "NULL";

std::uint64_t Count(db::Session& session, db::Sql sql, const std::vector<db::Param>& params) {
  std::uint64_t count = 0;
  session.Query(sql, params, [&](const db::Row& row) { count = row.U64(0); });
  return count;
}

std::vector<std::uint64_t> Ids(db::Session& session, db::Sql sql, const std::vector<db::Param>& params) {
  std::vector<std::uint64_t> ids;
  session.Query(sql, params, [&](const db::Row& row) { ids.push_back(row.U64(0)); });
  return ids;
}

// A VPS whose row is locked until the end of the transaction.
struct Gone {
  std::uint64_t user_id;
  bool terminated, stop_pending;
  std::string what;
};

std::optional<Gone> Lock(db::Session& session, std::uint64_t id) {
  std::optional<Gone> gone;
  session.Query(
      "SELECT user_id, state = 'terminated', stop_pending, hostname, ctid, node_id FROM vpses WHERE id = ? "
      "FOR "
      "UPDATE",
      {id}, [&](const db::Row& row) {
        gone = Gone{row.U64(0), row.U64(1) != 0, row.U64(2) != 0,
                    row.Text(3) + ", container " + row.Text(4) + " on node " + row.Text(5)};
      });
  return gone;
}

// What hangs on the row goes with it.
base::Status Remove(db::Session& session, const audit::Actor& actor, std::uint64_t id) {
  const auto gone = Lock(session, id);
  const std::string name = "VPS " + std::to_string(id);
  if (!gone) return Error{ErrorCode::kNotFound, "no VPS has the ID '" + std::to_string(id) + "'"};
  if (!gone->terminated) {
    return Error{ErrorCode::kConflict, name + " is not terminated: see 'cvmctl vps terminate'"};
  }
  if (gone->stop_pending) {
    return Error{ErrorCode::kConflict,
                 name +
                     " is not known to be stopped: repeat 'cvmctl vps terminate', or, where its node will "
                     "never answer again, take that out of service by 'cvmctl node remove'"};
  }
  session.Execute("DELETE FROM vpses WHERE id = ?", {id});
  audit::Note(session, actor, "vps-purge", {gone->user_id, 0, id}, gone->what);
  return {};
}

struct UserRow {
  std::uint64_t id;
  bool disabled, in_sync;
};

std::optional<UserRow> LockUser(db::Session& session, const std::string& name) {
  std::optional<UserRow> user;
  session.Query("SELECT id, disabled, NOT " CVM_NOT_IN_SYNC " FROM users WHERE name = ? FOR UPDATE", {name},
                [&](const db::Row& row) {
                  user = {row.U64(0), row.U64(1) != 0, row.U64(2) != 0};
                });
  return user;
}

base::Status RemoveVpsesOf(db::Session& session, const audit::Actor& actor, std::uint64_t user_id) {
  const auto ids = Ids(session, "SELECT id FROM vpses WHERE user_id = ? ORDER BY id", {user_id});
  for (const std::uint64_t id : ids) {
    if (auto removed = Remove(session, actor, id); !removed) return removed;
  }
  return {};
}

// What one transaction looked at and what it removed: of the things that it found somebody else may have
// removed some.
struct Batch {
  std::uint64_t seen = 0;
  std::uint64_t removed = 0;
  std::uint64_t last = 0;  // where the next one goes on, where that matters
};

// Calls `batch` in a transaction each, with what the one before gave as `last`, until one sees less than
// `most` things or time is over; gives the sum of what was removed. A transaction may be tried again, so
// `batch` keeps nothing.
template <class Work>
base::Result<std::uint64_t> InBatches(db::Pool& pool, std::uint64_t most, base::Deadline deadline,
                                      Work batch) {
  std::uint64_t total = 0, last = 0;
  for (;;) {
    if (deadline.Passed()) return total;
    const base::Result<Batch> done = pool.Transact(
        deadline, [&](db::Session& session) -> base::Result<Batch> { return batch(session, last); });
    if (!done) return done.error();
    total += done->removed;
    last = done->last;
    if (done->seen < most) return total;
  }
}

base::Result<std::uint64_t> DeleteRecords(db::Pool& pool, std::uint64_t days, base::Deadline deadline) {
  if (days == 0) return std::uint64_t{0};
  return InBatches(pool, kBatch, deadline, [&](db::Session& session, std::uint64_t) {
    const std::uint64_t removed = session.Execute(kDeleteRecords, {days, kBatch});
    return Batch{removed, removed};
  });
}

base::Result<std::uint64_t> DeleteDaily(db::Pool& pool, std::uint64_t days, base::Deadline deadline) {
  if (days == 0) return std::uint64_t{0};
  return InBatches(pool, kBatch, deadline, [&](db::Session& session, std::uint64_t last) {
    const auto ids = Ids(session, kNextVpses, {last, kBatch});
    Batch batch{ids.size(), 0, ids.empty() ? last : ids.back()};
    for (const std::uint64_t id : ids) batch.removed += session.Execute(kDeleteDaily, {id, days});
    return batch;
  });
}

}  // namespace

base::Status Purger::PurgeVps(std::uint64_t id, base::Deadline deadline) {
  return pool_.Transact(deadline, [&](db::Session& session) { return Remove(session, actor_, id); });
}

base::Status Purger::PurgeUser(const std::string& name, base::Deadline deadline) {
  return pool_.Transact(deadline, [&](db::Session& session) -> base::Status {
    const auto user = LockUser(session, name);
    if (!user) return Error{ErrorCode::kNotFound, "no user is named '" + name + "': see 'cvmctl user list'"};
    if (!user->disabled) {
      return Error{ErrorCode::kConflict, "user '" + name + "' is not disabled: see 'cvmctl user disable'"};
    }
    if (user->in_sync) {
      return Error{ErrorCode::kConflict, "user '" + name +
                                             "' comes from a panel whose import goes on, and would come back "
                                             "with its pairs: end it first (see 'cvmctl import')"};
    }
    if (auto removed = RemoveVpsesOf(session, actor_, user->id); !removed) return removed;
    session.Execute("DELETE FROM api_tokens WHERE user_id = ?", {user->id});
    session.Execute("DELETE FROM users WHERE id = ?", {user->id});
    audit::Note(session, actor_, "user-purge", {user->id, 0, 0}, name);
    return {};
  });
}

base::Result<std::uint64_t> Purger::PurgeOldTokens(std::uint64_t days, base::Deadline deadline) {
  if (days == 0) return std::uint64_t{0};
  return InBatches(pool_, kBatch, deadline, [&](db::Session& session, std::uint64_t) {
    struct Dead {
      std::uint64_t id, user_id;
      std::string public_token;
    };
    std::vector<Dead> dead;
    session.Query(kOldTokens, {days, days, kBatch}, [&](const db::Row& row) {
      dead.push_back({row.U64(0), row.U64(1), row.Text(2)});
    });
    Batch batch{dead.size()};
    for (const Dead& token : dead) {
      if (session.Execute(kDeleteDeadToken, {token.id}) == 0) continue;
      ++batch.removed;
      audit::Note(session, actor_, "token-purge", {token.user_id, token.id, 0}, token.public_token);
    }
    return batch;
  });
}

base::Result<std::uint64_t> Purger::PurgeOldVpses(std::uint64_t days, base::Deadline deadline) {
  if (days == 0) return std::uint64_t{0};
  return InBatches(pool_, kFewThings, deadline,
                   [&](db::Session& session, std::uint64_t) -> base::Result<Batch> {
                     const auto ids = Ids(session, kOldVpses, {days, kFewThings});
                     Batch batch{ids.size()};
                     for (const std::uint64_t id : ids) {
                       const auto removed = Remove(session, actor_, id);
                       // Somebody else may have removed it since it was looked up.
                       if (!removed && removed.error().code != ErrorCode::kNotFound) return removed.error();
                       if (removed) ++batch.removed;
                     }
                     return batch;
                   });
}

base::Status Purger::NoteTidied(const Tidied& tidied, base::Deadline deadline) {
  if (tidied.traffic_daily + tidied.action_log == 0) return {};
  const std::string detail = std::to_string(tidied.traffic_daily) + " days of traffic, " +
                             std::to_string(tidied.action_log) + " records";
  return pool_.Transact(deadline,
                        [&](db::Session& session) { audit::Note(session, actor_, "tidy", {}, detail); });
}

base::Result<Tidied> Purger::Tidy(const Retention& retention, base::Deadline deadline) {
  const auto dated = pool_.Transact(deadline, [](db::Session& session) {
    session.Execute(
        "UPDATE vpses SET terminated_at = UTC_TIMESTAMP(3) WHERE state = 'terminated' AND terminated_at IS "
        "NULL",
        {});
  });
  if (!dated) return dated.error();
  const auto tokens = PurgeOldTokens(retention.dead_token_days, deadline);
  if (!tokens) return tokens.error();
  const auto vpses = PurgeOldVpses(retention.terminated_vps_days, deadline);
  if (!vpses) return vpses.error();
  const auto daily = DeleteDaily(pool_, retention.traffic_daily_days, deadline);
  if (!daily) return daily.error();
  const auto records = DeleteRecords(pool_, retention.action_log_days, deadline);
  if (!records) return records.error();
  const Tidied tidied{*tokens, *vpses, *daily, *records};
  if (const auto noted = NoteTidied(tidied, deadline); !noted) return noted.error();
  return tidied;
}

base::Result<Tidied> Purger::CountOld(const Retention& retention, base::Deadline deadline) {
  return pool_.Run(deadline, [&](db::Session& session) {
    Tidied old;
    const std::uint64_t token_days = retention.dead_token_days;
    if (token_days > 0) old.tokens = Count(session, kCountOldTokens, {token_days, token_days});
    if (retention.terminated_vps_days > 0) {
      old.vpses = Count(session, kCountOldVpses, {retention.terminated_vps_days});
    }
    if (retention.traffic_daily_days > 0) {
      old.traffic_daily = Count(session, kCountDaily, {retention.traffic_daily_days});
    }
    if (retention.action_log_days > 0) {
      old.action_log = Count(session, kCountRecords, {retention.action_log_days});
    }
    return old;
  });
}

}  // namespace cvm::vps
