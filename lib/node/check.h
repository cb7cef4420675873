// A node examined step by step, for the operator who has just added it or who was woken by it.
#ifndef CVM_LIB_NODE_CHECK_H_
#define CVM_LIB_NODE_CHECK_H_

#include <chrono>
#include <string>
#include <vector>

#include "lib/node/node.h"
#include "lib/ssh/ssh.h"

namespace cvm::node {

enum class StepState {
  kOk,
  kWarning,  // the node can be driven, and something about it should be better
  kFailed,
  kNotTried,  // no session was to be had for it: nothing is known
};
const char* StepStateName(StepState state);  // "ok", "warning", "failed", "not tried"

struct CheckStep {
  std::string name;
  StepState state;
  std::string detail;  // what was found, or what is wrong; one line, escaped
};

// In the order in which they were taken: resolve, connect, host key, login (as `trial` has it), sudo where
// the user is not root, gate, vzctl, vzlist, page size, reading, clock, latency. Where one of the first four
// fails nothing else is tried; nor where a later one could get no session. Each step has `each` of time for
// itself, so that one that hangs harms no other. Changes nothing on the node.
std::vector<CheckStep> CheckNode(const ssh::SessionTrial& trial, ssh::Runner& runner, const Node& node,
                                 std::chrono::milliseconds each);

// The line of authorized_keys by which `key` may start the gate and nothing else. `old_sshd`: for OpenSSH
// before 7.2, which does not know the word `restrict`.
std::string AuthorizedKeysLine(const ssh::HostKey& key, bool old_sshd);

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_CHECK_H_
