#ifndef CVM_TESTS_NODE_VZCTL_H_
#define CVM_TESTS_NODE_VZCTL_H_

namespace cvm::testnode {

// The program vzctl: reads its arguments as vzctl 4.11 does, in its order of complaints.
int VzctlMain(int argc, char** argv);

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_VZCTL_H_
