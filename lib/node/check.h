// A node examined step by step, for the operator who has just added it or who was woken by it.
#ifndef CVM_LIB_NODE_CHECK_H_
#define CVM_LIB_NODE_CHECK_H_

#include <string>
#include <vector>

#include "lib/base/deadline.h"
#include "lib/node/node.h"
#include "lib/ssh/ssh.h"

namespace cvm::node {

struct CheckStep {
  std::string name;
  bool ok;
  std::string detail;  // what was found, or what is wrong; one line, escaped
};

// In the order in which they were taken. Where the login fails nothing else is tried. Changes nothing on the
// node.
std::vector<CheckStep> CheckNode(ssh::Runner& runner, const Node& node, base::Deadline deadline);

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_CHECK_H_
