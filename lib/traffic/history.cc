#include "lib/traffic/history.h"

#include <algorithm>
#include <utility>

namespace cvm::traffic {
namespace {

constexpr db::Sql kVps =
    "SELECT v.hostname, n.name, v.accounting = 'combined', v.traffic_in_limit, v.traffic_out_limit, "
    "v.traffic_limit, GREATEST(TIMESTAMPDIFF(SECOND, c.last_done_at, UTC_TIMESTAMP(3)), 0), "
    "COALESCE(c.failure, '') "
    "FROM vpses v JOIN nodes n ON n.id = v.node_id LEFT JOIN traffic_collections c ON c.node_id = n.id "
    "WHERE v.id = ?";

constexpr db::Sql kDays =
    "SELECT TO_DAYS(day), bytes_in, bytes_out FROM traffic_daily WHERE vps_id = ? AND day >= FROM_DAYS(?) "
    "ORDER BY day";

constexpr db::Sql kAnomalies =
    "SELECT CAST(noticed_at AS CHAR), kind, interface, old_in, old_out, new_in, new_out "
    "FROM traffic_anomalies WHERE vps_id = ? AND noticed_at >= FROM_DAYS(?) ORDER BY noticed_at DESC, id "
    "DESC "
    "LIMIT 100";

constexpr db::Sql kOwner = "SELECT user_id, accounting = 'combined' FROM vpses WHERE id = ?";

base::Error NoSuchVps(std::uint64_t id) {
  return {base::ErrorCode::kNotFound,
          "no VPS has the ID '" + std::to_string(id) + "': see 'cvmctl vps list'"};
}

void ReadVps(db::Session& session, std::uint64_t vps_id, History& history) {
  session.Query(kVps, {vps_id}, [&](const db::Row& row) {
    history.hostname = row.Text(0);
    history.node = row.Text(1);
    history.combined = row.U64(2) != 0;
    history.limits = {row.U64(3), row.U64(4)};
    history.limit = row.U64(5);
    history.age = row.MaybeU64(6);
    history.failure = row.Text(7);
  });
}

void ReadDays(db::Session& session, std::uint64_t vps_id, std::uint64_t days, History& history) {
  const Day today = history.period.today;
  const Day first = today - std::min(days, today) + 1;
  for (Day day = first; day <= today; ++day) history.days.push_back({day, {}});
  session.Query(kDays, {vps_id, first}, [&](const db::Row& row) {
    const Day day = row.U64(0);
    if (day <= today) history.days[day - first].bytes = {row.U64(1), row.U64(2)};
  });
  session.Query(kAnomalies, {vps_id, first}, [&](const db::Row& row) {
    history.anomalies.push_back(
        {row.Text(0), row.Text(1), row.Text(2), {row.U64(3), row.U64(4)}, {row.U64(5), row.U64(6)}});
  });
}

struct Owner {
  std::uint64_t user_id;
  bool combined;
};

// How much of a correction falls to each direction.
base::Result<Bytes> SharesOf(const Correction& correction, const Bytes& used, bool combined) {
  switch (correction.direction) {
    case Direction::kIn:
      return Bytes{correction.bytes, 0};
    case Direction::kOut:
      return Bytes{0, correction.bytes};
    case Direction::kEither:
      break;
  }
  if (!combined) {
    return base::Error{base::ErrorCode::kInvalid, "this VPS's traffic is accounted split: say --in or --out"};
  }
  if (!correction.taken_away) return Bytes{correction.bytes, 0};
  const std::uint64_t in = std::min(correction.bytes, used.in);
  return Bytes{in, correction.bytes - in};
}

base::Error TooMuch(const Bytes& used) {
  return {base::ErrorCode::kConflict,
          "more would be taken away than is used in this period: " + std::to_string(used.in) + " bytes in, " +
              std::to_string(used.out) + " bytes out"};
}

// What is added becomes part of the opening balance, what is taken away a credit.
base::Status Apply(const Correction& correction, const Bytes& share, Period& period) {
  const Bytes used = period.Used();
  if (correction.taken_away) {
    if (share.in > used.in || share.out > used.out) return TooMuch(used);
    period.credit.in += share.in;
    period.credit.out += share.out;
    return {};
  }
  if (share.in > UINT64_MAX - used.in || share.out > UINT64_MAX - used.out) {
    return base::Error{base::ErrorCode::kInvalid, "there is no room for so many bytes"};
  }
  period.opening.in += share.in;
  period.opening.out += share.out;
  return {};
}

std::string DetailOf(const Correction& correction, const Bytes& share) {
  const std::string sign = correction.taken_away ? "-" : "+";
  return sign + std::to_string(share.in) + " bytes in, " + sign + std::to_string(share.out) +
         " bytes out: " + correction.why;
}

}  // namespace

base::Result<History> ReadHistory(db::Pool& pool, std::uint64_t vps_id, std::uint64_t days,
                                  base::Deadline deadline) {
  return pool.Run(deadline, [&](db::Session& session) -> base::Result<History> {
    History history;
    const auto period = SeePeriod(session, vps_id);
    if (!period) return NoSuchVps(vps_id);
    history.period = *period;
    ReadVps(session, vps_id, history);
    ReadDays(session, vps_id, days, history);
    return history;
  });
}

base::Result<Bytes> Correct(db::Pool& pool, std::uint64_t vps_id, const Correction& correction,
                            const audit::Actor& actor, base::Deadline deadline) {
  Move move;
  std::optional<Period> period;
  auto used = pool.Transact(deadline, [&](db::Session& session) -> base::Result<Bytes> {
    std::optional<Owner> owner;
    session.Query(kOwner, {vps_id}, [&](const db::Row& row) { owner = {row.U64(0), row.U64(1) != 0}; });
    period = LockPeriod(session, vps_id);
    if (!owner || !period) return NoSuchVps(vps_id);
    move = MovePeriod(session, vps_id, *period);
    const auto share = SharesOf(correction, period->Used(), owner->combined);
    if (!share) return share.error();
    if (const auto applied = Apply(correction, *share, *period); !applied) return applied.error();
    WriteBalance(session, vps_id, *period);
    audit::Note(session, actor, "traffic-adjust", {owner->user_id, 0, vps_id}, DetailOf(correction, *share));
    return period->Used();
  });
  if (used) Tell(vps_id, move, *period);
  return used;
}

}  // namespace cvm::traffic
