#ifndef CVM_TESTS_NODE_VZLIST_H_
#define CVM_TESTS_NODE_VZLIST_H_

namespace cvm::testnode {

// The program vzlist, in the forms that README.md lists: -j with named fields, and text.
int VzlistMain(int argc, char** argv);

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_VZLIST_H_
