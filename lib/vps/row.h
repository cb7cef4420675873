// A VPS's columns in a SELECT, and the reading of them. For `vpses v`, LEFT JOINed with `nodes n` and
// `traffic_period p`.
#ifndef CVM_LIB_VPS_ROW_H_
#define CVM_LIB_VPS_ROW_H_

#include "lib/db/db.h"
#include "lib/vps/vps.h"

namespace cvm::vps {

#define CVM_VPS_COLUMNS                                                                             \
  "v.id, v.user_id, v.node_id, n.location, v.template_id, v.virtualization_type, v.ctid, v.state, " \
  "v.stop_pending, v.hostname, v.guaranteed_ram, v.burstable_ram, v.disk_space, v.cpu_count, "      \
  "v.accounting, v.traffic_in_limit, v.traffic_out_limit, v.traffic_limit, "                        \
  "p.bytes_in, p.opening_in, p.credit_in, p.bytes_out, p.opening_out, p.credit_out, "               \
  "TO_DAYS(p.begins_on), v.billing_day, TO_DAYS(UTC_DATE())"
inline constexpr unsigned kVpsColumns = 27;

// Columns from `first` on; the row must hold a VPS. Throw db::Failure for a word that the schema does not
// know.
Vps ReadVps(const db::Row& row, unsigned first);
State ReadState(const db::Row& row, unsigned column);

// Reads what such a row cannot say, traffic.to_sum. Seldom anything: no statement then.
void SumDays(db::Session& session, Traffic& traffic, std::uint64_t vps_id);

// A row of the VPS's columns followed by the node's (CVM_NODE_COLUMNS). A node with several pinned keys comes
// in as many rows: the first makes `placed`, each further one adds its key. A row without a VPS adds nothing.
void AddPlacedRow(const db::Row& row, unsigned first, std::optional<Placed>& placed);

}  // namespace cvm::vps

#endif  // CVM_LIB_VPS_ROW_H_
