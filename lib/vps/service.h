// What customers do with their VPSes. Every call judges the token pair with the same query that brings the
// rows.
#ifndef CVM_LIB_VPS_SERVICE_H_
#define CVM_LIB_VPS_SERVICE_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/audit/closer.h"
#include "lib/auth/auth.h"
#include "lib/auth/crypt.h"
#include "lib/auth/last_use.h"
#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/db/db.h"
#include "lib/log/throttle.h"
#include "lib/node/node.h"
#include "lib/traffic/count.h"
#include "lib/vps/turns.h"
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
  kDownAfterRestart,  // failed, and the VPS is stopped now
  kMissing,
  kLocked,       // somebody else's vzctl was at work all the time
  kNotInTurn,    // another action on the VPS was: nothing was done
  kUnreachable,  // nothing was done, and this
  kOverloaded,   // and this
  kOutcomeUnknown
};

// Where an action came from, for its record.
struct Origin {
  std::uint64_t token_id = 0;
  std::uint64_t user_id = 0;
  std::string_view client_address;
  std::string_view request_id;
};

class Service {
 public:
  struct Settings {
    // How long an action waits for another on the same VPS. With the wait for a lock, a stop and a look at
    // its result it must fit into a request's time.
    std::chrono::milliseconds turn_wait{10000};
    auth::CryptCheck::Settings crypt;
    traffic::Settings traffic{};
  };

  // Both must outlive this; used by all threads. Starts the threads that write the ends of actions' records
  // and the last uses of pairs; the destructor waits for them.
  Service(db::Pool& pool, node::Hypervisor& hypervisor) : Service(pool, hypervisor, Settings()) {}
  Service(db::Pool& pool, node::Hypervisor& hypervisor, Settings settings)
      : pool_(pool),
        hypervisor_(hypervisor),
        turn_wait_(settings.turn_wait),
        crypt_(settings.crypt),
        traffic_(settings.traffic),
        closer_(pool),
        last_use_(pool) {}

  struct Listing {
    Caller caller;
    std::vector<Vps> vpses;  // by ID; empty unless the verdict gives access
  };
  struct Lookup {
    Caller caller;
    std::optional<Placed> placed;  // nothing: not there, or somebody else's, or no access
  };

  // Errors of all three: kUnavailable: the database cannot be reached; kOverloaded: too many pairs of the
  // slow kind are being judged.
  base::Result<Caller> Judge(const auth::Presented& presented, base::Deadline deadline);
  base::Result<Listing> List(const auth::Presented& presented, base::Deadline deadline);
  base::Result<Lookup> Find(const auth::Presented& presented, std::uint64_t vps_id, base::Deadline deadline);

  // Asks the node of an active VPS at this moment; whatever cannot be learnt is kUnknown.
  Status Ask(const Placed& placed, base::Deadline deadline);
  // One action at a time on a VPS; another one waits for its turn, and has its place among the node's actions
  // (Hypervisor::Admit) meanwhile. Its intent is committed, in the transaction that reads the VPS's state
  // again, before anything is sent; a stop or restart books the container's traffic first. kUnavailable,
  // kInternal: the database failed, and nothing was sent.
  base::Result<ActionResult> Act(const Placed& placed, Action action, const Origin& origin,
                                 base::Deadline deadline);

  // Records of actions whose end is not written yet.
  std::size_t UnwrittenEnds() const { return closer_.Waiting(); }
  auth::CryptCheck::Figures CryptChecks() const { return crypt_.Read(); }
  auth::LastUse::Figures LastUses() const { return last_use_.Read(); }

 private:
  base::Result<Caller> Judge(const base::Result<std::optional<auth::Token>>& token,
                             const auth::Presented& presented, base::Deadline deadline);
  // `record`: of the action's intent.
  ActionResult ActOnNode(const Placed& placed, base::Ctid ctid, Action action, std::uint64_t record,
                         base::Deadline deadline);

  db::Pool& pool_;
  node::Hypervisor& hypervisor_;
  const std::chrono::milliseconds turn_wait_;
  Turns turns_;
  auth::CryptCheck crypt_;
  const traffic::Settings traffic_;
  audit::Closer closer_;
  auth::LastUse last_use_;
  log::Throttles unknown_told_{std::chrono::seconds(1)};  // a node that hangs has one for each request
};

}  // namespace cvm::vps

#endif  // CVM_LIB_VPS_SERVICE_H_
