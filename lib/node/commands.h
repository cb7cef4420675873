// Every command that is run on a node, in the one place where their shapes stand. cvm-node-gate in the node's
// authorized_keys lets exactly these through, so a change here is a new version of the gate.
#ifndef CVM_LIB_NODE_COMMANDS_H_
#define CVM_LIB_NODE_COMMANDS_H_

#include <string_view>
#include <vector>

#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/node/node.h"
#include "lib/ssh/ssh.h"

namespace cvm::node {

inline constexpr char kGatePath[] = "/usr/local/sbin/cvm-node-gate";
inline constexpr std::string_view kGateName = "cvm-node-gate";
inline constexpr std::string_view kGateAnswer = "cvm-node-gate 1";  // of the gate that knows all shapes here

// Commands that only read run under timeout(1), so that none outlives its caller on the node. An action does
// not: a vzctl killed half-way leaves a container half-way.
ssh::Command VzlistCommand(const Node& node, const std::vector<base::Ctid>& ctids, base::Deadline deadline);
ssh::Command PageSizeCommand(const Node& node, base::Deadline deadline);
ssh::Command ActionCommand(const Node& node, Action action, base::Ctid ctid);
ssh::Command VzctlVersionCommand(const Node& node);
ssh::Command LoginCommand();
// What read.awk prints of these containers; of all that run where there are none.
ssh::Command ReadingCommand(const Node& node, const std::vector<base::Ctid>& ctids, base::Deadline deadline);
// Seconds since 1970.
ssh::Command ClockCommand();
// What the gate answers with kGateAnswer. Without a gate there is no such command.
ssh::Command GateVersionCommand();

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_COMMANDS_H_
