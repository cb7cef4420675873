// What is removed for good: by the operator's word, or because it is old enough. Every removal is on record,
// and the records stay until they are old themselves.
#ifndef CVM_LIB_VPS_RETENTION_H_
#define CVM_LIB_VPS_RETENTION_H_

#include <cstdint>
#include <string>
#include <utility>

#include "lib/audit/audit.h"
#include "lib/base/deadline.h"
#include "lib/db/db.h"

namespace cvm::vps {

// For how many days things are kept; 0: for ever.
struct Retention {
  std::uint64_t action_log_days = 730;
  std::uint64_t traffic_daily_days = 800;
  std::uint64_t terminated_vps_days = 90;
  std::uint64_t dead_token_days = 90;  // since it was revoked or had expired
};

// How many rows were removed, or would be.
struct Tidied {
  std::uint64_t tokens = 0;
  std::uint64_t vpses = 0;
  std::uint64_t traffic_daily = 0;
  std::uint64_t action_log = 0;
};

class Purger {
 public:
  // `pool` must outlive this. `actor` stands in the records.
  Purger(db::Pool& pool, audit::Actor actor) : pool_(pool), actor_(std::move(actor)) {}

  // Removes a terminated VPS with its traffic. kNotFound: no such VPS; kConflict: it is not terminated, or
  // its stop is pending.
  base::Status PurgeVps(std::uint64_t id, base::Deadline deadline);
  // Removes a user with its token pairs and terminated VPSes. kNotFound: no such user; kConflict: not
  // disabled, or with a VPS that PurgeVps would refuse.
  base::Status PurgeUser(const std::string& name, base::Deadline deadline);

  // Removes what is older than `retention`, in small transactions. Records of what is still open stay. A
  // terminated VPS of which is not known since when counts from the first call on. On an error what was done
  // stays done, and the next call goes on.
  base::Result<Tidied> Tidy(const Retention& retention, base::Deadline deadline);
  // What Tidy would remove now.
  base::Result<Tidied> CountOld(const Retention& retention, base::Deadline deadline);

 private:
  base::Result<std::uint64_t> PurgeOldTokens(std::uint64_t days, base::Deadline deadline);
  base::Result<std::uint64_t> PurgeOldVpses(std::uint64_t days, base::Deadline deadline);
  base::Status NoteTidied(const Tidied& tidied, base::Deadline deadline);

  db::Pool& pool_;
  const audit::Actor actor_;
};

}  // namespace cvm::vps

#endif  // CVM_LIB_VPS_RETENTION_H_
