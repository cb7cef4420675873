// One life of a container: which boot of the node, and when its init process began. Two equal epochs are the
// same life; a restart makes another.
#ifndef CVM_LIB_NODE_EPOCH_H_
#define CVM_LIB_NODE_EPOCH_H_

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/node/node.h"
#include "lib/ssh/ssh.h"

namespace cvm::node {

struct Epoch {
  std::string boot_id;           // /proc/sys/kernel/random/boot_id of the node
  std::uint64_t init_start = 0;  // clock ticks after that boot: field 22 of /proc/PID/stat
  friend bool operator==(const Epoch& a, const Epoch& b) {
    return a.boot_id == b.boot_id && a.init_start == b.init_start;
  }
};

// Nothing where the container does not run. Errors: kUnavailable, kOverloaded and kBroken as ssh::Runner
// gives them; kInternal: no proper answer.
base::Result<std::optional<Epoch>> AskEpoch(ssh::Runner& runner, const Node& node, base::Ctid ctid,
                                            base::Deadline deadline);

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_EPOCH_H_
