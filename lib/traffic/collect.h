// The collection of all containers of a node: one command on the host's side, then one booking a VPS. Safe
// from any thread, and for any number of processes at once.
#ifndef CVM_LIB_TRAFFIC_COLLECT_H_
#define CVM_LIB_TRAFFIC_COLLECT_H_

#include <cstdint>

#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/db/db.h"
#include "lib/node/node.h"
#include "lib/ssh/ssh.h"
#include "lib/traffic/count.h"

namespace cvm::traffic {

struct Collected {
  std::uint64_t containers = 0;  // that ran, and were booked
  std::uint64_t overtaken = 0;   // that somebody else booked meanwhile
};

// How it went stands in traffic_collections afterwards, a failure with its message; to tell of one is the
// caller's. Errors: as
// node::AskReading and db::Pool say; where only some VPSes could not be booked, the others are, and the error
// is the first. kInternal also where the node's answer leaves some containers in doubt: it names them, and
// the others are booked.
base::Result<Collected> CollectNode(db::Pool& pool, ssh::Runner& runner, const node::Node& node,
                                    const Settings& settings, base::Deadline deadline);

}  // namespace cvm::traffic

#endif  // CVM_LIB_TRAFFIC_COLLECT_H_
