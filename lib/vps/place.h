// Where a container is: its node and its CTID, which belong to one living VPS at a time.
#ifndef CVM_LIB_VPS_PLACE_H_
#define CVM_LIB_VPS_PLACE_H_

#include <cstdint>
#include <string>

#include "lib/audit/audit.h"
#include "lib/base/ctid.h"
#include "lib/base/error.h"
#include "lib/db/db.h"

namespace cvm::vps {

// In the transaction that puts a VPS (0: a new one) there: locks the node's row, so that it cannot be taken
// out of service before the VPS is on it, and gives its ID. A stop that is still due to a terminated VPS that
// had the container before is due no more, which is recorded as `actor`'s. kNotFound: no such node in
// service; kConflict: another VPS that is not terminated has that CTID there, or something is under way on
// the container for a terminated one (audit::IsUnderWay).
base::Result<std::uint64_t> TakePlace(db::Session& session, const audit::Actor& actor,
                                      const std::string& node, base::Ctid ctid, std::uint64_t vps_id);

}  // namespace cvm::vps

#endif  // CVM_LIB_VPS_PLACE_H_
