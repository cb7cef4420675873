// The rows that traffic is booked in. The functions run in the caller's transaction, and whoever books for a
// VPS holds the lock of its row in traffic_period, so that bookings of one VPS come one after the other.
#ifndef CVM_LIB_TRAFFIC_LEDGER_H_
#define CVM_LIB_TRAFFIC_LEDGER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/db/db.h"
#include "lib/traffic/count.h"
#include "lib/traffic/period.h"

namespace cvm::traffic {

// The period of a VPS, as its row says.
struct Period {
  Day today = 0;
  Day begins_on = 0;
  Bytes counted;  // since begins_on: the sum of its daily rows
  Bytes opening;  // used before we counted, or added by a correction
  Bytes credit;   // taken away by corrections
  Bytes Used() const;
};

// Locks the row, makes it where there is none, and begins a new period where the billing day has come: what
// stood there passes on to traffic_periods_ended. Nothing where there is no such VPS.
std::optional<Period> LockPeriod(db::Session& session, std::uint64_t vps_id);

// All of a VPS, by their interfaces.
std::vector<Sample> ReadSamples(db::Session& session, std::uint64_t vps_id);
void WriteSample(db::Session& session, std::uint64_t vps_id, const Sample& sample);
void DeleteSample(db::Session& session, std::uint64_t vps_id, const Sample& sample);

// To the day's row and to the period's total.
void AddBytes(db::Session& session, std::uint64_t vps_id, Day today, const Bytes& delta);
// What goes beyond a hundred a day is not kept: names of interfaces are the customer's to invent.
void AddAnomaly(db::Session& session, std::uint64_t vps_id, std::uint64_t node_id, const Anomaly& anomaly);

}  // namespace cvm::traffic

#endif  // CVM_LIB_TRAFFIC_LEDGER_H_
