#include "lib/traffic/book.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "lib/log/log.h"
#include "lib/traffic/ledger.h"

namespace cvm::traffic {
namespace {

constexpr db::Sql kLiving =
    "SELECT id, ctid FROM vpses WHERE node_id = ? AND living_ctid IS NOT NULL ORDER BY id";

constexpr db::Sql kSamplesOfNode =
    "SELECT s.vps_id, s.interface, s.version FROM traffic_samples s JOIN vpses v ON v.id = s.vps_id "
    "WHERE v.node_id = ? AND v.living_ctid IS NOT NULL ORDER BY s.vps_id, s.interface";

constexpr db::Sql kNotRunning =
    "SELECT v.id FROM vpses v JOIN traffic_period p ON p.vps_id = v.id "
    "WHERE v.node_id = ? AND v.living_ctid IS NOT NULL AND p.begins_on <> " CVM_PERIOD_BEGIN " ORDER BY v.id";

constexpr db::Sql kLockPlace =
    "SELECT id FROM vpses WHERE id = ? AND node_id = ? AND ctid = ? LOCK IN SHARE MODE";

bool SameVersions(const std::vector<Sample>& a, const std::vector<Sample>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Sample& one, const Sample& other) {
    return one.interface == other.interface && one.version == other.version;
  });
}

base::Error NoSuchVps(const Noted& noted) {
  return {base::ErrorCode::kNotFound, "VPS " + std::to_string(noted.vps_id) + " is not there any more"};
}

// The row is locked: a move that is not committed yet forgets samples behind this, or has it run again.
bool IsWhereNoted(db::Session& session, const Noted& noted) {
  const std::string ctid = noted.ctid.text();
  return db::FindId(session, kLockPlace, {noted.vps_id, noted.node_id, ctid}).has_value();
}

// Above all that there are, so that a sample that went and came back is another one.
std::uint64_t NextVersion(const std::vector<Sample>& samples) {
  std::uint64_t most = 0;
  for (const Sample& sample : samples) most = std::max(most, sample.version);
  return most + 1;
}

void WriteSamples(db::Session& session, const Noted& noted, const std::vector<Sample>& old,
                  const node::ContainerReading& reading, const std::vector<Counter>& counters, Gone gone) {
  const std::uint64_t version = NextVersion(old);
  for (const Counter& counter : counters) {
    WriteSample(session, noted.vps_id,
                {counter.interface, noted.node_id, reading.epoch, counter.bytes, version, 0});
  }
  if (counters.empty()) {
    WriteSample(session, noted.vps_id, {kSeenStopped, noted.node_id, reading.epoch, {}, version, 0});
  }
  if (gone == Gone::kKept) return;
  for (const Sample& sample : old) {
    const bool there = std::any_of(counters.begin(), counters.end(), [&](const Counter& counter) {
      return counter.interface == sample.interface;
    });
    if (!there && !(counters.empty() && sample.interface == kSeenStopped)) {
      DeleteSample(session, noted.vps_id, sample);
    }
  }
}

void Tell(const Noted& noted, const std::vector<Anomaly>& anomalies) {
  for (const Anomaly& anomaly : anomalies) {
    log::Warning("traffic.anomaly", {{"vps", noted.vps_id},
                                     {"kind", AnomalyName(anomaly.kind)},
                                     {"interface", anomaly.interface},
                                     {"old_in", anomaly.before.in},
                                     {"old_out", anomaly.before.out},
                                     {"new_in", anomaly.after.in},
                                     {"new_out", anomaly.after.out}});
  }
}

// What was noted of a node's containers, by VPS: the names and versions of samples are enough to compare.
std::map<std::uint64_t, std::vector<Sample>> SamplesOfNode(db::Session& session, std::uint64_t node_id) {
  std::map<std::uint64_t, std::vector<Sample>> samples;
  session.Query(kSamplesOfNode, {node_id}, [&](const db::Row& row) {
    Sample sample;
    sample.interface = row.Text(1);
    sample.version = row.U64(2);
    samples[row.U64(0)].push_back(std::move(sample));
  });
  return samples;
}

