// Questions to a node, each one command over an ssh::Runner, with the answer judged and, where it is of no
// use, the node's own words logged.
#ifndef CVM_LIB_NODE_ASKING_H_
#define CVM_LIB_NODE_ASKING_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/node/node.h"
#include "lib/node/vzlist.h"
#include "lib/ssh/ssh.h"

namespace cvm::node {

// Errors of both: kUnavailable, kOverloaded and kBroken as ssh::Runner gives them, kBroken also where the
// node took longer than the deadline allows; kInternal: no proper answer.

// The containers among `ctids` that the node has. `ctids` is not empty. Rows that are not as they must be are
// logged.
base::Result<VzlistRows> AskVzlist(ssh::Runner& runner, const Node& node,
                                   const std::vector<base::Ctid>& ctids, base::Deadline deadline);

// The one container's row; nothing where the node has no such container.
base::Result<std::optional<VzlistRow>> AskContainer(ssh::Runner& runner, const Node& node, base::Ctid ctid,
                                                    base::Deadline deadline);

// Bytes in one of the pages that vzlist counts.
base::Result<std::uint64_t> AskPageSize(ssh::Runner& runner, const Node& node, base::Deadline deadline);

// Logs a command that could not be run to its end, with the node's name. One that was not sent is no news:
// the breaker says once that a node cannot be reached, and there can be one for each request.
void LogFailedRun(const Node& node, const base::Error& error);

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_ASKING_H_
