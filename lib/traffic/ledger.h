// The rows that traffic is booked in. The functions run in the caller's transaction, and whoever books for a
// VPS holds the lock of its row in traffic_period, so that bookings of one VPS come one after the other.
#ifndef CVM_LIB_TRAFFIC_LEDGER_H_
#define CVM_LIB_TRAFFIC_LEDGER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/db/db.h"
#include "lib/traffic/count.h"
#include "lib/traffic/period.h"

namespace cvm::traffic {

// A billing period of a VPS. A day and the billing day come from one reading of the database's clock.
struct Period {
  Day today = 0;
  std::uint64_t billing_day = 1;
  Day begins_on = 0;
  Bytes counted;  // since begins_on: the sum of its daily rows
  Bytes opening;  // used before we counted, or added by a correction
  Bytes credit;   // taken away by corrections

  Bytes Used() const;
  // The opening balance with which that comes to `used`, or as near to it as what was counted lets it.
  Bytes OpeningFor(const Bytes& used) const;
  // Whether it begins on the day on which the period of `today` does.
  bool IsRunning() const;
};

// Why a period was replaced by the one that should be running.
enum class Why {
  kIsRunning,   // it was not
  kEnded,       // its time was over
  kAhead,       // it began in the future: the clock of the database was wrong, then or now
  kBillingDay,  // it does not begin on the VPS's billing day, which was changed
};

struct Move {
  Why why = Why::kIsRunning;
  Period before;
  // What of the opening balance and the credit did not come along: they stay with the days before.
  bool LeftSomething() const;
};

// Locks the row, makes it where there is none, and then reads the clock: the day that is booked and the
// period are of one moment. The period is the one that stands there, running or not. Nothing where there is
// no such VPS.
std::optional<Period> LockPeriod(db::Session& session, std::uint64_t vps_id);

// Puts the period that should be running in the place of one that is not; the row is locked. It is made from
// the daily rows, and with the opening balance and credit that were booked into a period that began on the
// same day and was kept. The one that stood there is kept in traffic_periods_ended. So a clock that was wrong
// changes nothing for good, in whichever direction. Where a changed billing day makes the period longer, what
// was booked into the shorter ones comes along; where it makes it shorter, it stays with the days before.
Move MovePeriod(db::Session& session, std::uint64_t vps_id, Period& period);
// What of the opening balance and the credit was changed in `period`; the row is locked.
void WriteBalance(db::Session& session, std::uint64_t vps_id, const Period& period);
// A line in the log, once that is committed.
void Tell(std::uint64_t vps_id, const Move& move, const Period& now);

// What was counted on the days from `first` to the one before `end`.
Bytes SumOf(db::Session& session, std::uint64_t vps_id, Day first, Day end);

// The period that should be running, without a lock; writes nothing.
std::optional<Period> SeePeriod(db::Session& session, std::uint64_t vps_id);
// The same of all VPSes that came from `source` and have a period, by their IDs.
std::map<std::uint64_t, Period> SeePeriods(db::Session& session, std::string_view source);

// All of a VPS, by their interfaces.
std::vector<Sample> ReadSamples(db::Session& session, std::uint64_t vps_id);
void WriteSample(db::Session& session, std::uint64_t vps_id, const Sample& sample);
void DeleteSample(db::Session& session, std::uint64_t vps_id, const Sample& sample);
// Of a VPS that is another container from now on, of which nothing is known; the period's row is locked.
void ForgetSamples(db::Session& session, std::uint64_t vps_id);
// Only that it was looked for in vain, of a VPS that is on another node from now on: where it was looked for
// it may never have been, and its counter has counted for others then.
void ForgetSeenStopped(db::Session& session, std::uint64_t vps_id);

// To the row of today and, where the period is running, to its total.
void AddBytes(db::Session& session, std::uint64_t vps_id, const Period& period, const Bytes& delta);
// Whether it is kept. What goes beyond a hundred a day is not: names of interfaces are the customer's to
// invent.
bool AddAnomaly(db::Session& session, std::uint64_t vps_id, std::uint64_t node_id, const Anomaly& anomaly);

}  // namespace cvm::traffic

#endif  // CVM_LIB_TRAFFIC_LEDGER_H_
