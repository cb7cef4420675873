// vzctl's start, stop and restart over an ssh::Runner: sent at most once, judged by exit status and, where
// that is not 0, by what vzlist says of the container afterwards.
#ifndef CVM_LIB_NODE_ACTING_H_
#define CVM_LIB_NODE_ACTING_H_

#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/node/node.h"
#include "lib/ssh/ssh.h"

namespace cvm::node {

// As Hypervisor::Act.
base::Result<Outcome> RunAction(ssh::Runner& runner, const Node& node, base::Ctid ctid, Action action,
                                base::Deadline deadline);

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_ACTING_H_
