// A VPS's columns in a SELECT, and the reading of them. For `vpses v`, LEFT JOINed with `nodes n` and
// `traffic_period p`.
#ifndef CVM_LIB_VPS_ROW_H_
#define CVM_LIB_VPS_ROW_H_

#include "lib/db/db.h"
#include "lib/traffic/period.h"
#include "lib/vps/vps.h"

namespace cvm::vps {

// What a VPS used in the period that should be running. Where another one stands in its row (it has ended,
// the clock was wrong, the billing day was changed) nothing was collected since: then the sum of its days.
#define CVM_TRAFFIC_COUNTED(bytes)                                                                         \
  "CAST(IF(p.begins_on = " CVM_PERIOD_BEGIN ", p." bytes ", (SELECT LEAST(COALESCE(SUM(d." bytes           \
  "), 0), 18446744073709551615) FROM traffic_daily d WHERE d.vps_id = v.id AND d.day >= " CVM_PERIOD_BEGIN \
  " AND d.day < " CVM_PERIOD_END ")) AS UNSIGNED)"

#define CVM_VPS_COLUMNS \
  "v.id, v.user_id, v.node_id, n.location, v.template_id, v.virtualization_type, v.ctid, v.state, " \
  "v.stop_pending, v.hostname, v.guaranteed_ram, v.burstable_ram, v.disk_space, v.cpu_count, "      \
  "v.accounting, v.traffic_in_limit, v.traffic_out_limit, v.traffic_limit, "                        \
  CVM_TRAFFIC_COUNTED("bytes_in") ", p.opening_in, p.credit_in, " CVM_TRAFFIC_COUNTED("bytes_out") \
  ", p.opening_out, p.credit_out, COALESCE(p.begins_on = " CVM_PERIOD_BEGIN ", 0)"
inline constexpr unsigned kVpsColumns = 25;

// Columns from `first` on; the row must hold a VPS. Throw db::Failure for a word that the schema does not
// know.
Vps ReadVps(const db::Row& row, unsigned first);
State ReadState(const db::Row& row, unsigned column);

// A row of the VPS's columns followed by the node's (CVM_NODE_COLUMNS). A node with several pinned keys comes
// in as many rows: the first makes `placed`, each further one adds its key. A row without a VPS adds nothing.
void AddPlacedRow(const db::Row& row, unsigned first, std::optional<Placed>& placed);

}  // namespace cvm::vps

#endif  // CVM_LIB_VPS_ROW_H_