base::Status MovePeriodNow(db::Pool& pool, std::uint64_t vps_id, base::Deadline deadline) {
  Move move;
  std::optional<Period> period;
  auto moved = pool.Transact(deadline, [&](db::Session& session) {
    period = LockPeriod(session, vps_id);
    if (period) move = MovePeriod(session, vps_id, *period);
  });
  if (moved && period) Tell(vps_id, move, *period);
  return moved;
}

// Of stopped containers' VPSes too, which no booking comes to.
base::Status MovePeriods(db::Pool& pool, std::uint64_t node_id, base::Deadline deadline) {
  const auto due = pool.Run(deadline, [&](db::Session& session) {
    std::vector<std::uint64_t> ids;
    session.Query(kNotRunning, {node_id}, [&](const db::Row& row) { ids.push_back(row.U64(0)); });
    return ids;
  });
  if (!due) return due.error();
  for (const std::uint64_t id : *due) {
    if (const auto moved = MovePeriodNow(pool, id, deadline); !moved) return moved.error();
  }
  return {};
}

}  // namespace

base::Result<Noted> Note(db::Pool& pool, std::uint64_t vps_id, std::uint64_t node_id, base::Ctid ctid,
                         base::Deadline deadline) {
  return pool.Run(deadline, [&](db::Session& session) {
    return Noted{vps_id, node_id, ctid, ReadSamples(session, vps_id)};
  });
}

base::Result<std::vector<Noted>> NoteNode(db::Pool& pool, std::uint64_t node_id, base::Deadline deadline) {
  if (const auto moved = MovePeriods(pool, node_id, deadline); !moved) return moved.error();
  return pool.Run(deadline, [&](db::Session& session) {
    auto samples = SamplesOfNode(session, node_id);
    std::vector<Noted> all;
    session.Query(kLiving, {node_id}, [&](const db::Row& row) {
      const auto ctid = base::Ctid::Parse(row.Text(1));
      if (ctid) return all.push_back({row.U64(0), node_id, *ctid, std::move(samples[row.U64(0)])});
      log::Error("traffic.bad_ctid", {{"vps", row.U64(0)}, {"ctid", row.Text(1)}});
    });
    return all;
  });
}

base::Result<Booked> Book(db::Pool& pool, const Noted& noted, const node::ContainerReading& reading,
                          Gone gone, const Settings& settings, base::Deadline deadline) {
  const std::vector<Counter> counters = CountersOf(reading);
  std::vector<Anomaly> anomalies;
  Move move;
  std::optional<Period> period;
  auto booked = pool.Transact(deadline, [&](db::Session& session) -> base::Result<Booked> {
    anomalies.clear();
    move = Move();
    period = LockPeriod(session, noted.vps_id);
    if (!period) return NoSuchVps(noted);
    if (!IsWhereNoted(session, noted)) return Booked::kMoved;
    const std::vector<Sample> samples = ReadSamples(session, noted.vps_id);
    if (!SameVersions(samples, noted.samples)) return Booked::kOvertaken;
    const Reckoning reckoning = Reckon(samples, noted.node_id, reading.epoch, counters, settings);
    WriteSamples(session, noted, samples, reading, counters, gone);
    if (gone == Gone::kRemoved) move = MovePeriod(session, noted.vps_id, *period);
    AddBytes(session, noted.vps_id, *period, reckoning.delta);
    for (const Anomaly& one : reckoning.anomalies) {
      if (AddAnomaly(session, noted.vps_id, noted.node_id, one)) anomalies.push_back(one);
    }
    return Booked::kDone;
  });
  if (booked) Tell(noted, anomalies);
  if (booked && period) Tell(noted.vps_id, move, *period);
  return booked;
}

base::Result<Booked> BookStopped(db::Pool& pool, const Noted& noted, base::Deadline deadline) {
  if (!noted.samples.empty()) return Booked::kDone;
  return pool.Transact(deadline, [&](db::Session& session) -> base::Result<Booked> {
    if (!LockPeriod(session, noted.vps_id)) return NoSuchVps(noted);
    if (!IsWhereNoted(session, noted)) return Booked::kMoved;
    if (!ReadSamples(session, noted.vps_id).empty()) return Booked::kOvertaken;
    WriteSample(session, noted.vps_id, {kSeenStopped, noted.node_id, {kNoBoot, 0}, {}, 1, 0});
    return Booked::kDone;
  });
}

}  // namespace cvm::traffic
