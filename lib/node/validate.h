// What an operator may write for a node.
#ifndef CVM_LIB_NODE_VALIDATE_H_
#define CVM_LIB_NODE_VALIDATE_H_

#include "lib/base/error.h"
#include "lib/node/node.h"

namespace cvm::node {

// kInvalid says which field is wrong, and how it should be. The ID is not looked at.
base::Status ValidateNode(const Node& node);

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_VALIDATE_H_
