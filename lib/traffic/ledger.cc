#include "lib/traffic/ledger.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lib/base/text.h"
#include "lib/log/log.h"

namespace cvm::traffic {
namespace {

constexpr std::uint64_t kMostAnomaliesADay = 100;

constexpr db::Sql kClock = "SELECT TO_DAYS(UTC_DATE()), billing_day FROM vpses WHERE id = ?";

#define CVM_PERIOD_COLUMNS \
  "TO_DAYS(begins_on), bytes_in, bytes_out, opening_in, opening_out, credit_in, credit_out"
constexpr db::Sql kPeriod = "SELECT " CVM_PERIOD_COLUMNS " FROM traffic_period WHERE vps_id = ?";
constexpr db::Sql kLockPeriod =
    "SELECT " CVM_PERIOD_COLUMNS " FROM traffic_period WHERE vps_id = ? FOR UPDATE";

constexpr db::Sql kPeriodsOf =
    "SELECT " CVM_PERIOD_COLUMNS
    ", p.vps_id, TO_DAYS(UTC_DATE()), v.billing_day FROM traffic_period p JOIN vpses v ON v.id = p.vps_id "
    "WHERE v.source = ?";

constexpr db::Sql kSums =
    "SELECT CAST(LEAST(COALESCE(SUM(bytes_in), 0), 18446744073709551615) AS UNSIGNED), "
    "CAST(LEAST(COALESCE(SUM(bytes_out), 0), 18446744073709551615) AS UNSIGNED) "
    "FROM traffic_daily WHERE vps_id = ? AND day >= FROM_DAYS(?) AND day < FROM_DAYS(?)";

constexpr db::Sql kNewPeriod =
    "INSERT INTO traffic_period (vps_id, begins_on, bytes_in, bytes_out) VALUES (?, FROM_DAYS(?), ?, ?) "
    "ON DUPLICATE KEY UPDATE vps_id = vps_id";

constexpr db::Sql kWritePeriod =
    "UPDATE traffic_period SET begins_on = FROM_DAYS(?), bytes_in = ?, bytes_out = ?, opening_in = ?, "
    "opening_out = ?, credit_in = ?, credit_out = ? WHERE vps_id = ?";

constexpr db::Sql kWriteBalance =
    "UPDATE traffic_period SET opening_in = ?, opening_out = ?, credit_in = ?, credit_out = ? WHERE vps_id = "
    "?";

constexpr db::Sql kKeepPeriod =
    "INSERT INTO traffic_periods_ended (vps_id, begins_on, ended_on, bytes_in, bytes_out, opening_in, "
    "opening_out, credit_in, credit_out) VALUES (?, FROM_DAYS(?), FROM_DAYS(?), ?, ?, ?, ?, ?, ?) "
    "ON DUPLICATE KEY UPDATE ended_on = VALUES(ended_on), bytes_in = VALUES(bytes_in), "
    "bytes_out = VALUES(bytes_out), opening_in = VALUES(opening_in), opening_out = VALUES(opening_out), "
    "credit_in = VALUES(credit_in), credit_out = VALUES(credit_out)";

constexpr db::Sql kKept =
    "SELECT " CVM_PERIOD_COLUMNS
    " FROM traffic_periods_ended WHERE vps_id = ? AND begins_on >= FROM_DAYS(?) AND begins_on < FROM_DAYS(?)";
constexpr db::Sql kForgetKept =
    "DELETE FROM traffic_periods_ended WHERE vps_id = ? AND begins_on >= FROM_DAYS(?) AND begins_on < "
    "FROM_DAYS(?)";
constexpr db::Sql kReachingInto =
    "SELECT TO_DAYS(begins_on) FROM traffic_periods_ended WHERE vps_id = ? AND begins_on < FROM_DAYS(?) AND "
    "ended_on > FROM_DAYS(?)";
constexpr db::Sql kShorten =
    "UPDATE traffic_periods_ended SET ended_on = FROM_DAYS(?), bytes_in = ?, bytes_out = ? "
    "WHERE vps_id = ? AND begins_on = FROM_DAYS(?)";

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

void Add(Bytes& to, const Bytes& more) {
  to = {base::SaturatingAdd(to.in, more.in), base::SaturatingAdd(to.out, more.out)};
}

std::uint64_t Less(std::uint64_t from, std::uint64_t part) {
  return from > part ? from - part : 0;
}

// Its days are those of the clock, which is read apart.
Period PeriodOf(const db::Row& row) {
  return {0, 1, row.U64(0), {row.U64(1), row.U64(2)}, {row.U64(3), row.U64(4)}, {row.U64(5), row.U64(6)}};
}

std::optional<Period> ReadPeriod(db::Session& session, db::Sql sql, std::uint64_t vps_id) {
  std::optional<Period> period;
  session.Query(sql, {vps_id}, [&](const db::Row& row) { period = PeriodOf(row); });
  return period;
}

// One statement, one moment. Whether there is such a VPS.
bool ReadClock(db::Session& session, std::uint64_t vps_id, Period& period) {
  bool found = false;
  session.Query(kClock, {vps_id}, [&](const db::Row& row) {
    period.today = row.U64(0);
    period.billing_day = row.U64(1);
    found = true;
  });
  return found;
}

// The period of today, from the daily rows alone.
Period Counted(db::Session& session, std::uint64_t vps_id, Period clock) {
  clock.begins_on = PeriodBegin(clock.today, clock.billing_day);
  clock.counted = SumOf(session, vps_id, clock.begins_on, NextPeriodBegin(clock.today, clock.billing_day));
  clock.opening = clock.credit = {};
  return clock;
}

Why WhyNotRunning(const Period& period) {
  if (period.IsRunning()) return Why::kIsRunning;
  if (PeriodBegin(period.begins_on, period.billing_day) != period.begins_on) return Why::kBillingDay;
  return period.begins_on > period.today ? Why::kAhead : Why::kEnded;
}

// Whether the period that should be running takes up the one that stands there, with all before it.
bool Absorbs(const Period& now, const Period& before) {
  return WhyNotRunning(before) == Why::kBillingDay && now.begins_on < before.begins_on;
}

// Behind the last day on which a kept period begins that the one that should be running takes up.
Day TakenUpTo(const Period& now, const Period& before) {
  return Absorbs(now, before) ? before.begins_on : now.begins_on + 1;
}

Period Wanted(db::Session& session, std::uint64_t vps_id, const Period& before) {
  Period now = Counted(session, vps_id, before);
  session.Query(kKept, {vps_id, now.begins_on, TakenUpTo(now, before)}, [&](const db::Row& row) {
    const Period kept = PeriodOf(row);
    Add(now.opening, kept.opening);
    Add(now.credit, kept.credit);
  });
  if (Absorbs(now, before)) {
    Add(now.opening, before.opening);
    Add(now.credit, before.credit);
  }
  return now;
}

bool HasBalance(const Period& period) {
  return (period.opening.in | period.opening.out | period.credit.in | period.credit.out) != 0;
}

// What was counted before the one that follows it; days may be gone from the daily rows, and others may not
// have been added to the total.
Bytes CountedBefore(db::Session& session, std::uint64_t vps_id, const Period& before, const Period& now) {
  const Bytes days = SumOf(session, vps_id, before.begins_on, now.begins_on);
  return {std::max(days.in, Less(before.counted.in, now.counted.in)),
          std::max(days.out, Less(before.counted.out, now.counted.out))};
}

// One that lies ahead is kept for its balance only: its days have not come.
void Keep(db::Session& session, std::uint64_t vps_id, const Period& before, const Period& now) {
  const bool ahead = before.begins_on > now.begins_on;
  if (ahead && !HasBalance(before)) return;
  const Bytes counted = ahead ? before.counted : CountedBefore(session, vps_id, before, now);
  session.Execute(
      kKeepPeriod,
      {vps_id, before.begins_on, NextPeriodBegin(before.begins_on, before.billing_day), counted.in,
       counted.out, before.opening.in, before.opening.out, before.credit.in, before.credit.out});
}

// Kept periods that reach into the days of the one that should be running end where it begins.
void ShortenKept(db::Session& session, std::uint64_t vps_id, const Period& now) {
  std::vector<Day> begins;
  session.Query(kReachingInto, {vps_id, now.begins_on, now.begins_on},
                [&](const db::Row& row) { begins.push_back(row.U64(0)); });
  for (const Day begin : begins) {
    const Bytes days = SumOf(session, vps_id, begin, now.begins_on);
    session.Execute(kShorten, {now.begins_on, days.in, days.out, vps_id, begin});
  }
}

}  // namespace

Bytes SumOf(db::Session& session, std::uint64_t vps_id, Day first, Day end) {
  Bytes sum;
  session.Query(kSums, {vps_id, first, end}, [&](const db::Row& row) { sum = {row.U64(0), row.U64(1)}; });
  return sum;
}

Bytes Period::Used() const {
  return {UsedOf(counted.in, opening.in, credit.in), UsedOf(counted.out, opening.out, credit.out)};
}

Bytes Period::OpeningFor(const Bytes& used) const {
  return {Less(base::SaturatingAdd(used.in, credit.in), counted.in),
          Less(base::SaturatingAdd(used.out, credit.out), counted.out)};
}

bool Period::IsRunning() const {
  return begins_on == PeriodBegin(today, billing_day);
}

bool Move::LeftSomething() const {
  return why == Why::kBillingDay && PeriodBegin(before.today, before.billing_day) > before.begins_on &&
         HasBalance(before);
}

std::optional<Period> LockPeriod(db::Session& session, std::uint64_t vps_id) {
  std::optional<Period> period = ReadPeriod(session, kLockPeriod, vps_id);
  if (!period) {
    Period fresh;
    if (!ReadClock(session, vps_id, fresh)) return std::nullopt;
    fresh = Counted(session, vps_id, fresh);
    session.Execute(kNewPeriod, {vps_id, fresh.begins_on, fresh.counted.in, fresh.counted.out});
    period = ReadPeriod(session, kLockPeriod, vps_id);
  }
  if (!period || !ReadClock(session, vps_id, *period)) return std::nullopt;
  return period;
}

Move MovePeriod(db::Session& session, std::uint64_t vps_id, Period& period) {
  const Move move{WhyNotRunning(period), period};
  if (move.why == Why::kIsRunning) return move;
  const Period& before = move.before;
  period = Wanted(session, vps_id, before);
  session.Execute(kForgetKept, {vps_id, period.begins_on, TakenUpTo(period, before)});
  if (!Absorbs(period, before)) Keep(session, vps_id, before, period);
  if (move.why == Why::kBillingDay) ShortenKept(session, vps_id, period);
  session.Execute(kWritePeriod, {period.begins_on, period.counted.in, period.counted.out, period.opening.in,
                                 period.opening.out, period.credit.in, period.credit.out, vps_id});
  return move;
}

void WriteBalance(db::Session& session, std::uint64_t vps_id, const Period& period) {
  session.Execute(kWriteBalance,
                  {period.opening.in, period.opening.out, period.credit.in, period.credit.out, vps_id});
}

void Tell(std::uint64_t vps_id, const Move& move, const Period& now) {
  switch (move.why) {
    case Why::kIsRunning:
    case Why::kEnded:
      return;
    case Why::kAhead:
      return log::Warning("traffic.period_ahead", {{"vps", vps_id},
                                                   {"began_on", FormatDay(move.before.begins_on)},
                                                   {"begins_on", FormatDay(now.begins_on)},
                                                   {"today", FormatDay(now.today)}});
    case Why::kBillingDay:
      return log::Info("traffic.period_moved", {{"vps", vps_id},
                                                {"began_on", FormatDay(move.before.begins_on)},
                                                {"begins_on", FormatDay(now.begins_on)}});
  }
  std::abort();
}

std::optional<Period> SeePeriod(db::Session& session, std::uint64_t vps_id) {
  std::optional<Period> period = ReadPeriod(session, kPeriod, vps_id);
  Period clock = period.value_or(Period());
  if (!ReadClock(session, vps_id, clock)) return std::nullopt;
  if (!period) return Counted(session, vps_id, clock);
  return clock.IsRunning() ? clock : Wanted(session, vps_id, clock);
}

std::map<std::uint64_t, Period> SeePeriods(db::Session& session, std::string_view source) {
  std::map<std::uint64_t, Period> periods;
  session.Query(kPeriodsOf, {source}, [&](const db::Row& row) {
    Period& period = periods[row.U64(7)] = PeriodOf(row);
    period.today = row.U64(8);
    period.billing_day = row.U64(9);
  });
  for (auto& [id, period] : periods) {
    if (!period.IsRunning()) period = Wanted(session, id, period);
  }
  return periods;
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

void ForgetSamples(db::Session& session, std::uint64_t vps_id) {
  session.Execute("DELETE FROM traffic_samples WHERE vps_id = ?", {vps_id});
}

void ForgetSeenStopped(db::Session& session, std::uint64_t vps_id) {
  session.Execute("DELETE FROM traffic_samples WHERE vps_id = ? AND interface = ? AND boot_id = ?",
                  {vps_id, kSeenStopped, kNoBoot});
}

void AddBytes(db::Session& session, std::uint64_t vps_id, const Period& period, const Bytes& delta) {
  if (delta.in == 0 && delta.out == 0) return;
  session.Execute(kAddToDay, {vps_id, period.today, delta.in, delta.out});
  if (!period.IsRunning()) return;
  session.Execute(kAddToPeriod, {delta.in, delta.out, vps_id});
}

bool AddAnomaly(db::Session& session, std::uint64_t vps_id, std::uint64_t node_id, const Anomaly& anomaly) {
  std::uint64_t recent = 0;
  session.Query(kRecentAnomalies, {vps_id}, [&](const db::Row& row) { recent = row.U64(0); });
  if (recent >= kMostAnomaliesADay) return false;
  session.Execute(kAddAnomaly,
                  {vps_id, node_id, anomaly.interface, std::string_view(AnomalyName(anomaly.kind)),
                   anomaly.before.in, anomaly.before.out, anomaly.after.in, anomaly.after.out});
  return true;
}

}  // namespace cvm::traffic
