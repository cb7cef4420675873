#include "lib/traffic/ledger.h"

#include <string_view>

#include "lib/base/text.h"
#include "lib/log/log.h"

namespace cvm::traffic {
namespace {

constexpr std::uint64_t kMostAnomaliesADay = 100;

// Columns of `vpses`; no lock.
constexpr db::Sql kBillingDay = "SELECT billing_day, TO_DAYS(UTC_DATE()) FROM vpses WHERE id = ?";

constexpr db::Sql kPeriod =
    "SELECT TO_DAYS(begins_on), bytes_in, bytes_out, opening_in, opening_out, credit_in, credit_out "
    "FROM traffic_period WHERE vps_id = ? FOR UPDATE";

constexpr db::Sql kSums =
    "SELECT CAST(LEAST(COALESCE(SUM(bytes_in), 0), 18446744073709551615) AS UNSIGNED), "
    "CAST(LEAST(COALESCE(SUM(bytes_out), 0), 18446744073709551615) AS UNSIGNED) "
    "FROM traffic_daily WHERE vps_id = ? AND day >= FROM_DAYS(?)";

constexpr db::Sql kNewPeriod =
    "INSERT INTO traffic_period (vps_id, begins_on, bytes_in, bytes_out) VALUES (?, FROM_DAYS(?), ?, ?) "
    "ON DUPLICATE KEY UPDATE vps_id = vps_id";

constexpr db::Sql kKeepPeriod =
    "INSERT IGNORE INTO traffic_periods_ended (vps_id, begins_on, ended_on, bytes_in, bytes_out, opening_in, "
    "opening_out, credit_in, credit_out) VALUES (?, FROM_DAYS(?), FROM_DAYS(?), ?, ?, ?, ?, ?, ?)";

constexpr db::Sql kTurnPeriod =
    "UPDATE traffic_period SET begins_on = FROM_DAYS(?), bytes_in = ?, bytes_out = ?, opening_in = 0, "
    "opening_out = 0, credit_in = 0, credit_out = 0 WHERE vps_id = ?";

constexpr db::Sql kSamples =
    "SELECT interface, node_id, boot_id, init_start, bytes_in, bytes_out, version, "
    "GREATEST(TIMESTAMPDIFF(MICROSECOND, read_at, UTC_TIMESTAMP(3)), 0) DIV 1000 "
    "FROM traffic_samples WHERE vps_id = ? ORDER BY interface";

constexpr db::Sql kWriteSample =
    "INSERT INTO traffic_samples (vps_id, interface, node_id, boot_id, init_start, bytes_in, bytes_out, "
    "version, read_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE "
    "node_id = VALUES(node_id), boot_id = VALUES(boot_id), init_start = VALUES(init_start), "
    "bytes_in = VALUES(bytes_in), bytes_out = VALUES(bytes_out), version = VALUES(version), "
    "read_at = VALUES(read_at)";

// Sums that stop at the column's end.
constexpr db::Sql kAddToDay =
    "INSERT INTO traffic_daily (vps_id, day, bytes_in, bytes_out) VALUES (?, FROM_DAYS(?), ?, ?) "
    "ON DUPLICATE KEY UPDATE "
    "bytes_in = bytes_in + LEAST(18446744073709551615 - bytes_in, VALUES(bytes_in)), "
    "bytes_out = bytes_out + LEAST(18446744073709551615 - bytes_out, VALUES(bytes_out))";
constexpr db::Sql kAddToPeriod =
    "UPDATE traffic_period SET bytes_in = bytes_in + LEAST(18446744073709551615 - bytes_in, ?), "
    "bytes_out = bytes_out + LEAST(18446744073709551615 - bytes_out, ?) WHERE vps_id = ?";

constexpr db::Sql kRecentAnomalies =
    "SELECT COUNT(*) FROM traffic_anomalies WHERE vps_id = ? AND noticed_at > UTC_TIMESTAMP(3) - INTERVAL 1 "
    "DAY";
constexpr db::Sql kAddAnomaly =
    "INSERT INTO traffic_anomalies (vps_id, node_id, interface, noticed_at, kind, old_in, old_out, new_in, "
    "new_out) VALUES (?, ?, ?, UTC_TIMESTAMP(3), ?, ?, ?, ?, ?)";

std::uint64_t UsedOf(std::uint64_t counted, std::uint64_t opening, std::uint64_t credit) {
  const std::uint64_t all = base::SaturatingAdd(counted, opening);
  return all > credit ? all - credit : 0;
}

Bytes SumSince(db::Session& session, std::uint64_t vps_id, Day first) {
  Bytes sum;
  session.Query(kSums, {vps_id, first}, [&](const db::Row& row) { sum = {row.U64(0), row.U64(1)}; });
  return sum;
}

std::optional<Period> ReadPeriod(db::Session& session, std::uint64_t vps_id) {
  std::optional<Period> period;
  session.Query(kPeriod, {vps_id}, [&](const db::Row& row) {
    period =
        Period{0, row.U64(0), {row.U64(1), row.U64(2)}, {row.U64(3), row.U64(4)}, {row.U64(5), row.U64(6)}};
  });
  return period;
}

void Turn(db::Session& session, std::uint64_t vps_id, Day begin, std::uint64_t billing_day, Period& period) {
  session.Execute(kKeepPeriod, {vps_id, period.begins_on, NextPeriodBegin(period.begins_on, billing_day),
                                period.counted.in, period.counted.out, period.opening.in, period.opening.out,
                                period.credit.in, period.credit.out});
  const Bytes sum = SumSince(session, vps_id, begin);
  session.Execute(kTurnPeriod, {begin, sum.in, sum.out, vps_id});
  period = Period{0, begin, sum, {}, {}};
}

}  // namespace

Bytes Period::Used() const {
  return {UsedOf(counted.in, opening.in, credit.in), UsedOf(counted.out, opening.out, credit.out)};
}

std::optional<Period> LockPeriod(db::Session& session, std::uint64_t vps_id) {
  std::optional<std::uint64_t> billing_day;
  Day today = 0;
  session.Query(kBillingDay, {vps_id}, [&](const db::Row& row) {
    billing_day = row.U64(0);
    today = row.U64(1);
  });
  if (!billing_day) return std::nullopt;
  const Day begin = PeriodBegin(today, *billing_day);
  std::optional<Period> period = ReadPeriod(session, vps_id);
  if (!period) {
    const Bytes sum = SumSince(session, vps_id, begin);
    session.Execute(kNewPeriod, {vps_id, begin, sum.in, sum.out});
    period = ReadPeriod(session, vps_id);
  }
  if (period && period->begins_on < begin) Turn(session, vps_id, begin, *billing_day, *period);
  if (period) period->today = today;
  return period;
}

std::vector<Sample> ReadSamples(db::Session& session, std::uint64_t vps_id) {
  std::vector<Sample> samples;
  session.Query(kSamples, {vps_id}, [&](const db::Row& row) {
    samples.push_back({row.Text(0),
                       row.U64(1),
                       {row.Text(2), row.U64(3)},
                       {row.U64(4), row.U64(5)},
                       row.U64(6),
                       row.U64(7)});
  });
  return samples;
}

void WriteSample(db::Session& session, std::uint64_t vps_id, const Sample& sample) {
  session.Execute(kWriteSample, {vps_id, sample.interface, sample.node_id, sample.epoch.boot_id,
                                 sample.epoch.init_start, sample.bytes.in, sample.bytes.out, sample.version});
}

void DeleteSample(db::Session& session, std::uint64_t vps_id, const Sample& sample) {
  session.Execute("DELETE FROM traffic_samples WHERE vps_id = ? AND interface = ?",
                  {vps_id, sample.interface});
}

void AddBytes(db::Session& session, std::uint64_t vps_id, Day today, const Bytes& delta) {
  if (delta.in == 0 && delta.out == 0) return;
  session.Execute(kAddToDay, {vps_id, today, delta.in, delta.out});
  session.Execute(kAddToPeriod, {delta.in, delta.out, vps_id});
}

void AddAnomaly(db::Session& session, std::uint64_t vps_id, std::uint64_t node_id, const Anomaly& anomaly) {
  std::uint64_t recent = 0;
  session.Query(kRecentAnomalies, {vps_id}, [&](const db::Row& row) { recent = row.U64(0); });
  if (recent >= kMostAnomaliesADay) return;
  session.Execute(kAddAnomaly,
                  {vps_id, node_id, anomaly.interface, std::string_view(AnomalyName(anomaly.kind)),
                   anomaly.before.in, anomaly.before.out, anomaly.after.in, anomaly.after.out});
}

}  // namespace cvm::traffic
