// What customers do with their VPSes. Every call judges the token pair with the same query that brings the
// rows.
#ifndef CVM_LIB_VPS_SERVICE_H_
#define CVM_LIB_VPS_SERVICE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/auth/auth.h"
#include "lib/base/deadline.h"
#include "lib/db/db.h"
#include "lib/node/node.h"
#include "lib/vps/vps.h"

namespace cvm::vps {

// Whom a request came from: the verdict, and the token's row ID once the pair is valid (else 0).
struct Caller {
  auth::Verdict verdict = auth::Verdict::kNotValid;
  std::uint64_t token_id = 0;
};

enum class Condition { kRunning, kStopped, kSuspended, kTerminated, kUnknown };

struct Status {
  Condition condition = Condition::kUnknown;
  std::uint64_t ram_used = 0;   // bytes
  std::uint64_t disk_used = 0;  // bytes
};

// What is done to a container: the node's word, under the name by which those above know it.
using Action = node::Action;

// Why an action did not end in the state that was asked for.
enum class ActionResult {
  kDone,
  kSuspended,
  kTerminated,
  kFailed,
  kMissing,
  kLocked,
  kUnreachable,
  kOutcomeUnknown
};

class Service {
 public:
  // Both must outlive this; used by all threads.
  Service(db::Pool& pool, node::Hypervisor& hypervisor) : pool_(pool), hypervisor_(hypervisor) {}

  struct Listing {
    Caller caller;
    std::vector<Vps> vpses;  // by ID; empty unless the verdict gives access
  };
  struct Lookup {
    Caller caller;
    std::optional<Placed> placed;  // nothing: not there, or somebody else's, or no access
  };

  // Errors of all three: kUnavailable: the database cannot be reached.
  base::Result<Caller> Judge(const auth::Presented& presented, base::Deadline deadline);
  base::Result<Listing> List(const auth::Presented& presented, base::Deadline deadline);
  base::Result<Lookup> Find(const auth::Presented& presented, std::uint64_t vps_id, base::Deadline deadline);

  // Asks the node of an active VPS at this moment; whatever cannot be learnt is kUnknown.
  Status Ask(const Placed& placed, base::Deadline deadline);
  ActionResult Act(const Placed& placed, Action action, base::Deadline deadline);

 private:
  db::Pool& pool_;
  node::Hypervisor& hypervisor_;
};

}  // namespace cvm::vps

#endif  // CVM_LIB_VPS_SERVICE_H_
